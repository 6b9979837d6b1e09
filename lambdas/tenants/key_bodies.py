"""The bodies of calls about API keys."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from daybook.access.api_keys import IssuedKey, Key
from daybook.access.roles import ADMIN, AUDITOR, PRODUCER, ROLES
from daybook.clock import DAY, SECOND, Time

MAX_LABEL = 128
MAX_OVERLAP_SECONDS = 30 * DAY // SECOND  # enough to reach every client; a key that is wanted longer is not rotated
DEFAULT_OVERLAP_SECONDS = 3_600

OF_TENANTS = (PRODUCER, AUDITOR, ADMIN)
"""The roles that a tenant's key may have."""

# For the schema only: the operations check these rules and answer with their own messages.
Role = Annotated[str, Meta(extra_json_schema={"enum": list(OF_TENANTS)})]
KnownRole = Annotated[str, Meta(extra_json_schema={"enum": sorted(ROLES)})]
Label = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_LABEL})]
Overlap = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_OVERLAP_SECONDS})]


class KeyFacts(Struct, kw_only=True):
    key_id: str
    role: KnownRole
    environment: str
    """The one environment that the key reaches, or `*`: all of them."""
    label: str
    created_at: Time


class KeyDescription(KeyFacts, kw_only=True):
    """An API key without its secret."""

    valid_until: Time | None
    """From then on the key is refused, within a minute. An expired key stays listed. Null: until it is revoked."""
    last_used_at: Time | None
    """The hour in which the key was last used; null: never."""


class CreatedKey(KeyFacts, kw_only=True):
    """A new API key. This answer is the only one that ever shows it."""

    key: str
    """The credential: send it after `Bearer `."""
    valid_until: Time | UnsetType = UNSET
    """From then on the key is refused, within a minute. Absent: it is valid until it is revoked."""


class KeyList(Struct):
    keys: list[KeyDescription]


class NewKey(Struct, forbid_unknown_fields=True):
    role: Role
    label: Label
    environment: str | None = None
    """One of the tenant's, or `*`; absent: all that the caller's own credential reaches."""
    valid_until: Time | None = None
    """When the key ends by itself; absent: never."""


class NewOperatorsKey(Struct, forbid_unknown_fields=True):
    label: Label
    valid_until: Time | None = None
    """When the key ends by itself, at most 365 days ahead; absent: in 90 days."""


class KeyRotation(Struct, forbid_unknown_fields=True):
    overlap_seconds: Overlap = DEFAULT_OVERLAP_SECONDS
    """How long the old key stays valid; never longer than it was."""


def created(key: Key, issued: IssuedKey) -> CreatedKey:
    return CreatedKey(key=key.credential, valid_until=issued.valid_until or UNSET, **_facts(issued))


def described(issued: IssuedKey, last_used_at: str | None) -> KeyDescription:
    return KeyDescription(valid_until=issued.valid_until, last_used_at=last_used_at, **_facts(issued))


def _facts(issued: IssuedKey) -> Mapping[str, Any]:
    return {
        "key_id": issued.id,
        "role": issued.role,
        "environment": issued.environment,
        "label": issued.label,
        "created_at": issued.created_at,
    }
