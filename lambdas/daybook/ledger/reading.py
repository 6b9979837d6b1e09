"""What an event of the events table is in the ledger."""

from daybook.clock import parse_time
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.ledger import delta
from daybook.ledger.entries import Entry
from daybook.ledger.log import Stored
from daybook.ledger.logs import LogKey, visibility_of
from daybook.tenant import EnvironmentKey


def stored_event(environment: EnvironmentKey, identifier: str, packed: bytes) -> tuple[LogKey, Stored]:
    """The log that an event belongs to, and what is appended to it.

    What it raises for bytes that are no event is open: anything that decoding raises. `UnknownFormat` is for an event
    that a newer release wrote.
    """
    encoded = unpack(packed)
    content = content_in(encoded)
    if content["id"] != identifier:
        raise ValueError("the content is another event's")
    entry = Entry(identifier, parse_time(content["received_at"]), leaf(encoded))
    return LogKey(environment, visibility_of(content)), Stored(entry, delta.of(content))
