"""A replay sends the same records as the first time, resumes from a checkpoint and lets live traffic go first."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from msgspec import to_builtins

from benchmarks.typical import SLUGS, code_for
from daybook.aws.control_table.destination_rows import item_of
from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE, SECOND, format_time
from daybook.delivery.backlog import request_of
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Record, Records, WrittenRecords
from daybook.delivery.sender import Answer, PutFailed
from daybook.events.item import partition
from daybook.jobs.job import REPLAY, Job, JobFailed, Step, new_job
from daybook.jobs.runner import Runner
from daybook.tenant import code_of
from daybook.tenants.settings import Layout
from infra.functions import FUNCTIONS
from streams.replay import (
    BYTES_A_SECOND,
    EVENTS_A_PAGE,
    IN_TURN_SECONDS,
    MAX_SEND_SECONDS,
    RESERVED_MS,
    SLICE_SECONDS,
)
from streams.replay_ask import ReplayAsk
from streams.replay_handler import replay_over
from tests.support.ingest import NOW, seeded_bytes
from tests.support.jobs import MemoryJobs, received
from tests.support.streams import ROLE, STREAM, MemoryStreams, StreamHarness
from tests.support.tenant_log import TenantLog

NOTHING = {"shard": 0, "after": None, "held_ms": None}
THROTTLED = "ProvisionedThroughputExceededException"


class ReplayHarness:
    """The replay of a log."""

    def __init__(self, log: TenantLog, **replaced: Any) -> None:
        self.publishing = StreamHarness(log, **replaced)
        self.waited: list[float] = []
        self.work = replay_over(self.publishing.wiring, lambda: self.publishing.seconds, self._pause)
        self._random_bytes = seeded_bytes("replays")

    @property
    def stored(self) -> Destination:
        return self.publishing.stored()

    def _pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.publishing.sleep(seconds)

    def job(self, from_ms: int = NOW - DAY, to_ms: int = NOW + 1, tenant: str = "acme") -> Job:
        """A replay as it is asked for now."""
        to = self.publishing.stored(tenant)
        ask = ReplayAsk(
            0,
            from_ms,
            to_ms,
            to.subscription,
            to.chosen.stream_arn,
            to.chosen.format,
            to.chosen.include_audit_log,
        )
        return new_job(
            tenant=code_for(tenant), kind=REPLAY, ask=to_builtins(ask), now_ms=NOW, random_bytes=self._random_bytes
        )

    def run(self, from_ms: int = NOW - DAY, to_ms: int = NOW + 1) -> list[Step]:
        """Time passes as the steps ask for."""
        job = self.job(from_ms, to_ms)
        steps: list[Step] = []
        while not steps or not steps[-1].done:
            steps.append(self.work.step(job, lambda: 180.0))
            job = after(job, steps[-1])
            self.publishing.log.now += steps[-1].wait_seconds * SECOND
        return steps


def after(job: Job, step: Step) -> Job:
    return replace(job, checkpoint=step.checkpoint, processed=step.processed)


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
    sent_again = again.run()
    assert sent_again[-1].processed == 500
    assert max(count for _, count in again.publishing.streams.calls) <= EVENTS_A_PAGE
    assert again.publishing.seconds >= 2 * SLICE_SECONDS


def test_a_throttled_stream_is_waited_for_in_the_queue(log: TenantLog) -> None:
    """Not in the worker. The waits double from 5 seconds up to a quarter of an hour. Once something is taken, they
    begin anew.
    """
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 40)
    again.publishing.streams.broken["acme"] = PutFailed(THROTTLED, transient=True)
    job, waits = again.job(), []
    for _ in range(11):
        began = again.publishing.seconds
        step = again.work.step(job, lambda: 180.0)
        assert again.publishing.seconds - began < MAX_SEND_SECONDS
        assert (step.processed, step.done) == (0, False)
        waits.append(step.wait_seconds)
        log.now += step.wait_seconds * SECOND
        job = after(job, step)
    assert waits == [5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    again.publishing.streams.mend()
    step = again.work.step(job, lambda: 180.0)
    assert (step.wait_seconds, step.checkpoint["held_ms"]) == (0, None)


def test_a_stream_that_takes_nothing_for_14_days_ends_the_replay(log: TenantLog) -> None:
    """After so long its parked events are given up too. The sentence says what to do."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 40)
    again.publishing.streams.broken["acme"] = PutFailed("ConnectTimeoutError", transient=True)
    job = again.job()
    step = again.work.step(job, lambda: 180.0)
    log.now += 14 * DAY
    with pytest.raises(JobFailed, match=r"took nothing for 14 days\. Mend it and ask for a new replay"):
        again.work.step(after(job, step), lambda: 180.0)


