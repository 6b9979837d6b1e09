"""An event's identity, derived from its sender's id."""

from daybook.crypto.hkdf import length_prefixed, tag
from daybook.ids import event_id
from daybook.tenant import Tenant


def derived_identity(key: bytes, tenant: Tenant, environment: str, client_id: str) -> bytes:
    return tag(key, length_prefixed(tenant, environment, client_id))


def derived_event_id(key: bytes, tenant: Tenant, environment: str, client_id: str, occurred_ms: int) -> str:
    """The id of the event that its sender calls `client_id`: every try of that event has the same id."""
    return event_id(occurred_ms, derived_identity(key, tenant, environment, client_id))
