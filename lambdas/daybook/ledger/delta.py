"""What each entry of an append counts as, in the order of the entries.

Stored form: a byte 1, then raw deflate of a msgpack list of columns. The distinct kinds and actors are written once,
and each event names them by their place, because the events of one append share few of them. For the demo's events that
is 67 to 87 bytes for one alone, 23 to 31 an event in tens, and 7 to 11 in hundreds.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from daybook.clock import HOUR
from daybook.errors import UnknownFormat
from daybook.ids import occurred_ms

MAX_BYTES = 300_000
"""An append whose delta would be longer takes fewer events: an item has at most 409,600 bytes. 1,000 events with as
many people and as many random activities of 128 characters have 125,000. With 500 own activities, whose labels are as
long and random as they may be, they have 493,000.
"""

_FORMAT = b"\1"
_WINDOW_BITS = -15
_GUID_CHARACTERS = 36


class Counted(NamedTuple):
    """The values by which an event is counted."""

    occurred_ms: int
    """The beginning of the hour in which it occurred: no count distinguishes more."""
    activity: str
    category: str
    component: str
    """Empty where the event has none."""
    status: str
    actor: str
    """A person's GUID, or the type of an actor that is shown by an alias, as in the index by_actor."""
    actor_type: str


_Kind = tuple[str, str, str, str, str]
"""Activity, category, component, status and type of the actor."""


class _Columns(msgspec.Struct, array_like=True):
    first_hour: int
    hours: list[int]
    """Of each event, since the first."""
    kinds: list[_Kind]
    kind_of: list[int]
    guids: bytes
    """16 bytes each."""
    others: list[str]
    actor_of: list[int]
    """A place among the GUIDs, or behind them among the others."""


_decoder = msgspec.msgpack.Decoder(_Columns)
_encoder = msgspec.msgpack.Encoder()


def of(content: Mapping[str, Any]) -> Counted:
    """What an event counts as, from its content."""
    actor = content["actor"]
    moment_ms = occurred_ms(content["id"])
    return Counted(
        occurred_ms=moment_ms - moment_ms % HOUR,
        activity=content["activity"],
        category=content["category"],
        component=content.get("component", ""),
        status=content["status"],
        actor=actor["type"] if "alias" in actor else actor["id"],
        actor_type=actor["type"],
    )


def write(counted: Sequence[Counted]) -> bytes:
    """The stored form of at least one event. What is not a whole hour of a time is dropped."""
    hours = [each.occurred_ms // HOUR for each in counted]
    first = min(hours)
    kinds: dict[_Kind, int] = {}
    kind_of = [kinds.setdefault(_kind(each), len(kinds)) for each in counted]
    guids, others = packed_actors(each.actor for each in counted)
    places = {actor: place for place, actor in enumerate(read_actors(guids, others))}
    columns = _Columns(
        first_hour=first,
        hours=[hour - first for hour in hours],
        kinds=list(kinds),
        kind_of=kind_of,
        guids=guids,
        others=others,
        actor_of=[places[each.actor] for each in counted],
    )
    return deflated(_encoder.encode(columns))


def read(data: bytes) -> list[Counted]:
    """Raises `UnknownFormat` for another first byte: a newer release wrote it."""
    columns = _decoder.decode(inflated(data))
    actors = read_actors(columns.guids, columns.others)
    found = []
    for hour, kind, actor in zip(columns.hours, columns.kind_of, columns.actor_of, strict=True):
        activity, category, component, status, actor_type = columns.kinds[kind]
        moment_ms = (columns.first_hour + hour) * HOUR
        found.append(Counted(moment_ms, activity, category, component, status, actors[actor], actor_type))
    return found


def _kind(counted: Counted) -> _Kind:
    return counted.activity, counted.category, counted.component, counted.status, counted.actor_type


def deflated(encoded: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=_WINDOW_BITS)
    return _FORMAT + compressor.compress(encoded) + compressor.flush()


def inflated(data: bytes) -> bytes:
    """Raises `UnknownFormat` for another first byte."""
    if data[:1] != _FORMAT:
        raise UnknownFormat
    return zlib.decompress(data[1:], _WINDOW_BITS)


def packed_actors(actors: Iterable[str]) -> tuple[bytes, list[str]]:
    """The distinct actors: GUIDs as 16 bytes each, and the others as they are."""
    packed = {actor: _guid_bytes(actor) for actor in actors}
    return b"".join(filter(None, packed.values())), [actor for actor, guid in packed.items() if guid is None]


def read_actors(guids: bytes, others: Iterable[str]) -> list[str]:
    """The actors that were packed, in the order in which places count them."""
    digits = guids.hex()
    return [*(_guid_of(digits[start : start + 32]) for start in range(0, len(digits), 32)), *others]


def _guid_of(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _guid_bytes(actor: str) -> bytes | None:
    """None for what is no GUID, and for a GUID that is written in another way than usual."""
    try:
        guid = bytes.fromhex(actor.replace("-", "")) if len(actor) == _GUID_CHARACTERS else b""
    except ValueError:
        return None
    return guid if _guid_of(guid.hex()) == actor else None