def test_it_takes_half_of_the_bytes_that_a_shard_takes(log: TenantLog) -> None:
    """Large events are sent in more and slower slices. When the step's time is up, the page stops, and the next
    step resumes it.
    """
    again = ReplayHarness(log)
    again.publishing.set_up()
    log.sent(*({"id": str(n), "occurred_at": format_time(NOW - n * MINUTE)} for n in range(60)))
    again.work = replace(again.work, records=Padded(again.publishing.records, 300 * 1024))
    steps = again.run()
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
    job = again.job()
    step = again.work.step(job, lambda: 180.0)
    assert step.processed == len(again.publishing.streams.taken["acme"]) >= 3
    assert step.checkpoint["after"] == page[2].id
    again.publishing.streams.room = None
    while not step.done:
        step = again.work.step(replace(job, checkpoint=step.checkpoint, processed=step.processed), lambda: 180.0)
    assert len(set(again.publishing.streams.taken["acme"])) == 40


@pytest.mark.parametrize("error", ["InternalFailure", "KMSThrottlingException", "ReadTimeoutError"])
def test_every_transient_failure_is_waited_for(log: TenantLog, error: str) -> None:
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    again.publishing.streams.faults["acme"] = [PutFailed(error, transient=True)] * 5
    assert again.run()[-1].processed == 3


def test_a_failing_stream_is_left_to_its_probes(log: TenantLog) -> None:
    """The replay waits for the next one, without progress and without a worker. If nothing is parked whose drain could
    probe, the replay tries itself.
    """
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    failing = again.publishing.destinations.failed(again.stored, THROTTLED, log.now)
    again.publishing.wiring.drains.ask(failing, log.now + MINUTE, NOW)
    step = again.work.step(again.job(), lambda: 180.0)
    assert (step.processed, step.done, again.publishing.streams.calls) == (0, False, [])
    assert (step.wait_seconds, again.waited) == (60, [])
    log.now += MINUTE
    again.publishing.redeliver.drain(request_of(failing))
    log.now += RESERVED_MS
    assert again.run()[-1].processed == 3


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
    job = again.job()
    step = again.work.step(job, lambda: 180.0)
    assert (step.processed, len(again.publishing.streams.calls), step.done) == (2, 2, False)
    page = log.wiring.inserted.between(partition(log.key(), 0), "0", "z", 250)
    assert step.checkpoint["after"] == page[1].id


@pytest.mark.every_store
def test_it_goes_on_where_it_stopped(log: TenantLog) -> None:
    """From any checkpoint, nothing is left out. A page whose checkpoint was lost is sent twice."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 30)
    steps = again.run()
    whole = Counter(again.publishing.streams.taken.pop("acme"))
    job = again.job()
    for place, step in enumerate(steps[:-1]):
        again.publishing.streams.taken.clear()
        rest = replace(job, checkpoint=step.checkpoint, processed=step.processed)
        following = again.work.step(rest, lambda: 180.0)
        assert following == steps[place + 1]
    assert whole.total() == 30


def test_what_cannot_be_done_says_why(log: TenantLog) -> None:
    """The job fails with AWS's error code."""
    again = ReplayHarness(log)
    sent(log, 1)
    again.publishing.set_up()
    again.publishing.streams.break_down(error="AccessDenied")
    with pytest.raises(JobFailed, match="AccessDenied"):
        again.run()


