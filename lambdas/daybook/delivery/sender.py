"""Puts records into a customer's stream: in calls as large as Kinesis takes them, what failed tried again alone."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from daybook.delivery.destination import Destination
from daybook.delivery.records import Record

RECORDS_A_CALL = 500  # PutRecords' own limits
BYTES_A_CALL = 5 * 1024 * 1024
BYTES_A_RECORD = 1024 * 1024  # unless the customer has set its stream to take larger ones
TRIES = 4
_FIRST_WAIT_SECONDS = 0.05

SecondsLeft = Callable[[], float]


class PutFailed(Exception):  # noqa: N818  says what happened
    """A call that failed as a whole; `error` is AWS's name of it. `passing`: another try may fare better."""

    def __init__(self, error: str, *, passing: bool, invalid: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.passing = passing
        self.invalid = invalid
        """It is the records that are refused, as Kinesis refuses one that is too large."""


class Streams(Protocol):
    def put(self, destination: Destination, records: Sequence[Record]) -> Sequence[str | None]:
        """For each record None, or the error with which it alone was refused. Raises `PutFailed`."""


@dataclass
class Sent:
    """What became of records, each by its place among those given."""

    left: list[int] = field(default_factory=list)
    """Not known to be in the stream."""
    refused: list[int] = field(default_factory=list)
    """The stream takes no record so large: trying again is of no use."""
    error: str | None = None
    """The last error that retries did not cure; None with something left: time ran out before it was tried."""
    refusal: str | None = None
    passing: bool = False
    """Of the error: another try may fare better."""


@dataclass(frozen=True)
class RecordSender:
    streams: Streams
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    record_bytes: int = BYTES_A_RECORD
    """What every stream takes of one record; the largest events are smaller, so tests lower it."""

    def send(self, destination: Destination, records: Sequence[Record], seconds_left: SecondsLeft) -> Sent:
        """Puts all of them, in order, while there is time; after an error that stays, no further call is made."""
        sent = Sent()
        for call in _calls(records, self.record_bytes):
            if sent.error is not None or seconds_left() <= 0:
                sent.left += call
                continue
            try:
                sent.left += self._put(destination, records, call, seconds_left, sent)
            except PutFailed as failed:
                if failed.invalid and len(call) == 1 and records[call[0]].size > self.record_bytes:
                    sent.refused += call
                    sent.refusal = failed.error
                else:
                    sent.error, sent.passing = failed.error, failed.passing
                    sent.left += call
        return sent

    def _put(
        self,
        destination: Destination,
        records: Sequence[Record],
        call: Sequence[int],
        seconds_left: SecondsLeft,
        sent: Sent,
    ) -> Sequence[int]:
        """What is left of one call's records after a few tries. Raises `PutFailed` where nothing got through."""
        left = call
        for attempt in range(TRIES):
            if attempt:
                self.sleep(_FIRST_WAIT_SECONDS * 2**attempt * self.jitter())
            try:
                errors = self.streams.put(destination, [records[place] for place in left])
            except PutFailed as failed:
                if not failed.passing or attempt == TRIES - 1 or seconds_left() <= 0:
                    if len(left) == len(call):
                        raise
                    sent.error, sent.passing = failed.error, failed.passing
                    return left
                continue
            refused = [(place, error) for place, error in zip(left, errors, strict=True) if error is not None]
            left = [place for place, _ in refused]
            if not left:
                return ()
            if seconds_left() <= 0:
                break
        # A record alone is refused for its shard's throughput, or for a failure within Kinesis: both pass.
        sent.error, sent.passing = refused[0][1], True
        return left


def _calls(records: Sequence[Record], record_bytes: int) -> Iterator[list[int]]:
    """Places of records that go together; one above Kinesis's common limit goes alone, lest it take others with it."""
    call: list[int] = []
    size = 0
    for place, record in enumerate(records):
        alone = record.size > record_bytes
        if call and (alone or len(call) == RECORDS_A_CALL or size + record.size > BYTES_A_CALL):
            yield call
            call, size = [], 0
        call.append(place)
        size += record.size
        if alone:
            yield call
            call, size = [], 0
    if call:
        yield call
