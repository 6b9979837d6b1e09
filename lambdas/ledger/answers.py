"""What the routes of the ledger answer."""

from msgspec import UNSET, Struct, UnsetType


class LogDescription(Struct):
    """One log of the tenant. `/v1/logs/<name>` is its prefix, as tlog-tiles uses the word."""

    name: str
    origin: str
    environment: str
    visibility: str
    """`all`, or `operations` for the log of what only operations may read."""
    size: int
    """Of the newest checkpoint; 0 where there is none yet."""
    key: list[str]
    """The lines that a verifier of signed notes is given: the keys that sign heads, then those that sign times."""
    previous: str | None
    """The name of the log in whose place it came."""


class LogList(Struct):
    logs: list[LogDescription]


class DisclosedPerson(Struct):
    """A person of the event, with the key that opens all of the person's sealed fields in this event, and nothing else:
    names, e-mail, your own id, and the address and agent of whoever acted.
    """

    id: str
    """The person's GUID."""
    key: bytes
    """64 bytes: see the format of events."""


class EventProof(Struct):
    """Shows that an event is in the tree of a signed checkpoint, to whoever knows the log's keys."""

    event_id: str
    canonical: bytes
    """The event's canonical bytes."""
    leaf: str
    """SHA-256(0x00 ‖ canonical), as ingestion answered it, in hex."""
    index: int
    entry: bytes
    """The log's entry, of which the proof shows that it is in the tree."""
    proof: str
    """A c2sp.org/tlog-proof@v1."""
    people: list[DisclosedPerson] | UnsetType = UNSET
    """With `disclose=true` alone: the event's people, but for those who are forgotten."""
