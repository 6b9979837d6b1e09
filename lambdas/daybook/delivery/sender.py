"""Puts records into a customer's stream, in calls as large as Kinesis accepts, and retries the ones that failed."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from daybook.delivery.destination import Destination
from daybook.delivery.records import Record

RECORDS_A_CALL = 500  # this and the next are limits of PutRecords
BYTES_A_CALL = 5 * 1024 * 1024
BYTES_A_RECORD = 1024 * 1024  # a customer can configure the stream for larger records
_FIRST_WAIT_SECONDS = 0.05
_THROUGHPUT = frozenset(
    {
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "Throttling",
        "ThrottlingException",
    }
)

SecondsLeft = Callable[[], float]


class Patience(NamedTuple):
    """How long and how often a caller tries."""

    answer_seconds: float
    """How long a stream may take to answer a call, once there is a connection."""
    tries: int
    """How often a call is tried that failed for a transient reason. One that was not answered in time is not tried
    again, because each try may put its records into the stream once more.
    """


LIVE = Patience(answer_seconds=1.0, tries=2)
"""For events as they arrive. Other tenants' events wait meanwhile, and a parked event is soon tried again."""
UNHURRIED = Patience(answer_seconds=5.0, tries=4)


class PutFailed(Exception):  # noqa: N818  says what happened
    """A whole call failed. `error` is AWS's error code. A `transient` failure may succeed when it is tried again."""

    def __init__(  # noqa: PLR0913  all but the first by name
        self,
        error: str,
        *,
        transient: bool,
        invalid: bool = False,
        timed_out: bool = False,
        own: bool = False,
        milliseconds: int | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.transient = transient
        self.invalid = invalid
        """Kinesis refuses the records themselves, for example because one is too large."""
        self.timed_out = timed_out
        """The stream did not answer in time."""
        self.own = own
        """The failure is not the stream's: STS throttles Daybook's account."""
        self.milliseconds = milliseconds
        """How long the stream took to answer with the error. None if it did not answer."""


class Answer(NamedTuple):
    errors: Sequence[str | None]
    """None for each accepted record, and the error code for each refused one."""
    milliseconds: int
    """How long the stream took, without connecting."""


class Streams(Protocol):
    def put(self, destination: Destination, records: Sequence[Record], answer_seconds: float) -> Answer:
        """Raises `PutFailed`, after `answer_seconds` at the latest once there is a connection."""


@dataclass
class SendResult:
    """The outcome for the given records. Each record is identified by its index."""

    left: list[int] = field(default_factory=list)
    """The records that are not known to be in the stream."""
    refused: list[int] = field(default_factory=list)
    """The records that are too large for the stream. Another try would not help."""
    error: str | None = None
    """The last error that remained after the retries."""
    refusal: str | None = None
    transient: bool = False
    """Whether the error may go away when the call is tried again."""
    throttled: bool = False
    """Whether the error is one of throughput."""
    timed_out: bool = False
    own: bool = False
    """Whether the error is not the stream's."""
    calls_ms: list[int] = field(default_factory=list)
    """How long the stream took for each call that it answered."""

    @property
    def blames_the_stream(self) -> bool:
        """Whether the error makes an active stream a failing one."""
        return self.error is not None and not (self.throttled or self.timed_out or self.own)

    def failed(self, failure: PutFailed) -> None:
        """Notes an error after which no further call is made."""
        self.error, self.transient = failure.error, failure.transient
        self.throttled = failure.error in _THROUGHPUT and not failure.own
        self.timed_out, self.own = failure.timed_out, failure.own


@dataclass(frozen=True)
class RecordSender:
    streams: Streams
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    record_bytes: int = BYTES_A_RECORD
    """The size of a record that every stream accepts. Tests lower it, because hardly an event gets so large."""

    def send(
        self,
        destination: Destination,
        records: Sequence[Record],
        seconds_left: SecondsLeft,
        patience: Patience = UNHURRIED,
    ) -> SendResult:
        """Puts all records in order while there is time. It stops after an error that remains after the retries."""
        sent = SendResult()
        for call in _calls(records, self.record_bytes):
            if sent.error is not None or seconds_left() <= 0:
                sent.left += call
                continue
            sent.left += self._put(destination, records, call, seconds_left, patience, sent)
        return sent

    def _put(  # noqa: PLR0913, PLR0917  one call's part of `send`
        self,
        destination: Destination,
        records: Sequence[Record],
        call: Sequence[int],
        seconds_left: SecondsLeft,
        patience: Patience,
        sent: SendResult,
    ) -> Sequence[int]:
        """Returns the records of one call that are left after the tries, and notes the rest in `sent`."""
        left = call
        for attempt in range(patience.tries):
            if attempt:
                self.sleep(_FIRST_WAIT_SECONDS * 2**attempt * self.jitter())
            try:
                answer = self.streams.put(destination, [records[place] for place in left], patience.answer_seconds)
            except PutFailed as failed:
                sent.calls_ms += [] if failed.milliseconds is None else [failed.milliseconds]
                last = attempt == patience.tries - 1 or seconds_left() <= 0
                if failed.transient and not failed.timed_out and not last:
                    continue
                if failed.invalid and len(left) == 1 and records[left[0]].size > self.record_bytes:
                    sent.refused += left
                    sent.refusal = failed.error
                    return ()
                sent.failed(failed)
                return left
            sent.calls_ms.append(answer.milliseconds)
            errors = {place: error for place, error in zip(left, answer.errors, strict=True) if error is not None}
            left = list(errors)
            if not left:
                return ()
            if seconds_left() <= 0:
                break
        # Kinesis refuses single records for the shard's throughput or an internal failure. Both are transient.
        found = [*errors.values()]
        sent.failed(PutFailed(next((error for error in found if error in _THROUGHPUT), found[0]), transient=True))
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
