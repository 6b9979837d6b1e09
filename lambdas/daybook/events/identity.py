"""An event's identity, derived from its sender's id."""

from daybook.crypto.hkdf import length_prefixed, tag
from daybook.tenant import Tenant


def derived_identity(key: bytes, tenant: Tenant, environment: str, client_id: str) -> bytes:
    return tag(key, length_prefixed(tenant, environment, client_id))
