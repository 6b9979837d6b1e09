"""Running jobs: steps, checkpoints, hand-over, failure, cancellation, claims."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from benchmarks.typical import code_for
from daybook import observability
from daybook.clock import DAY, MINUTE, SECOND
from daybook.errors import Throttled
from daybook.jobs.claiming import ROW_WITHIN_MS, retry_seconds
from daybook.jobs.job import ClaimLost, Job, JobFailed, JobSuperseded, Status, TooManyJobs, UnknownJob, new_job
from daybook.jobs.message import Postponed, Received, StaleMessage
from daybook.jobs.runner import MAX_ATTEMPTS, TIDY_LANE, Runner
from daybook.jobs.store import cancel, submit
from daybook.jobs.worker import job_handler
from tests.support.ingest import seeded_bytes
from tests.support.jobs import Counting, MemoryJobs, MemoryQueue, received

ACME = code_for("acme")
NOW = 1_000_000


AGAIN = {"batchItemFailures": [{"itemIdentifier": "m"}]}


class Invocation:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def handled(runner: Runner, message: Received) -> dict[str, Any]:
    """The answer of the Lambda handler."""
    record = {
        "messageId": "m",
        "receiptHandle": message.receipt,
        "body": msgspec.json.encode(message.message).decode(),
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
    }
    return job_handler(lambda: runner)({"Records": [record]}, Invocation())


class Worker:
    """A runner with stores in memory, in an invocation of 15 minutes; tests set the clock."""

    def __init__(self, to: int = 5) -> None:
        self.now = NOW
        self.seconds = 900.0
        self.store, self.queue, self.work = MemoryJobs(), MemoryQueue(), Counting()
        self.paused: list[float] = []
        self.counted: list[str] = []
        self._claims = iter(f"claim-{number}" for number in range(1_000))
        self.runner = Runner(
            self.store,
            self.queue,
            self.work,
            lambda: self.now,
            lambda: next(self._claims),
            self.paused.append,
            count=self.counted.append,
        )
        self.job = new_job(tenant=ACME, kind="count", ask={"to": to}, now_ms=NOW, random_bytes=seeded_bytes())
        self.store.put(self.job)

    def run(self, receives: int = 1) -> Job:
        """Receives the message that was sent last."""
        sent = self.queue.sent[-1][0] if self.queue.sent else self.job
        return self.runner.run(received(sent, receives), lambda: self.seconds)

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
    worker.queue.can_delay = False

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
    with pytest.raises(Postponed) as postponed:
        worker.run()
    assert postponed.value.seconds == 16 * MINUTE // SECOND
    assert worker.counted == [observability.JOBS_POSTPONED]
    worker.now += 16 * MINUTE
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
        worker.now += 16 * MINUTE
    assert worker.run() == worker.stored
    assert worker.counted == [observability.JOBS_GIVEN_UP]
    assert (worker.stored.status, worker.work.tidied) == (Status.FAILED, [worker.job.id])


def test_a_worker_stops_where_another_has_claimed_the_job() -> None:
    """Having lost its claim, it saves nothing."""
    worker = Worker()

    def lose(job: Job) -> None:
        if job.processed == 2:
            worker.store.claim(received(worker.job, 2), "another", NOW + 16 * MINUTE, NOW + 30 * MINUTE)

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
    assert runner.run(received(worker.job), lambda: 900.0).status is Status.FAILED
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
    assert runner.run(received(worker.job), lambda: 900.0).status is Status.SUCCEEDED
    assert (len(steps), worker.paused) == (1, [1.0, 2.0])


@pytest.mark.parametrize(("times", "seconds"), [(1, 30), (2, 120), (3, 480), (4, 900), (20, 900)])
def test_a_failed_jobs_message_comes_again_at_growing_intervals(times: int, seconds: int) -> None:
    """It does not wait for the visibility timeout, which would block its lane."""
    worker = Worker()

    def break_down(_: Job) -> None:
        raise ValueError

    worker.work.before = break_down
    with pytest.raises(ValueError):
        handled(worker.runner, received(worker.job, times))
    assert worker.queue.postponed == [(f"receipt-1-{times}", seconds)]
    assert retry_seconds(times) == seconds


def test_another_workers_claim_is_one_wait_and_no_error() -> None:
    """The message comes again when the claim ends. It is reported, so that it is not deleted."""
    worker = Worker()
    worker.store.claim(received(worker.job), "another", NOW, NOW + 15 * MINUTE)
    assert handled(worker.runner, received(worker.job, 2)) == AGAIN
    assert worker.queue.postponed == [("receipt-1-2", 15 * MINUTE // SECOND)]
    worker.now += 15 * MINUTE
    assert handled(worker.runner, received(worker.job, 3)) == {"batchItemFailures": []}
    assert worker.stored.status is Status.SUCCEEDED


def test_a_message_comes_again_though_it_could_not_be_postponed() -> None:
    """After the queue's visibility timeout."""
    worker = Worker()
    worker.store.claim(received(worker.job), "another", NOW, NOW + 15 * MINUTE)

    class Refusing(MemoryQueue):
        def postpone(self, receipt: str, seconds: int) -> None:
            raise Throttled(receipt, seconds)

    runner = replace(worker.runner, queue=Refusing())
    assert handled(runner, received(worker.job, 2)) == AGAIN