def test_a_replay_belongs_to_the_stream_that_it_was_asked_for(log: TenantLog) -> None:
    """It ends where the stream was changed, or removed and set up again, before or in the middle of a page: half of the
    span would be in one stream and half in the other. Another role or format changes nothing. The sentence says what to
    do.
    """
    again = ReplayHarness(log)
    sent(log, 40)
    again.publishing.set_up()
    again.work = replace(again.work, records=Padded(again.publishing.records, 300 * 1024))
    job = again.job()
    again.publishing.set_up(role_arn=f"{ROLE}-new", format="ocsf")
    step = again.work.step(job, lambda: 180.0)
    assert step.processed > 1
    for changed in ({"subscription": "another"}, {"stream_arn": f"{STREAM}-new"}):
        again.publishing.set_up(**changed)
        with pytest.raises(JobFailed, match=r"changed after the replay was asked for\. Ask for a new replay"):
            again.work.step(after(job, step), lambda: 180.0)
        again.publishing.set_up()
        taken = len(again.publishing.streams.taken["acme"])
        put = again.publishing.streams.put

        def put_and_change(
            to: Destination, records: Sequence[Record], seconds: float, put: Any = put, changed: Any = changed
        ) -> Answer:
            again.publishing.set_up(**changed)
            answer: Answer = put(to, records, seconds)
            return answer

        again.publishing.streams.put = put_and_change  # type: ignore[method-assign]
        with pytest.raises(JobFailed, match="changed after the replay was asked for"):
            again.work.step(job, lambda: 180.0)
        again.publishing.streams.put = put  # type: ignore[method-assign]
        assert len(again.publishing.streams.taken["acme"]) == taken + 1, "of two slices at least"
        again.publishing.set_up()
    log.dynamodb.delete_item(
        TableName=log.tables.control, Key={name: item_of(again.stored)[name] for name in ("pk", "sk")}
    )
    with pytest.raises(JobFailed, match=r"no longer exists\. Set it up and ask for a new replay"):
        again.work.step(job, lambda: 180.0)


def test_a_replay_keeps_the_form_that_it_was_asked_for(log: TenantLog) -> None:
    """All its records are of one format, though another one is set before it begins and in the middle of a page. The
    same holds for the log of the log.
    """
    again = ReplayHarness(log)
    again.publishing.set_up(format="symbee")
    sent(log, 40)
    log.page()
    again.publishing.publish()
    first = Counter(again.publishing.streams.taken.pop("acme"))
    job = again.job()
    put = again.publishing.streams.put

    def put_and_change(to: Destination, records: Sequence[Record], seconds: float) -> Answer:
        again.publishing.set_up(format="cloudevents", include_audit_log=True)
        return put(to, records, seconds)

    again.publishing.streams.put = put_and_change  # type: ignore[method-assign]
    again.publishing.set_up(format="ocsf", include_audit_log=True)
    step = again.work.step(job, lambda: 180.0)
    while not step.done:
        job = after(job, step)
        step = again.work.step(job, lambda: 180.0)
    assert Counter(again.publishing.streams.taken["acme"]) == first
    assert first.total() == 40


def test_replays_into_one_stream_go_one_at_a_time(log: TenantLog) -> None:
    """The second waits in the queue until the first has ended, failed or was cancelled, or does not come any more."""
    again = ReplayHarness(log)
    again.publishing.set_up()
    sent(log, 3)
    first, second = again.job(), again.job()
    step = again.work.step(first, lambda: 180.0)
    assert again.work.step(second, lambda: 180.0) == Step(NOTHING, 0, 0.0, wait_seconds=IN_TURN_SECONDS)
    while not step.done:
        first = after(first, step)
        step = again.work.step(first, lambda: 180.0)
    assert not again.work.step(second, lambda: 180.0).wait_seconds
    assert again.work.step(first, lambda: 180.0).wait_seconds
    again.work.tidy(second)
    assert not again.work.step(first, lambda: 180.0).wait_seconds
    log.now += RESERVED_MS
    assert not again.work.step(second, lambda: 180.0).wait_seconds


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


class SilentStreams(MemoryStreams):
    """The streams of some tenants give no answer, or a late one."""

    def __init__(self) -> None:
        super().__init__()
        self.answers_after: dict[str, float] = {}
        self.sleep: Callable[[float], None] = lambda _: None

    def put(self, destination: Destination, records: Sequence[Record], answer_seconds: float) -> Answer:
        seconds = self.answers_after.get(SLUGS[code_of(destination.environment)], 0.01)
        self.sleep(min(seconds, answer_seconds))
        if seconds > answer_seconds:
            raise PutFailed("ReadTimeoutError", transient=True, timed_out=True)
        return super().put(destination, records, answer_seconds)


