"""A replay sends the same records as the first time, resumes from a checkpoint and lets live traffic go first."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE, format_time
from daybook.delivery.backlog import request_of
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Record, Records, WrittenRecords
from daybook.delivery.sender import Answer, PutFailed
from daybook.errors import Throttled
from daybook.events.item import partition
from daybook.jobs.job import Job, JobFailed, Step
from daybook.tenants.settings import Layout
from streams.replay import BYTES_A_SECOND, EVENTS_A_PAGE, MAX_STEP_SECONDS, SLICE_SECONDS
from streams.replay_handler import replay_over
from tests.support.ingest import NOW
from tests.support.streams import StreamHarness
from tests.support.tenant_log import TenantLog

THROTTLED = "ProvisionedThroughputExceededException"


class ReplayHarness:
    """The replay of a log."""

    def __init__(self, log: TenantLog) -> None:
        self.publishing = StreamHarness(log)
        self.waited: list[float] = []
        self.work = replay_over(self.publishing.wiring, lambda: self.publishing.seconds, self._pause)

    @property
    def stored(self) -> Destination:
        return self.publishing.stored()

    def _pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.publishing.sleep(seconds)

    def run(self, from_ms: int, to_ms: int, after: Callable[[Step], None] = lambda _: None) -> list[Step]:
        job = Job(self.publishing.log.settings.code, "j", "replay", {"environment": 0, "from": from_ms, "to": to_ms}, 0)
        steps: list[Step] = []
        while not steps or not steps[-1].done:
            steps.append(self.work.step(job, lambda: 900.0))
            job = replace(job, checkpoint=steps[-1].checkpoint, processed=steps[-1].processed)
            after(steps[-1])
        return steps


class Padded(Records):
    """Records that are longer by a number of bytes."""

    def __init__(self, records: Records, more: int) -> None:
        self._records = records
        self._more = more

    def of(self, destination: Destination, rows: Sequence[InsertedEvent]) -> WrittenRecords:
        written = self._records.of(destination, rows)
        padded = [record._replace(data=record.data + b" " * self._more) for record in written.records]
        return written._replace(records=padded)


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables, layouts=(Layout(0, 2),))


def sent(log: TenantLog, count: int) -> None:
    log.sent(*({"id": str(n), "occurred_at": format_time(NOW - n * MINUTE)} for n in range(count)))


def test_the_records_are_those_of_the_first_time(log: TenantLog) -> None:
    """Each event is sent once, from every shard of the log, within the span without its end."""
    again = ReplayHarness(log)
    again.publishing.set_up(format="symbee")
    sent(log, 40)
    again.publishing.publish()
    first = Counter(again.publishing.streams.taken.pop("acme"))
    steps = again.run(NOW - 39 * MINUTE, NOW)
    second = Counter(again.publishing.streams.taken["acme"])
    assert second.total() == 39
    assert second <= first
    assert steps[-1].processed == 39
    assert [step.progress for step in steps] == sorted(step.progress for step in steps)


def test_it_takes_half_of_what_a_shard_takes(log: TenantLog) -> None:
    """Each page takes its time, so that live traffic has room."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 500)
    sent_again = again.run(NOW - DAY, NOW + 1)
    assert sent_again[-1].processed == 500
    assert max(count for _, count in again.publishing.streams.calls) <= EVENTS_A_PAGE
    assert again.publishing.seconds >= 2 * SLICE_SECONDS


def test_a_throttled_stream_is_waited_for(log: TenantLog) -> None:
    """It waits longer than a call's own retries, but only so long. Then the step must come again."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    again.publishing.streams.faults["acme"] = [lambda _: THROTTLED] * 4
    assert again.run(NOW - DAY, NOW + 1)[-1].processed == 3
    assert 5.0 in again.waited
    again.publishing.streams.broken["acme"] = PutFailed(THROTTLED, transient=True)
    with pytest.raises(Throttled):
        again.run(NOW - DAY, NOW + 1)


def test_it_takes_half_of_the_bytes_that_a_shard_takes(log: TenantLog) -> None:
    """Large events are sent in more and slower slices. When the step's time is up, the page stops, and the next
    step resumes it.
    """
    again = ReplayHarness(log)
    again.publishing.set_up()
    log.sent(*({"id": str(n), "occurred_at": format_time(NOW - n * MINUTE)} for n in range(60)))
    again.work = replace(again.work, records=Padded(again.publishing.records, 300 * 1024))
    steps = again.run(NOW - DAY, NOW + 1)
    taken = again.publishing.streams.taken["acme"]
    size = sum(record.size for record in taken)
    assert len(set(taken)) == len(taken) == steps[-1].processed == 60
    assert again.publishing.seconds >= size / BYTES_A_SECOND
    assert max(count for _, count in again.publishing.streams.calls) == 1
    assert len(steps) > 3, "no step may take longer than a worker has"


def test_what_was_taken_before_time_was_up_is_not_sent_again(log: TenantLog) -> None:
    """The checkpoint is the last event before the first one that is left."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 40)
    page = log.wiring.inserted.between(partition(log.key(), 0), "0", "z", 250)
    again.publishing.streams.room = sum(r.size for r in again.publishing.records.of(again.stored, page).records[:3])
    job = Job(log.settings.code, "j", "replay", {"environment": 0, "from": NOW - DAY, "to": NOW + 1}, 0)
    step = again.work.step(job, lambda: 900.0)
    assert step.processed == len(again.publishing.streams.taken["acme"]) >= 3
    assert step.checkpoint["after"] == page[2].id
    again.publishing.streams.room = None
    while not step.done:
        step = again.work.step(replace(job, checkpoint=step.checkpoint, processed=step.processed), lambda: 900.0)
    assert len(set(again.publishing.streams.taken["acme"])) == 40


