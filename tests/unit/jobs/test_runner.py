"""Running jobs: steps, checkpoints, hand-over, failure, cancellation, claims."""

import json

import pytest

from benchmarks.typical import code_for
from daybook.clock import MINUTE
from daybook.errors import Throttled
from daybook.jobs.job import ClaimLost, Job, JobBusy, JobFailed, JobSuperseded, Status, TooManyJobs, new_job, submit
from daybook.jobs.runner import MAX_ATTEMPTS, ROW_WITHIN_MS, Runner
from daybook.jobs.worker import Message, job_handler, retry_seconds, run_job
from tests.support.calls import Context
from tests.support.ingest import seeded_bytes
from tests.support.jobs import Counting, MemoryJobs, MemoryQueue

ACME = code_for("acme")
NOW = 1_000_000


class Worker:
    """A runner with stores in memory, in an invocation of 15 minutes; tests set the clock."""

    def __init__(self, to: int = 5) -> None:
        self.now = NOW
        self.seconds = 900.0
        self.store, self.queue, self.work = MemoryJobs(), MemoryQueue(), Counting()
        self.paused: list[float] = []
        self._claims = iter(f"claim-{number}" for number in range(1_000))
        self.runner = Runner(
            self.store, self.queue, self.work, lambda: self.now, lambda: next(self._claims), self.paused.append
        )
        self.job = new_job(tenant=ACME, kind="count", ask={"to": to}, now_ms=NOW, random_bytes=seeded_bytes())
        self.store.put(self.job)

    def run(self) -> Job:
        return self.runner.run(self.job.key, lambda: self.seconds)

    @property
    def stored(self) -> Job:
        return self.store.job(self.job.key)


def test_a_job_is_done_step_by_step() -> None:
    """Its progress rises to 1, and it has a finish time."""
    worker = Worker()
    done = worker.run()
    assert done == worker.stored
    assert (done.status, done.processed, done.progress, done.finished_ms) == (Status.SUCCEEDED, 5, 1.0, NOW)
    assert worker.queue.sent == []


def test_a_worker_hands_over_near_its_end() -> None:
    """It begins no further step. The next worker goes on from the checkpoint."""
    worker = Worker()

    def pass_time(_: Job) -> None:
        worker.seconds -= 500

    worker.work.before = pass_time
    half = worker.run()
    assert (half.status, half.processed, half.attempts) == (Status.RUNNING, 2, 0)
    assert [job.id for job, _ in worker.queue.sent] == [half.id]
    worker.work.before = lambda _: None
    worker.seconds = 900.0
    assert worker.run().processed == 5


def test_a_step_may_request_an_invocation_of_its_own() -> None:
    worker = Worker(to=2)
    worker.work.hand_over = True
    assert worker.run().status is Status.RUNNING
    assert len(worker.queue.sent) == 1
    assert worker.run().status is Status.SUCCEEDED


def test_a_killed_workers_job_is_claimed_again_when_its_claim_is_over() -> None:
    """Not before: the claim lasts as long as the invocation may."""
    worker = Worker()

    def die(job: Job) -> None:
        if job.processed == 3:
            raise KeyboardInterrupt

    worker.work.before = die
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    worker.work.before = lambda _: None
    with pytest.raises(JobBusy):
        worker.run()
    worker.now += 15 * MINUTE
    assert worker.run().processed == 5


def test_a_job_whose_workers_are_always_killed_fails() -> None:
    """For lack of memory, say. None of them can mark it as failed, so the next one does, and begins no step."""
    worker = Worker()

    def die(_: Job) -> None:
        raise KeyboardInterrupt

    worker.work.before = die
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            worker.run()
        worker.now += 15 * MINUTE
    assert worker.run() == worker.stored
    assert (worker.stored.status, worker.work.tidied) == (Status.FAILED, [worker.job.id])


def test_a_worker_stops_where_another_has_claimed_the_job() -> None:
    """Having lost its claim, it saves nothing."""
    worker = Worker()

    def lose(job: Job) -> None:
        if job.processed == 2:
            worker.store.claim(job.key, "another", NOW + 15 * MINUTE, NOW + 30 * MINUTE)

    worker.work.before = lose
    assert worker.run().processed == 2
    assert worker.stored.status is Status.RUNNING


