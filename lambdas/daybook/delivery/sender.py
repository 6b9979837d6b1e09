"""Puts records into a customer's stream, in calls as large as Kinesis accepts, and retries the ones that failed."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from daybook.delivery.destination import Destination
from daybook.delivery.records import Record

RECORDS_A_CALL = 500  # this and the next are limits of PutRecords
BYTES_A_CALL = 5 * 1024 * 1024
BYTES_A_RECORD = 1024 * 1024  # a customer can configure the stream for larger records
TRIES = 4
_FIRST_WAIT_SECONDS = 0.05

SecondsLeft = Callable[[], float]


class PutFailed(Exception):  # noqa: N818  says what happened
    """A whole call failed. `error` is AWS's error code. A `transient` failure may succeed when it is tried again."""

    def __init__(self, error: str, *, transient: bool, invalid: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.transient = transient
        self.invalid = invalid
        """Kinesis refuses the records themselves, for example because one is too large."""


class Streams(Protocol):
    def put(self, destination: Destination, records: Sequence[Record]) -> Sequence[str | None]:
        """Returns None for each accepted record and the error code for each refused one. Raises `PutFailed`."""


@dataclass
class SendResult:
    """The outcome for the given records. Each record is identified by its index."""

    left: list[int] = field(default_factory=list)
    """The records that are not known to be in the stream."""
    refused: list[int] = field(default_factory=list)
    """The records that are too large for the stream. Another try would not help."""
    error: str | None = None
    """The last error that remained after the retries. If records are left without an error, time ran out first."""
    refusal: str | None = None
    transient: bool = False
    """Whether the error may go away when the call is tried again."""


@dataclass(frozen=True)
class RecordSender:
    streams: Streams
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    record_bytes: int = BYTES_A_RECORD
    """The size of a record that every stream accepts. The largest events are smaller, so tests lower this value."""

    def send(self, destination: Destination, records: Sequence[Record], seconds_left: SecondsLeft) -> SendResult:
        """Puts all records in order while there is time. It stops after an error that remains after the retries."""
        sent = SendResult()
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
                    sent.error, sent.transient = failed.error, failed.transient
                    sent.left += call
        return sent

    def _put(
        self,
        destination: Destination,
        records: Sequence[Record],
        call: Sequence[int],
        seconds_left: SecondsLeft,
        sent: SendResult,
    ) -> Sequence[int]:
        """Returns the records of one call that are left after the tries. Raises `PutFailed` if none was accepted."""
        left = call
        for attempt in range(TRIES):
            if attempt:
                self.sleep(_FIRST_WAIT_SECONDS * 2**attempt * self.jitter())
            try:
                errors = self.streams.put(destination, [records[place] for place in left])
            except PutFailed as failed:
                if not failed.transient or attempt == TRIES - 1 or seconds_left() <= 0:
                    if len(left) == len(call):
                        raise
                    sent.error, sent.transient = failed.error, failed.transient
                    return left
                continue
            refused = [(place, error) for place, error in zip(left, errors, strict=True) if error is not None]
            left = [place for place, _ in refused]
            if not left:
                return ()
            if seconds_left() <= 0:
                break
        # Kinesis refuses single records for the shard's throughput or an internal failure. Both are transient.
        sent.error, sent.transient = refused[0][1], True
        return left


def _calls(records: Sequence[Record], record_bytes: int) -> Iterator[list[int]]:
    """The indexes of the records of each call. A record above the common limit gets its own call, because its refusal
    would fail the whole call.
    """
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