def test_an_impossible_job_fails_at_once_and_says_why() -> None:
    worker = Worker()

    def refuse(job: Job) -> None:
        if job.processed == 1:
            raise JobFailed("There is no such thing.")

    worker.work.before = refuse
    failed = worker.run()
    assert (failed.status, failed.error, failed.processed) == (Status.FAILED, "There is no such thing.", 1)
    assert worker.counted == [observability.JOBS_FAILED]
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
    assert worker.counted == [observability.JOBS_GIVEN_UP]


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


def test_operators_hear_of_a_job_that_is_handed_over_for_days() -> None:
    """Its messages would come for ever, and none of them long enough to be old or dead."""
    worker = Worker(to=9)
    worker.work.wait_seconds = 1
    worker.now += 2 * DAY - 1
    worker.run()
    assert observability.JOBS_UNENDING not in worker.counted
    worker.now += 1
    worker.run()
    assert worker.counted.count(observability.JOBS_UNENDING) == 1


def throttle(_: Job) -> None:
    raise Throttled


def test_a_throttled_job_waits_in_the_queue_and_not_in_its_worker() -> None:
    """After three short tries. The waits double up to a quarter of an hour. None of them counts as a failure."""
    worker = Worker()
    worker.work.before = throttle
    for seconds in (15, 15, 30, 60, 120, 240, 480, 900, 900):
        worker.paused.clear()
        assert worker.run().status is Status.RUNNING
        assert (worker.stored.attempts, worker.queue.sent[-1][1]) == (0, seconds)
        assert sum(worker.paused) <= 7
        worker.now += seconds * SECOND
    assert worker.counted == [observability.JOBS_WAITING] * 9
    worker.work.before = lambda _: None
    assert worker.run().status is Status.SUCCEEDED
    assert worker.stored.throttled_ms is None


def test_a_job_that_is_throttled_for_a_day_fails_with_a_sentence() -> None:
    """A step that is not throttled starts the day anew."""
    worker = Worker(to=2)
    worker.work.before = throttle
    worker.run()
    worker.now += DAY - SECOND
    worker.run()

    def once(job: Job) -> None:
        if job.processed:
            raise Throttled

    worker.work.before = once
    worker.run()
    worker.now += DAY - SECOND
    assert worker.run().status is Status.RUNNING
    worker.now += SECOND
    failed = worker.run()
    assert (failed.status, failed.processed, failed.finished_ms) == (Status.FAILED, 1, worker.now)
    assert failed.error == "The service was too busy for a day. Ask for it again."
    assert worker.work.tidied == [failed.id]
    assert worker.counted[-1] == observability.JOBS_GIVEN_UP


def test_a_throttled_job_of_a_fifo_queue_waits_by_its_own_message() -> None:
    """SQS can't delay a message of such a queue, and the job keeps its place in its lane. Once it has gone on, a new
    message counts the receives from the beginning.
    """
    worker = Worker(to=2)
    worker.queue.can_delay = False
    worker.work.before = throttle
    for receives, seconds in ((1, 15), (2, 15), (3, 30)):
        assert handled(worker.runner, received(worker.job, receives)) == {
            "batchItemFailures": [{"itemIdentifier": "m"}]
        }
        assert worker.queue.postponed[-1] == (f"receipt-1-{receives}", seconds)
        worker.now += seconds * SECOND
    assert worker.queue.sent == []

    def once(job: Job) -> None:
        if job.processed:
            raise Throttled

    worker.work.before = once
    assert handled(worker.runner, received(worker.job, 4)) == {"batchItemFailures": []}
    assert [delay for _, delay in worker.queue.sent] == [0]


def test_a_claim_that_is_throttled_is_tried_later() -> None:
    worker = Worker()

    class Throttling(MemoryJobs):
        def claim(self, received: Received, claim: str, now_ms: int, until_ms: int) -> Job:
            raise Throttled(received, claim, now_ms, until_ms)

    runner = replace(worker.runner, store=Throttling())
    for receives, seconds in ((1, 30), (2, 120)):
        assert handled(runner, received(worker.job, receives)) == AGAIN
        assert worker.queue.postponed[-1] == (f"receipt-1-{receives}", seconds)


