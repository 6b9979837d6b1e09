"""In what order and at what pace a re-stamp goes over a tenant's log. The stamps are in memory."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from daybook.clock import DAY, SECOND
from daybook.events.item import partition
from daybook.ids import event_id, occurred_ms
from daybook.jobs.job import Job, Step
from daybook.jobs.restamp import ask_for_restamp
from daybook.tenants.settings import Layout, TenantSettings
from restamp.restamp import RestampWork
from tests.support.ingest import NOW, seeded_bytes, settings
from tests.support.jobs import MemoryJobs, MemoryQueue
from tests.support.retention import MemoryControl, MemoryStamps

Change = Callable[[TenantSettings], TenantSettings]


class Log:
    """The log of a tenant with 90 days, in two shards of two environments. Only pauses move its clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.control = MemoryControl(
            settings("carear", retention_days=90, environments=("prod", "test"), layouts=(Layout(0, 2),))
        )
        self.stamps = MemoryStamps()
        self.jobs = MemoryJobs()
        self.paused: list[float] = []
        self._queue = MemoryQueue()
        self._chance = seeded_bytes()
        self._old: dict[tuple[str, str], int | None] = {}

    def store(self, environment: str, shard: int, *ages: float) -> None:
        tenant = self.control.now
        for age in ages:
            moment = NOW - int(age * DAY)
            place = partition(tenant.environment_key(environment), shard)
            self.stamps.store(place, event_id(moment, self._chance(16)), tenant.expires_at(moment))

    def store_everywhere(self, *ages: float) -> None:
        for environment in ("prod", "test"):
            for shard in (0, 1):
                self.store(environment, shard, *ages)

    def set(self, change: Change) -> Job:
        """Changes the settings, and gives the job for that."""
        before, after = self.control.now, change(self.control.now)
        ask_for_restamp(self.jobs, self._queue, before=before, after=after, now_ms=self.now, random_bytes=self._chance)
        self.control.now = after
        self._old = dict(self.stamps.stamps)
        return self._queue.sent.pop()[0]

    def worker(self, page: int, step_ms: int = 0) -> RestampWork:
        return RestampWork(self.control, self.jobs, self.stamps, lambda: self.now, self._pause, page, step_ms)

    def steps(self, job: Job, page: int, each: Callable[[Step], None] = lambda _: None) -> None:
        worker = self.worker(page)
        step = worker.step(job, lambda: 900.0)
        while not step.done:
            each(step)
            step = worker.step(replace(job, checkpoint=step.checkpoint), lambda: 900.0)
        assert not self.left()

    def left(self) -> list[int]:
        """When the events occurred that still have their old stamps."""
        return [occurred_ms(key[1]) for key, stamp in self.stamps.stamps.items() if stamp == self._old[key]]

    def done(self) -> list[int]:
        return [occurred_ms(key[1]) for key, stamp in self.stamps.stamps.items() if stamp != self._old[key]]

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += int(seconds * SECOND)


@pytest.fixture
def log() -> Log:
    return Log()


def held(now: TenantSettings) -> TenantSettings:
    return now.with_hold("sealed", NOW)


def lasting(days: int) -> Change:
    return lambda now: now.with_retention(days, NOW)


@pytest.mark.parametrize("change", [held, lasting(120), lasting(30)])
def test_no_partition_is_ahead_of_another_by_more_than_a_page(log: Log, change: Change) -> None:
    """What a hold has to save expires in all partitions at the same time, so the oldest events of all come first. The
    checkpoint stays small, and the progress rises.
    """
    log.store_everywhere(*(day + part / 10 for day in range(1, 90) for part in range(5)))
    progress = [0.0]

    def check(step: Step) -> None:
        left, done = log.left(), log.done()
        assert not left or not done or max(done) - min(left) <= 5 * DAY, "20 events"
        assert len(str(step.checkpoint)) < 400
        progress.append(step.progress)

    log.steps(log.set(change), 20, check)
    assert progress == sorted(progress)
    assert len(set(progress)) > 10
    assert progress[-1] <= 1.0


def test_days_and_years_without_an_event_are_skipped(log: Log) -> None:
    """Also after an event of 1971: each partition has one page."""
    log.control.now = replace(log.control.now, retention_days=None)
    log.store("prod", 0, 55 * 365, 20 * 365, 80, 3)
    pages: list[Step] = []
    log.steps(log.set(lasting(30_000)), 500, pages.append)
    assert len(pages) == 4 - 1


@pytest.mark.parametrize("change", [held, lasting(120), lasting(60), lasting(88)])
def test_a_partition_takes_a_page_a_second(log: Log, change: Change) -> None:
    """Which leaves half of what it can take to writers."""
    log.store("prod", 0, *(84 + number / 100 for number in range(40)))
    log.worker(4, step_ms=60 * SECOND).step(log.set(change), lambda: 900.0)
    assert not log.left()
    assert len(log.paused) >= 9
    assert set(log.paused) == {1.0}


def test_partitions_do_not_wait_for_each_other(log: Log) -> None:
    """A page of one partition does not delay a page of another."""
    log.store_everywhere(*(10 + number / 1_000 for number in range(10)))
    log.worker(20, step_ms=60 * SECOND).step(log.set(lasting(60)), lambda: 900.0)
    assert not log.left()
    assert log.paused == []
