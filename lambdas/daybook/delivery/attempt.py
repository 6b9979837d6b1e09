"""One destination's share of the work: make records, send them, say what is left, and keep its state true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.clock import Clock
from daybook.delivery.destination import Destination
from daybook.delivery.records import Inserted, Records
from daybook.delivery.sender import RecordSender, SecondsLeft
from daybook.observability import logger


class State(Protocol):
    """What is noted of a destination. Each answers the destination as it then stands, or nothing of interest."""

    def delivered(self, destination: Destination, now_ms: int) -> None: ...

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def probe_failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def mended(self, destination: Destination, now_ms: int) -> Destination: ...

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...


class Delivered(NamedTuple):
    destination: Destination
    """As it stands after the attempt."""
    left: Sequence[str]
    """Keys of events to be parked."""
    broken: Sequence[str]
    """Keys of events that can't be read."""
    records: int
    """How many the stream took."""


@dataclass(frozen=True)
class Delivery:
    records: Records
    courier: RecordSender
    state: State
    given_up: Callable[[int], None]
    clock: Clock

    def deliver(self, destination: Destination, rows: Sequence[Inserted], seconds_left: SecondsLeft) -> Delivered:
        """Sends what of the rows the destination asks for.

        An error makes an active destination a failing one; on a failing one this is the probe, and its outcome rules.
        A probe of which anything was taken mends it: a stream that takes less than a whole parcel at once takes its
        backlog part by part, and would never get through it by waits that double.
        Where that can't be noted the delivery stands all the same, and the next one notes it. Raises `Throttled` where
        people's keys can't be read; nothing has been sent then.
        """
        written = self.records.of(destination, rows)
        sent = self.courier.send(destination, written.records, seconds_left)
        taken = len(written.records) - len(sent.left) - len(sent.refused)
        if sent.refused:
            self.given_up(len(sent.refused))
        after = destination
        try:
            after = self._note(destination, sent.error, tried=taken + len(sent.refused) > 0, taken=taken)
            if sent.refused:
                self.state.gave_up(after, len(sent.refused), sent.refusal)  # after it, since its error stays to be seen
        except Exception:
            logger.exception("not noted", extra={"tenant": destination.place.tenant})
        return Delivered(
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