@pytest.mark.parametrize("error", ["InternalFailure", "KMSThrottlingException", "ReadTimeoutError"])
def test_every_transient_failure_is_waited_for(log: TenantLog, error: str) -> None:
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    again.publishing.streams.faults["acme"] = [PutFailed(error, transient=True)] * 5
    assert again.run(NOW - DAY, NOW + 1)[-1].processed == 3


def test_a_failing_stream_is_left_to_its_probes(log: TenantLog) -> None:
    """The replay waits without progress. If nothing is parked whose drain could probe, the replay tries itself."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    failing = again.publishing.destinations.failed(again.stored, THROTTLED, log.now)
    again.publishing.wiring.drains.ask(failing, log.now, NOW)
    job = Job(log.settings.code, "j", "replay", {"environment": 0, "from": NOW - DAY, "to": NOW + 1}, 0)
    step = again.work.step(job, lambda: 900.0)
    assert (step.processed, step.done, again.publishing.streams.calls) == (0, False, [])
    assert again.waited == [MAX_STEP_SECONDS]
    again.publishing.redeliver.drain(request_of(failing))
    assert again.run(NOW - DAY, NOW + 1)[-1].processed == 3


def test_a_stream_that_fails_meanwhile_ends_the_step(log: TenantLog) -> None:
    """The step ends before the next slice and keeps what was accepted until then."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 40)
    again.work = replace(again.work, records=Padded(again.publishing.records, 300 * 1024))
    put = again.publishing.streams.put

    def put_and_fail(to: Destination, records: Sequence[Record], answer_seconds: float) -> Answer:
        if len(again.publishing.streams.calls) == 1:
            failing = again.publishing.destinations.failed(to, THROTTLED, log.now)
            again.publishing.wiring.drains.ask(failing, log.now, NOW)
        return put(to, records, answer_seconds)

    again.publishing.streams.put = put_and_fail  # type: ignore[method-assign]
    job = Job(log.settings.code, "j", "replay", {"environment": 0, "from": NOW - DAY, "to": NOW + 1}, 0)
    step = again.work.step(job, lambda: 900.0)
    assert (step.processed, len(again.publishing.streams.calls), step.done) == (2, 2, False)
    page = log.wiring.inserted.between(partition(log.key(), 0), "0", "z", 250)
    assert step.checkpoint["after"] == page[1].id


@pytest.mark.every_store
def test_it_goes_on_where_it_stopped(log: TenantLog) -> None:
    """From any checkpoint, nothing is left out. A page whose checkpoint was lost is sent twice."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 30)
    steps = again.run(NOW - DAY, NOW + 1)
    whole = Counter(again.publishing.streams.taken.pop("acme"))
    job = Job(log.settings.code, "j", "replay", {"environment": 0, "from": NOW - DAY, "to": NOW + 1}, 0)
    for place, step in enumerate(steps[:-1]):
        again.publishing.streams.taken.clear()
        rest = replace(job, checkpoint=step.checkpoint, processed=step.processed)
        following = again.work.step(rest, lambda: 900.0)
        assert following == steps[place + 1]
    assert whole.total() == 30


def test_what_cannot_be_done_says_why(log: TenantLog) -> None:
    """The job fails with AWS's error code, or because the stream no longer exists."""
    again = ReplayHarness(log)
    sent(log, 1)
    with pytest.raises(JobFailed, match="stream no longer exists"):
        again.run(NOW - DAY, NOW + 1)
    again.publishing.set_up()
    again.publishing.streams.break_down(error="AccessDenied")
    with pytest.raises(JobFailed, match="AccessDenied"):
        again.run(NOW - DAY, NOW + 1)


def test_what_is_past_retention_is_sent_to_nobody(log: TenantLog) -> None:
    """However far back the span reaches. An event that was given up before can be sent. Under a hold, no event
    counts as past retention that was shown when the hold was set.
    """
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 5)
    log.now += 365 * DAY - 2 * MINUTE
    assert again.run(0, log.now)[-1].processed == 3
    log.control.change_tenant(log.settings.code, lambda now: now.with_hold("sealed", NOW))
    assert again.run(0, log.now)[-1].processed == 5