def test_a_cancelled_job_stops_at_its_next_step_and_is_tidied_up() -> None:
    worker = Worker()

    def cancel(job: Job) -> None:
        if job.processed == 2:
            worker.store.cancel(job.key, NOW + 1)

    worker.work.before = cancel
    done = worker.run()
    assert (done.status, done.processed, done.finished_ms) == (Status.CANCELLED, 2, NOW + 1)
    assert worker.work.tidied == [done.id]


def test_a_job_cancelled_in_the_queue_is_tidied_up_and_not_begun() -> None:
    worker = Worker()
    worker.store.cancel(worker.job.key, NOW + 1)
    assert worker.run().status is Status.CANCELLED
    assert (worker.stored.processed, worker.work.tidied) == (0, [worker.job.id])


def test_the_message_of_a_finished_job_does_nothing() -> None:
    worker = Worker()
    done = worker.run()
    assert worker.run() == done
    assert worker.work.tidied == []


def test_a_failed_job_is_tidied_up_though_the_answer_was_lost() -> None:
    """The store's client repeated the call, and the first call had been done."""
    worker = Worker()

    class Losing(MemoryJobs):
        def save(self, job: Job, claim: str, now_ms: int) -> None:
            super().save(job, claim, now_ms)
            if job.status is Status.FAILED:
                raise ClaimLost(job.id)

    def refuse(_: Job) -> None:
        raise JobFailed("There is no such thing.")

    store = Losing()
    store.put(worker.job)
    worker.work.before = refuse
    runner = Runner(store, worker.queue, worker.work, lambda: worker.now, lambda: "claim")
    assert runner.run(worker.job.key, lambda: 900.0).status is Status.FAILED
    assert worker.work.tidied == [worker.job.id]


def test_a_throttled_save_is_repeated() -> None:
    """The step is not."""
    worker = Worker(to=1)
    refusals = [Throttled(), Throttled()]

    class Throttling(MemoryJobs):
        def save(self, job: Job, claim: str, now_ms: int) -> None:
            if refusals:
                raise refusals.pop()
            super().save(job, claim, now_ms)

    steps: list[str] = []
    worker.work.before = lambda job: steps.append(job.id)
    store = Throttling()
    store.put(worker.job)
    runner = Runner(store, worker.queue, worker.work, lambda: worker.now, lambda: "claim", worker.paused.append)
    assert runner.run(worker.job.key, lambda: 900.0).status is Status.SUCCEEDED
    assert (len(steps), worker.paused) == (1, [1.0, 2.0])


@pytest.mark.parametrize(("times", "seconds"), [(1, 30), (2, 120), (3, 480), (4, 900), (20, 900)])
def test_a_failed_jobs_message_comes_again_at_growing_intervals(times: int, seconds: int) -> None:
    """It does not wait for the visibility timeout, which would block its lane."""
    worker = Worker()

    def break_down(_: Job) -> None:
        raise ValueError

    worker.work.before = break_down
    handler = job_handler(lambda: worker.runner)
    body = json.dumps({"tenant": ACME, "kind": "count", "job": worker.job.id})
    record = {"body": body, "receiptHandle": "receipt", "attributes": {"ApproximateReceiveCount": str(times)}}
    with pytest.raises(ValueError):
        handler({"Records": [record]}, Context())
    assert worker.queue.postponed == [("receipt", seconds)]
    assert retry_seconds(record["attributes"]) == seconds  # type: ignore[arg-type]
    worker.store.claim(worker.job.key, "another", NOW, NOW + 15 * MINUTE)
    with pytest.raises(JobBusy):
        handler({"Records": [record]}, Context())
    assert len(worker.queue.postponed) == 1


def test_an_impossible_job_fails_at_once_and_says_why() -> None:
    worker = Worker()

    def refuse(job: Job) -> None:
        if job.processed == 1:
            raise JobFailed("There is no such thing.")

    worker.work.before = refuse
    failed = worker.run()
    assert (failed.status, failed.error, failed.processed) == (Status.FAILED, "There is no such thing.", 1)
    assert worker.work.tidied == [failed.id]


def test_a_superseded_job_is_cancelled_and_says_why() -> None:
    """It has neither succeeded nor failed."""
    worker = Worker()

    def give_way(job: Job) -> None:
        if job.processed == 1:
            raise JobSuperseded("Another one does it.")

    worker.work.before = give_way
    ended = worker.run()
    assert ended == worker.stored
    assert (ended.status, ended.error, ended.processed) == (Status.CANCELLED, "Another one does it.", 1)
    assert (ended.finished_ms, worker.work.tidied) == (NOW, [ended.id])


