"""An event's identity, derived from its sender's id."""

from daybook.crypto.hkdf import length_prefixed, tag
from daybook.ids import event_id
from daybook.tenant import EnvironmentKey
from daybook.text import composed


def derived_identity(key: bytes, environment: EnvironmentKey, client_id: str) -> bytes:
    return tag(key, length_prefixed(*environment.split("#"), composed(client_id)))


def derived_event_id(key: bytes, environment: EnvironmentKey, client_id: str, occurred_ms: int) -> str:
    """The id of the event that its sender calls `client_id`: every try of that event has the same id."""
    return event_id(occurred_ms, derived_identity(key, environment, client_id))