class VirtualQueue:
    """A standard queue and its workers in virtual time. Each worker takes the message that is visible longest."""

    def __init__(self, again: ReplayHarness, workers: int) -> None:
        self._again = again
        self._free = [0.0] * workers
        self._visible: list[tuple[float, int, Job]] = []
        self._count = itertools.count()
        self.ended: dict[str, float] = {}
        self.longest = 0.0
        """The seconds of the longest invocation."""
        self.runner = Runner(MemoryJobs(), self, again.work, self.clock, pause=self.sleep, count=lambda _: None)

    can_delay = True

    def clock(self) -> int:
        return NOW + int(self._again.publishing.seconds * SECOND)

    def sleep(self, seconds: float) -> None:
        self._again.publishing.sleep(seconds)

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        heapq.heappush(self._visible, (self._again.publishing.seconds + delay_seconds, next(self._count), job))

    def postpone(self, receipt: str, seconds: int) -> None:
        raise NotImplementedError(receipt, seconds)

    def _remaining_seconds(self, began: float) -> float:
        return began + 180 - self._again.publishing.seconds

    def ask(self, tenant: str) -> None:
        job = self._again.job(tenant=tenant)
        self.runner.store.put(job)
        self.send(job)

    def run(self, until: Callable[[], bool]) -> None:
        while not until():
            visible, _, job = heapq.heappop(self._visible)
            free = heapq.heappop(self._free)
            began = self._again.publishing.seconds = max(visible, free)
            now = self.runner.run(received(job), partial(self._remaining_seconds, began))
            ended = self._again.publishing.seconds
            heapq.heappush(self._free, ended)
            self.longest = max(self.longest, ended - began)
            if now.status.has_ended:
                self.ended[SLUGS[now.tenant]] = ended


def seconds_of_a_healthy_replay(
    dynamodb: Any, tables: Tables, healthy: str, neighbours: Mapping[str, float], *, asked_after: float
) -> tuple[float, float]:
    """How long a replay of 500 events takes whose neighbours' streams answer after so many seconds, and the longest
    invocation. The replay is asked for some time after theirs.
    """
    log = TenantLog(dynamodb, tables, tenant=healthy, layouts=(Layout(0, 1),))
    streams = SilentStreams()
    again = ReplayHarness(log, streams=streams)
    streams.sleep, streams.answers_after = again.publishing.sleep, dict(neighbours)
    for tenant in neighbours:
        TenantLog(dynamodb, tables, tenant=tenant, layouts=(Layout(0, 1),)).sent(*({"id": str(n)} for n in range(300)))
    for tenant in (healthy, *neighbours):
        again.publishing.set_up(tenant=tenant)
    log.sent(*({"id": str(n), "occurred_at": format_time(NOW - n)} for n in range(500)))
    queue = VirtualQueue(again, workers=FUNCTIONS["replay"].jobs.max_concurrency)  # type: ignore[union-attr]
    again.work = replace(again.work, clock=queue.clock)
    queue.runner = replace(queue.runner, work=again.work)
    for tenant in neighbours:
        queue.ask(tenant)
    queue.run(lambda: again.publishing.seconds >= asked_after or not neighbours)
    asked = again.publishing.seconds
    queue.ask(healthy)
    queue.run(lambda: healthy in queue.ended)
    return queue.ended[healthy] - asked, queue.longest


@pytest.mark.parametrize("asked_after", [0.0, 20.0, 3_600.0])
def test_broken_streams_keep_no_worker_from_a_healthy_one(dynamodb: Any, tables: Tables, asked_after: float) -> None:
    """There are as many broken ones as workers, and none of them answers. The replay takes hardly longer than alone."""
    broken = dict.fromkeys(("one", "two", "three", "four", "five"), 60.0)
    assert len(broken) == FUNCTIONS["replay"].jobs.max_concurrency  # type: ignore[union-attr]
    alone, _ = seconds_of_a_healthy_replay(dynamodb, tables, "alone", {}, asked_after=0.0)
    beside, longest = seconds_of_a_healthy_replay(dynamodb, tables, "acme", broken, asked_after=asked_after)
    assert beside <= alone + 10
    assert longest <= 10
