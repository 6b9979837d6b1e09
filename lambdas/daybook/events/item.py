"""An event as it is stored: its packed content, and the keys of its indexes.

The last part of a key may hold any text. The parts before it are slugs (tenants, environments, types, activities), so
they cannot contain the separator. No key contains a person's name: if somebody is named in a target's id, the key holds
the person's GUID or a keyed hash. Different values may share a key, because search compares what an index answers with
what was asked for.
"""

import hashlib
import hmac
from typing import Any

from msgspec import Struct

from daybook.catalogue.aliases import USER, is_user
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.crypto.keys import TenantKeys
from daybook.errors import UnknownFormat
from daybook.events.canonical import canonical, leaf
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.packing import pack
from daybook.events.schema import Container, Target
from daybook.ids import shard
from daybook.people.tokens import escape
from daybook.tenant import EnvironmentKey, TenantCode, environment_key
from daybook.tenants.settings import TenantSettings
from daybook.text import composed

MAX_KEY_PART_BYTES = 512
"""Bytes of an id in an index key. A longer id is replaced by its hash."""

_NORMAL_FORM = b"\1"

MAX_PACKED_BYTES = 400_000
"""DynamoDB's limit for an item is 409,600 bytes, of which the keys take up to 5,000."""


class StoredEvent(Struct, frozen=True):
    """One item of the events table. `leaf` is not stored, because it can be computed from `packed`."""

    partition: str
    id: str
    packed: bytes
    expires_at: int | None
    """Whole seconds, for DynamoDB's TTL. None: never."""
    fingerprint: bytes | None
    """None where the sender gave no id: then nothing can be another event under the same id."""
    by_actor: str
    by_activity: str
    by_target: str | None
    by_within: str | None
    leaf: bytes


def partition(environment: EnvironmentKey, shard: int) -> str:
    return f"{environment}#{shard}"


def environment_of(partition_key: str) -> EnvironmentKey:
    """The environment of a partition. Raises ValueError for a key of another form."""
    code, number, _ = partition_key.split("#")
    return environment_key(TenantCode(code), int(number))


def partition_of(settings: TenantSettings, environment: str, event_id: str, occurred_ms: int) -> str:
    """The partition of an event: the same for every retry, also if the tenant got a new layout since."""
    return partition(settings.environment_key(environment), shard(event_id, settings.shards_at(occurred_ms)))


def target_key(kind: str, part: str) -> str:
    return f"{kind}#{part}"


def plain_part(text: str) -> str:
    """The part of a key for an id that names nobody."""
    text = composed(text)
    encoded = text.encode()
    return text if len(encoded) <= MAX_KEY_PART_BYTES else f"~{hashlib.sha256(encoded).hexdigest()}"


def hidden_part(index_key: bytes, text: str) -> str:
    """The part of a key for an id in which somebody's name is only a part of the text."""
    return "^" + tag(index_key, length_prefixed("hidden id", composed(text))).hex()


def fingerprint(key: bytes, encoded: bytes) -> bytes:
    """Tells a retry from another event with the same id. `encoded` is the event in the normal form of its version.

    The version is one byte; 16 bytes of HMAC follow. A later normal form gets the next number. A retry is compared in
    the form that the stored event has.
    """
    return _NORMAL_FORM + tag(key, b"event" + encoded)


def same_fingerprint(stored: bytes, other: bytes) -> bool:
    """Raises `UnknownFormat` if a newer release stored the event, with a normal form that this one does not know."""
    if stored[:1] != _NORMAL_FORM:
        raise UnknownFormat
    return hmac.compare_digest(stored, other)


def store_form(
    accepted: AcceptedEvent, writer: ContentWriter, settings: TenantSettings, keys: TenantKeys
) -> StoredEvent:
    """Writes the content and the index keys of an event. Its people must be durable already."""
    content = writer.write()
    written = canonical(content)
    home = partition_of(settings, accepted.environment, accepted.id, accepted.occurred_ms)
    by_target, by_within = _target_keys(accepted.event.target, content, keys)
    return StoredEvent(
        partition=home,
        id=accepted.id,
        packed=pack(written),
        expires_at=settings.expires_at(accepted.occurred_ms),
        fingerprint=accepted.fingerprint,
        by_actor=f"{home}#{_actor_part(content)}",
        by_activity=f"{home}#{accepted.event.activity}",
        by_target=None if by_target is None else f"{home}#{by_target}",
        by_within=None if by_within is None else f"{home}#{by_within}",
        leaf=leaf(written),
    )


def _actor_part(content: dict[str, Any]) -> str:
    """The type of an actor that is shown by an alias, else the GUID. Aliases may change, types may not."""
    actor: dict[str, str] = content["actor"]
    return actor["type"] if "alias" in actor else actor["id"]


def _target_keys(target: Target | None, content: dict[str, Any], keys: TenantKeys) -> tuple[str | None, str | None]:
    if target is None:
        return None, None

    def key(sent: Target | Container, written: dict[str, Any]) -> str | None:
        if is_user(sent.type):
            return target_key(USER, written["id"])
        if sent.id is None:
            return None
        if "person" in written:
            return target_key(sent.type, written["person"])
        names_nobody = written["id"] == escape(sent.id)
        return target_key(sent.type, plain_part(sent.id) if names_nobody else hidden_part(keys.index, sent.id))

    written, within = content["target"], target.within
    return key(target, written), None if within is None else key(within, written["within"])
