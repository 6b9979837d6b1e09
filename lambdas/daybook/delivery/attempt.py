"""Delivers events to one destination: makes the records, sends them, reports the rest and updates the state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.clock import Clock
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Records
from daybook.delivery.sender import RecordSender, SecondsLeft
from daybook.observability import logger
from daybook.tenant import code_of


class State(Protocol):
    """Stores a destination's state. A method that returns a destination returns it as it is afterwards."""

    def delivered(self, destination: Destination, now_ms: int) -> None: ...

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def probe_failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def mended(self, destination: Destination, now_ms: int) -> Destination: ...

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...


class DeliveryResult(NamedTuple):
    destination: Destination
    """The destination after the attempt."""
    left: Sequence[str]
    """The keys of the events to park."""
    broken: Sequence[str]
    """The keys of the events that can't be read."""
    records: int
    """How many records the stream accepted."""


@dataclass(frozen=True)
class Delivery:
    records: Records
    sender: RecordSender
    state: State
    given_up: Callable[[int], None]
    clock: Clock

    def deliver(
        self, destination: Destination, rows: Sequence[InsertedEvent], seconds_left: SecondsLeft
    ) -> DeliveryResult:
        """Sends the rows that the destination asks for.

        An error makes an active destination a failing one. On a failing destination this is the probe, and its result
        sets the state. The destination becomes active again if the stream accepts any record of the probe: a stream
        that accepts less than a whole batch at once receives its backlog part by part, and doubling waits would never
        let it finish. If the state can't be stored, the delivery still counts and the next one stores the state.
        Raises `Throttled` if people's keys can't be read. Nothing has been sent then.
        """
        written = self.records.of(destination, rows)
        sent = self.sender.send(destination, written.records, seconds_left)
        taken = len(written.records) - len(sent.left) - len(sent.refused)
        if sent.refused:
            self.given_up(len(sent.refused))
        after = destination
        try:
            after = self._note(destination, sent.error, tried=taken + len(sent.refused) > 0, taken=taken)
            if sent.refused:
                self.state.gave_up(after, len(sent.refused), sent.refusal)  # last, so that its error stays visible
        except Exception:
            logger.exception("the stream's state was not stored", extra={"code": code_of(destination.environment)})
        return DeliveryResult(
            after, [written.rows[place].key for place in sent.left], [row.key for row in written.broken], taken
        )

    def _note(self, destination: Destination, error: str | None, *, tried: bool, taken: int) -> Destination:
        now_ms = self.clock()
        if error is not None and not (destination.is_failing and taken):
            note = self.state.probe_failed if destination.is_failing else self.state.failed
            return note(destination, error, now_ms)
        if destination.is_failing:
            return self.state.mended(destination, now_ms) if tried else destination
        if taken:
            self.state.delivered(destination, now_ms)
        return destination