def test_jobs_of_a_standard_queue_take_turns() -> None:
    """After half a minute a job goes to the end of the queue. A job of a FIFO queue keeps its worker: it would go
    behind the other jobs of its lane.
    """
    for can_delay, turns in ((True, 5), (False, 1)):
        worker = Worker(to=15)
        worker.queue.can_delay = can_delay

        def pass_time(_: Job, worker: Worker = worker) -> None:
            worker.seconds -= 10

        worker.work.before = pass_time
        count = 1
        while not worker.run().status.has_ended:
            worker.seconds = 900.0
            count += 1
        assert count == turns
        assert {delay for _, delay in worker.queue.sent} <= {0}


def test_a_step_that_has_to_wait_ends_the_invocation_well() -> None:
    """The wait is a message's delay."""
    worker = Worker(to=2)
    worker.work.wait_seconds = 40
    assert worker.run().status is Status.RUNNING
    assert [delay for _, delay in worker.queue.sent] == [40]
    assert worker.counted == [observability.JOBS_WAITING]
    assert worker.run().status is Status.SUCCEEDED


def test_copies_of_a_message_start_nothing() -> None:
    """A message that was sent twice, or comes a day late, is dropped, whatever has become of the job."""
    worker = Worker(to=2)
    worker.work.hand_over = True
    worker.run()
    for copy in (received(worker.job, 2, "b"), received(worker.job, 2, "c")):
        with pytest.raises(StaleMessage):
            worker.runner.run(copy, lambda: 900.0)
        worker.now += DAY
    ((sent, _),) = worker.queue.sent
    done = worker.run()
    assert worker.runner.run(received(sent, 1, "b"), lambda: 900.0) == done
    assert (len(worker.queue.sent), worker.work.tidied) == (1, [])


def test_a_worker_that_was_frozen_past_its_claim_changes_nothing() -> None:
    """It wakes in the middle of its step, when another worker has done the job."""
    worker = Worker(to=3)

    def freeze(job: Job) -> None:
        if job.processed == 1:
            worker.work.before = lambda _: None
            worker.now += 16 * MINUTE
            assert worker.run(2).status is Status.SUCCEEDED

    worker.work.before = freeze
    woken = worker.run()
    assert (woken.status, woken.processed) == (Status.SUCCEEDED, 3)
    assert (worker.queue.sent, worker.work.tidied) == ([], [])


def test_a_worker_that_was_frozen_before_it_sent_starts_no_second_worker() -> None:
    """It had saved. Another worker repeated the turn and handed over, and then there are two messages of one turn."""
    worker = Worker(to=4)
    worker.work.hand_over = True
    frozen: list[Job] = []

    class Freezing(MemoryQueue):
        def send(self, job: Job, delay_seconds: int = 0) -> None:
            if not frozen:
                frozen.append(job)
                worker.now += 16 * MINUTE
                runner.run(received(worker.job, 2), lambda: 900.0)
            super().send(job, delay_seconds)

    queue = Freezing()
    runner = replace(worker.runner, queue=queue)
    runner.run(received(worker.job), lambda: 900.0)
    first, second = (job for job, _ in queue.sent)
    assert first.turn == second.turn == 1
    assert runner.run(received(first, 1, "a"), lambda: 900.0).processed == 3
    with pytest.raises(StaleMessage):
        runner.run(received(second, 1, "b"), lambda: 900.0)


@pytest.mark.parametrize("apart", [-MINUTE, MINUTE])
def test_clocks_a_minute_apart_give_no_job_to_two_workers(apart: int) -> None:
    """The first worker has its claim until its own invocation must end."""
    worker = Worker()

    def die(_: Job) -> None:
        raise KeyboardInterrupt

    worker.work.before = die
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    worker.now += 15 * MINUTE + apart - SECOND
    with pytest.raises(Postponed) as postponed:
        worker.run(2)
    assert 1 <= postponed.value.seconds <= 121


def test_a_worker_that_comes_before_the_row_waits_for_it_a_moment() -> None:
    worker = Worker(to=2)
    late = new_job(tenant=ACME, kind="count", ask={"to": 2}, now_ms=NOW, random_bytes=seeded_bytes("late"))

    def pause(seconds: float) -> None:
        worker.now += int(seconds * 1_000)
        if worker.now >= NOW + 1_000:
            worker.store.put(late)

    runner = replace(worker.runner, pause=pause)
    assert runner.run(received(late), lambda: 900.0).status is Status.SUCCEEDED
    assert NOW + 1_000 <= worker.now <= NOW + 2_000