def test_a_job_that_fails_again_and_again_ends() -> None:
    """Until then its message comes again each time. The tenant is told no internals."""
    worker = Worker()

    def break_down(_: Job) -> None:
        raise ValueError("secret internals")

    worker.work.before = break_down
    for attempt in range(MAX_ATTEMPTS):
        assert worker.stored.status is (Status.RUNNING if attempt else Status.QUEUED)
        with pytest.raises(ValueError, match="secret internals"):
            worker.run()
    assert worker.stored.status is Status.FAILED
    assert "secret" not in (worker.stored.error or "")


def test_failures_before_a_checkpoint_do_not_count() -> None:
    """Only failures in a row without progress end a job."""
    worker = Worker(to=20)
    steps = 0

    def stumble(_: Job) -> None:
        nonlocal steps
        steps += 1
        if steps % 2:
            raise ValueError

    worker.work.before = stumble
    for _ in range(20):
        with pytest.raises(ValueError):
            worker.run()
    assert worker.run().status is Status.SUCCEEDED


def test_a_throttled_step_is_repeated_after_a_while() -> None:
    worker = Worker()
    throttled = 3

    def throttle(_: Job) -> None:
        nonlocal throttled
        if throttled:
            throttled -= 1
            raise Throttled

    worker.work.before = throttle
    assert worker.run().status is Status.SUCCEEDED
    assert worker.paused == [1.0, 2.0, 4.0]


def test_a_job_is_handed_over_where_its_store_stays_throttled() -> None:
    """However often: it does not count as a failure."""
    worker = Worker()

    def throttle(_: Job) -> None:
        worker.seconds -= 400
        raise Throttled

    worker.work.before = throttle
    for number in range(1, 2 * MAX_ATTEMPTS):
        worker.seconds = 900.0
        assert worker.run().status is Status.RUNNING
        assert (worker.stored.attempts, len(worker.queue.sent)) == (0, number)
    worker.work.before = lambda _: None
    worker.seconds = 900.0
    assert worker.run().status is Status.SUCCEEDED


def test_a_worker_that_comes_before_the_row_waits_for_it() -> None:
    worker = Worker(to=2)
    late = new_job(tenant=ACME, kind="count", ask={"to": 2}, now_ms=NOW, random_bytes=seeded_bytes("late"))

    def pause(seconds: float) -> None:
        worker.now += int(seconds * 1_000)
        if worker.now >= NOW + 3_000:
            worker.store.put(late)

    runner = Runner(worker.store, worker.queue, worker.work, lambda: worker.now, lambda: "claim", pause)
    assert runner.run(late.key, lambda: 900.0).status is Status.SUCCEEDED
    assert worker.now == NOW + 3_000


def test_a_message_without_a_row_is_dropped() -> None:
    """Once its sender can no longer put the row; at once where the row has expired."""
    worker = Worker()

    def pause(seconds: float) -> None:
        worker.now += int(seconds * 1_000)

    runner = Runner(worker.store, worker.queue, worker.work, lambda: worker.now, lambda: "claim", pause)
    nothing = new_job(tenant=ACME, kind="count", ask={}, now_ms=NOW, random_bytes=seeded_bytes("never"))
    for _ in range(2):
        run_job(runner, Message(*nothing.key), lambda: 900.0)
        assert worker.now == NOW + ROW_WITHIN_MS


def test_every_job_that_is_stored_has_its_message() -> None:
    """Whatever fails, there is no job without a message. A message without a job does no harm."""
    store, queue = MemoryJobs(), MemoryQueue(refusal=Throttled())
    asked = new_job(tenant=ACME, kind="count", ask={}, now_ms=NOW, random_bytes=seeded_bytes())
    with pytest.raises(Throttled):
        submit(asked, store, queue, max_active=1)
    assert list(store.jobs(ACME, "count")) == []
    queue.refusal = None
    submit(asked, store, queue, max_active=1, delay_seconds=90)
    assert (store.job(asked.key), queue.sent) == (asked, [(asked, 90)])
    other = new_job(tenant=ACME, kind="count", ask={}, now_ms=NOW, random_bytes=seeded_bytes("other"))
    with pytest.raises(TooManyJobs):
        submit(other, store, queue, max_active=1)
    assert list(store.jobs(ACME, "count")) == [asked]
