"""An event as it is stored: its packed content, and the keys that it is found by.

The last part of a key may hold anything, the parts before it nothing that could bend it: tenants, environments, types
and activities are slugs. No key holds a person's name: whoever is named in a target's id is a GUID in the key, or the
key is a keyed hash. Keys need not be injective: what an index answers is compared with what was asked for.
"""

import hashlib
import hmac
from typing import Any

from msgspec import Struct

from daybook.catalogue.aliases import USER
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.crypto.keys import DeploymentKeys
from daybook.events.canonical import canonical, leaf
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.packing import pack
from daybook.events.schema import Container, Target
from daybook.ids import shard
from daybook.people.tokens import escape
from daybook.tenants.settings import TenantSettings

MAX_KEY_PART_BYTES = 512
"""Bytes of an id in an index key; a longer one enters as its hash."""

MAX_PACKED_BYTES = 400_000
"""An item has at most 409,600 bytes in DynamoDB; the keys take up to 5,000 of them."""


class StoredEvent(Struct, frozen=True):
    """One item of the events table. `leaf` is not stored: it follows from `packed`."""

    partition: str
    id: str
    packed: bytes
    received_ms: int
    expires_at: int | None
    """Whole seconds, for DynamoDB's TTL; None: never."""
    fingerprint: bytes
    by_actor: str
    by_activity: str
    by_target: str | None
    by_within: str | None
    leaf: bytes


def partition(tenant: str, environment: str, number: int) -> str:
    return f"{tenant}#{environment}#{number}"


def partition_of(settings: TenantSettings, environment: str, event_id: str, occurred_ms: int) -> str:
    """Where an event of that id lies: the same for every try, whatever layouts have come since."""
    return partition(settings.tenant, environment, shard(event_id, settings.shards_at(occurred_ms)))


def target_key(kind: str, part: str) -> str:
    return f"{kind}#{part}"


def plain_part(text: str) -> str:
    """An id that names nobody, as part of a key."""
    encoded = text.encode()
    return text if len(encoded) <= MAX_KEY_PART_BYTES else f"~{hashlib.sha256(encoded).hexdigest()}"


def hidden_part(index_key: bytes, tenant: str, text: str) -> str:
    """An id that names somebody among other things, as part of a key."""
    return f"^{tag(index_key, length_prefixed(tenant, text)).hex()}"


def fingerprint(key: bytes, encoded: bytes) -> bytes:
    """16 bytes that tell a retry from another event under the same id; `encoded` as in `decoding.Received`."""
    return tag(key, encoded)


def same_fingerprint(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


def store_form(
    accepted: AcceptedEvent, writer: ContentWriter, settings: TenantSettings, keys: DeploymentKeys
) -> StoredEvent:
    """Writes the content of an event whose people are durable, and the keys it is found by."""
    content = writer.write()
    written = canonical(content)
    lies_in = partition_of(settings, accepted.environment, accepted.id, accepted.occurred_ms)
    by_target, by_within = _target_keys(accepted.event.target, content, settings.tenant, keys.index)
    return StoredEvent(
        partition=lies_in,
        id=accepted.id,
        packed=pack(written),
        received_ms=accepted.received_ms,
        expires_at=settings.expires_at(accepted.occurred_ms),
        fingerprint=accepted.fingerprint,
        by_actor=f"{lies_in}#{_actor_part(writer, content)}",
        by_activity=f"{lies_in}#{accepted.event.activity}",
        by_target=None if by_target is None else f"{lies_in}#{by_target}",
        by_within=None if by_within is None else f"{lies_in}#{by_within}",
        leaf=leaf(written),
    )


def _actor_part(writer: ContentWriter, content: dict[str, Any]) -> str:
    """The GUID of an actor who is shown by a name or an id, else the alias that is shown."""
    actor: dict[str, str] = content["actor"]
    return actor["alias"] if writer.goes_by_alias else actor["id"]


def _target_keys(
    target: Target | None, content: dict[str, Any], tenant: str, index_key: bytes
) -> tuple[str | None, str | None]:
    if target is None:
        return None, None

    def key(sent: Target | Container, written: dict[str, Any]) -> str | None:
        if sent.type == USER:
            return target_key(USER, written["id"])
        if sent.id is None:
            return None
        if "person" in written:
            return target_key(sent.type, written["person"])
        names_nobody = written["id"] == escape(sent.id)
        return target_key(sent.type, plain_part(sent.id) if names_nobody else hidden_part(index_key, tenant, sent.id))

    written, within = content["target"], target.within
    return key(target, written), None if within is None else key(within, written["within"])
