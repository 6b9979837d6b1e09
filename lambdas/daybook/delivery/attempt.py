"""One attempt to deliver events to a destination. It changes no state: its callers note the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Records
from daybook.delivery.sender import Patience, RecordSender, SecondsLeft


class Outcome(NamedTuple):
    """What became of the rows. A row that the destination does not ask for is in none of the lists."""

    taken: int = 0
    """How many records the stream accepted."""
    left: Sequence[str] = ()
    """The keys of the events that are not known to be in the stream."""
    broken: Sequence[str] = ()
    """The keys of the events from which no record can be made."""
    refused: int = 0
    """How many records the stream will never take, because they are too large for it."""
    refusal: str | None = None
    """AWS's name of the error of the refused records."""
    error: str | None = None
    """The stream's last error after the retries. Without one, whatever is left is not the stream's fault: time ran out,
    or Daybook could not get a session of the role in time.
    """
    throttled: bool = False
    """Whether the error is one of throughput. It says nothing against the stream."""
    timed_out: bool = False
    """Whether a call was not answered within the patience. Its records may be in the stream."""
    calls_ms: Sequence[int] = ()
    """How long the stream took for each call, without connecting."""


@dataclass(frozen=True)
class Attempt:
    records: Records
    sender: RecordSender

    def send(
        self, destination: Destination, rows: Sequence[InsertedEvent], seconds_left: SecondsLeft, patience: Patience
    ) -> Outcome:
        """Sends the rows that the destination asks for, in their order.

        Raises `Throttled` if people's keys can't be read. Nothing has been sent then.
        """
        written = self.records.of(destination, rows)
        sent = self.sender.send(destination, written.records, seconds_left, patience)
        return Outcome(
            taken=len(written.records) - len(sent.left) - len(sent.refused),
            left=[written.rows[place].key for place in sent.left],
            broken=[row.key for row in written.broken],
            refused=len(sent.refused),
            refusal=sent.refusal,
            error=None if sent.own else sent.error,
            throttled=sent.throttled,
            timed_out=sent.timed_out,
            calls_ms=sent.calls_ms,
        )