@pytest.mark.parametrize("apart", [-MINUTE, 0, MINUTE])
def test_a_message_without_a_row_waits_in_the_queue_then_is_dropped(apart: int) -> None:
    """Its sender may put the row for 30 seconds. They are counted by the queue's own waits, so that a worker whose
    clock is a minute ahead drops no job, and one whose clock is a minute behind does so in the end.
    """
    worker = Worker()
    worker.now += apart
    runner = replace(worker.runner, pause=lambda seconds: setattr(worker, "now", worker.now + int(seconds * 1_000)))
    nothing = new_job(tenant=ACME, kind="count", ask={}, now_ms=NOW, random_bytes=seeded_bytes("never"))
    waited = []
    for receives in range(1, 20):
        if not handled(runner, received(nothing, receives))["batchItemFailures"]:
            break
        waited.append(worker.queue.postponed[-1][1])
        worker.now += waited[-1] * SECOND
    assert waited[:4] == [2, 4, 8, 16]
    assert sum(waited) >= ROW_WITHIN_MS // SECOND
    assert waited[4:] == ([16] * 3 if apart < 0 else [])


def test_a_message_that_comes_a_day_late_without_a_row_is_dropped_at_once() -> None:
    """Its row has expired, or was never put."""
    worker = Worker()
    worker.now += DAY
    nothing = new_job(tenant=ACME, kind="count", ask={}, now_ms=NOW, random_bytes=seeded_bytes("never"))
    with pytest.raises(UnknownJob):
        worker.runner.run(received(nothing), lambda: 900.0)
    assert worker.paused == []


def test_a_row_that_comes_late_is_found() -> None:
    """After 27 seconds, which is as late as a request can put it."""
    worker = Worker()
    late = new_job(tenant=ACME, kind="count", ask={"to": 2}, now_ms=NOW, random_bytes=seeded_bytes("late"))
    runner = replace(worker.runner, pause=lambda _: None)
    for receives in range(1, 6):
        if worker.now >= NOW + 27 * SECOND:
            worker.store.put(late)
        if not handled(runner, received(late, receives))["batchItemFailures"]:
            break
        worker.now += worker.queue.postponed[-1][1] * SECOND
    assert worker.store.job(late.key).status is Status.SUCCEEDED


def test_the_message_of_a_cancelled_job_comes_at_once() -> None:
    """Until it is deleted, its lane stands still. A job that has ended otherwise, or was never claimed, has none to
    call.
    """
    worker = Worker()
    assert cancel(worker.job.key, worker.store, worker.queue, NOW).status is Status.CANCELLED
    assert worker.queue.postponed == []
    worker = Worker()

    def die(_: Job) -> None:
        raise KeyboardInterrupt

    worker.work.before = die
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    cancel(worker.job.key, worker.store, worker.queue, NOW)
    assert worker.queue.postponed == [("receipt-1-1", 0)]
    assert worker.run(2).status is Status.CANCELLED
    assert worker.work.tidied == [worker.job.id]


def test_what_a_worker_wrote_after_the_cancel_is_deleted_though_it_was_killed() -> None:
    """The next worker tidied up while it was still at it. So another message, which holds up no lane, has that done
    again after its claim.
    """
    worker = Worker()
    worker.queue.can_delay = False

    def go_on_and_die(job: Job) -> None:
        if job.processed == 2:
            cancel(job.key, worker.store, worker.queue, NOW)
            assert handled(worker.runner, received(worker.job, 2)) == {"batchItemFailures": []}
            raise KeyboardInterrupt

    worker.work.before = go_on_and_die
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    assert worker.work.tidied == [worker.job.id]
    ((message, _),) = worker.queue.sent
    assert message.lane == TIDY_LANE
    assert handled(worker.runner, received(message)) == AGAIN
    seconds = worker.queue.postponed[-1][1]
    assert seconds == 16 * MINUTE // SECOND
    worker.now += seconds * SECOND
    assert handled(worker.runner, received(message, 2)) == {"batchItemFailures": []}
    assert worker.work.tidied == [worker.job.id] * 2
    assert len(worker.queue.sent) == 1


def test_a_cancelled_jobs_worker_tidies_up_whatever_its_step_raises() -> None:
    """Its message was deleted, so nobody else would."""
    worker = Worker()

    def break_down(job: Job) -> None:
        worker.store.cancel(job.key, NOW)
        raise ValueError

    worker.work.before = break_down
    with pytest.raises(ValueError):
        worker.run()
    assert worker.work.tidied == [worker.job.id]
    assert worker.stored.status is Status.CANCELLED


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
    # The message that was sent for the other job holds up nobody: the worker knows at once that the job was refused.
    with pytest.raises(StaleMessage):
        store.claim(received(other), "claim", NOW, NOW)
