"""Where jobs lie, held beside its likeness in memory; and the messages that say that a job wants a worker."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.typical import code_for
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.wiring import Tables
from daybook.clock import DAY
from daybook.errors import Throttled
from daybook.jobs.job import EXPORT, REPLAY, ClaimLost, Job, JobBusy, JobKey, Status, TooManyJobs, UnknownJob, new_job
from daybook.jobs.message import StaleMessage, read_message
from daybook.jobs.runner import Runner
from daybook.jobs.store import JobStore, cancel, submit
from daybook.jobs.worker import job_handler
from daybook.tenant import TenantCode
from tests.support.calls import Context
from tests.support.jobs import Counting, MemoryJobs, received

ACME = code_for("acme")
NOW = 1_750_000_000_000
chance = random.Random(7)  # noqa: S311

pytestmark = pytest.mark.every_store


@pytest.fixture(params=["table", "memory"])
def jobs(request: pytest.FixtureRequest, dynamodb: Any, tables: Tables) -> JobStore:
    return JobTable(dynamodb, tables.control) if request.param == "table" else MemoryJobs()


def job(now_ms: int = NOW, kind: str = "count", tenant: TenantCode = ACME) -> Job:
    ask = {"to": 5, "names": ["a", "ü"]}
    new = new_job(tenant=tenant, kind=kind, ask=ask, now_ms=now_ms, random_bytes=chance.randbytes, lane=1)
    return replace(new, sealed="sealed")


def test_a_job_is_kept_as_it_was_put(jobs: JobStore) -> None:
    put = job()
    jobs.put(put)
    assert jobs.job(put.key) == put
    for other in (put.key._replace(tenant=code_for("other")), put.key._replace(kind="other")):
        with pytest.raises(UnknownJob):
            jobs.job(other)


def test_a_job_is_found_whatever_its_kind(jobs: JobStore) -> None:
    for kind in (EXPORT, REPLAY):
        put = job(kind=kind)
        jobs.put(put)
        assert jobs.find(ACME, put.id) == put
        with pytest.raises(UnknownJob):
            jobs.find(code_for("other"), put.id)


def test_jobs_of_one_kind_and_tenant_are_listed_newest_first(jobs: JobStore) -> None:
    first, second, third = job(NOW), job(NOW + 1), job(NOW + 2)
    for each in (second, third, first, job(NOW, "other"), job(NOW, tenant=code_for("other"))):
        jobs.put(each)
    assert list(jobs.jobs(ACME, "count")) == [third, second, first]
    assert list(jobs.jobs(ACME, "count", 2)) == [third, second]
    assert [list(jobs.later(each)) for each in (first, second, third)] == [[third, second], [third], []]


def test_a_tenant_may_have_so_many_active_jobs(jobs: JobStore) -> None:
    """Of one kind; those that have ended do not count."""
    first, second = job(NOW), job(NOW + 1)
    assert list(jobs.active(ACME, "count")) == []
    jobs.put(first, max_active=2)
    jobs.put(second, max_active=2)
    assert list(jobs.active(ACME, "count")) == [first, second]
    with pytest.raises(TooManyJobs):
        jobs.put(job(), max_active=2)
    jobs.put(job(kind="other"), max_active=2)
    jobs.put(job(tenant=code_for("other")), max_active=2)
    jobs.cancel(first.key, NOW)
    assert list(jobs.active(ACME, "count")) == [second]
    third = job(NOW + 2)
    jobs.put(third, max_active=2)
    assert list(jobs.active(ACME, "count")) == [second, third]


def test_a_refused_job_is_no_job(jobs: JobStore) -> None:
    """Its message is dropped, whenever it comes, and nobody else sees it."""
    refused, waiting = job(), job(NOW + 1)
    with pytest.raises(UnknownJob):
        jobs.claim(received(refused), "claim", NOW, NOW + 1)
    jobs.refuse(refused)
    with pytest.raises(StaleMessage):
        jobs.claim(received(refused), "claim", NOW, NOW + 1)
    with pytest.raises(UnknownJob):
        jobs.claim(received(waiting), "claim", NOW, NOW + 1)
    with pytest.raises(UnknownJob):
        jobs.find(ACME, refused.id)
    assert list(jobs.jobs(ACME, "count")) == []


@pytest.mark.parametrize("store", ["dynamodb-local"], indirect=True)
def test_ten_at_once_have_their_turn(dynamodb: Any, tables: Tables) -> None:
    """And no more than may be active, however they race."""
    jobs = JobTable(dynamodb, tables.control)
    asked = [job(NOW + number) for number in range(10)]

    def put(each: Job) -> bool:
        try:
            jobs.put(each, max_active=8)
        except TooManyJobs:
            return False
        return True

    with ThreadPoolExecutor(len(asked)) as at_once:
        assert sorted(at_once.map(put, asked)) == [False] * 2 + [True] * 8
    assert len(jobs.active(ACME, "count")) == 8


def test_one_worker_at_a_time(jobs: JobStore) -> None:
    """A claim that ran out, or was released, may be taken over, and who lost it saves nothing."""
    put = job()
    jobs.put(put)
    claimed = jobs.claim(received(put), "one", NOW, NOW + 10)
    assert claimed == replace(
        put, status=Status.RUNNING, attempts=1, turn=1, receipt="receipt-1-1", claimed_until_ms=NOW + 10
    )
    with pytest.raises(JobBusy):
        jobs.claim(received(put, receives=2), "two", NOW + 9, NOW + 20)
    assert jobs.claim(received(put), "one", NOW, NOW + 10).id == put.id  # its first answer was lost
    for _ in range(2):  # its first answer was lost, too
        jobs.save(replace(claimed, checkpoint={"count": 1}, processed=1, progress=0.2, attempts=0), "one", NOW + 1)
    again = jobs.claim(received(put, receives=2), "two", NOW + 10, NOW + 20)
    assert (again.checkpoint, again.processed, again.progress, again.attempts) == ({"count": 1}, 1, 0.2, 1)
    assert again.receipt == "receipt-1-2", "the handle of the receive that counts"
    with pytest.raises(ClaimLost):
        jobs.save(claimed, "one", NOW + 11)
    jobs.release(claimed, "one")
    with pytest.raises(JobBusy):
        jobs.claim(received(put), "three", NOW + 11, NOW + 20)
    assert jobs.job(put.key).claimed_until_ms == NOW + 20
    jobs.release(again, "two")
    assert jobs.job(put.key).claimed_until_ms is None
    assert jobs.claim(received(put), "three", NOW + 11, NOW + 20).attempts == 2
    with pytest.raises(UnknownJob):
        jobs.claim(received(job()), "one", NOW, NOW + 10)


def test_a_claim_that_is_refused_says_until_when(jobs: JobStore) -> None:
    """So one wait is enough."""
    put = job()
    jobs.put(put)
    jobs.claim(received(put), "one", NOW, NOW + 10)
    with pytest.raises(JobBusy) as busy:
        jobs.claim(received(put), "two", NOW + 9, NOW + 20)
    assert busy.value.until_ms == NOW + 10


def test_of_two_messages_of_a_turn_one_goes_on(jobs: JobStore) -> None:
    """Whoever sent the copy, and whenever it comes: while the first is worked on, after that, and a day later. The
    message itself goes on whenever it comes again.
    """
    put = job()
    jobs.put(put)
    first = jobs.claim(received(put), "one", NOW, NOW + 10)
    for now_ms in (NOW + 5, NOW + 10, NOW + DAY):
        with pytest.raises(StaleMessage):
            jobs.claim(received(put, copy="b"), "two", now_ms, now_ms + 10)
    assert jobs.claim(received(put, receives=2), "two", NOW + 10, NOW + 20).turn == 1
    second = jobs.claim(received(first), "three", NOW + 20, NOW + 30)
    assert second.turn == 2
    for late in (received(put), received(put, copy="b"), received(first, copy="b")):
        with pytest.raises(StaleMessage):
            jobs.claim(late, "four", NOW + DAY, NOW + DAY + 10)
    jobs.save(replace(second, status=Status.SUCCEEDED), "three", NOW + 25)
    assert jobs.claim(received(put), "four", NOW + DAY, NOW + DAY + 10).status is Status.SUCCEEDED


def test_jobs_use_a_thing_one_at_a_time(jobs: JobStore) -> None:
    """Until the first one frees it, or its reservation ends. It may reserve it again at any time."""
    first, second, other = job(), job(), job(tenant=code_for("other"))
    assert jobs.reserve(first, "stream#0", NOW, NOW + 10)
    assert not jobs.reserve(second, "stream#0", NOW + 9, NOW + 20)
    assert jobs.reserve(second, "stream#1", NOW, NOW + 10)
    assert jobs.reserve(other, "stream#0", NOW, NOW + 10)
    assert jobs.reserve(first, "stream#0", NOW + 9, NOW + 30)
    jobs.free(second, "stream#0")
    assert not jobs.reserve(second, "stream#0", NOW + 29, NOW + 40)
    assert jobs.reserve(second, "stream#0", NOW + 30, NOW + 40)
    jobs.free(first, "stream#0")
    assert not jobs.reserve(first, "stream#0", NOW + 31, NOW + 50)
    jobs.free(second, "stream#0")
    assert jobs.reserve(first, "stream#0", NOW + 31, NOW + 50)


def test_since_when_a_job_is_throttled_is_kept_and_forgotten(jobs: JobStore) -> None:
    put = job()
    jobs.put(put)
    claimed = jobs.claim(received(put), "one", NOW, NOW + 10)
    jobs.save(replace(claimed, throttled_ms=NOW + 1), "one", NOW + 1)
    assert jobs.job(put.key).throttled_ms == NOW + 1
    jobs.save(replace(claimed, throttled_ms=None), "one", NOW + 2)
    assert jobs.job(put.key).throttled_ms is None


def test_a_row_that_is_put_after_a_refused_claim_is_not_busy(dynamodb: Any, tables: Tables) -> None:
    """The message of a job goes before its row. 60 claims of 60, each of which comes just before the row."""

    class PutMeanwhile:
        """Puts the row between the refused update and any later call."""

        def __getattr__(self, name: str) -> Any:
            return getattr(dynamodb, name)

        def update_item(self, **call: Any) -> Any:
            try:
                return dynamodb.update_item(**call)
            except ClientError:
                JobTable(dynamodb, tables.control).put(late)
                raise

    table = JobTable(PutMeanwhile(), tables.control)
    for number in range(60):
        late = job(NOW + number)
        with pytest.raises(UnknownJob):
            table.claim(received(late), "one", NOW, NOW + 10)
        assert table.claim(received(late), "one", NOW, NOW + 10).status is Status.RUNNING


def test_what_has_ended_is_not_claimed_and_not_cancelled(jobs: JobStore) -> None:
    put = job()
    jobs.put(put)
    claimed = jobs.claim(received(put), "one", NOW, NOW + 10)
    done = replace(
        claimed, sealed=None, checkpoint={}, status=Status.SUCCEEDED, progress=1.0, attempts=0, finished_ms=NOW + 5
    )
    for _ in range(2):
        jobs.save(done, "one", NOW + 5)
    with pytest.raises(ClaimLost):
        jobs.save(claimed, "one", NOW + 6)
    assert jobs.claim(received(put), "two", NOW + 20, NOW + 30) == done
    assert jobs.cancel(put.key, NOW + 40) == done


def test_a_cancelled_job_is_nobodys(jobs: JobStore) -> None:
    put = job()
    jobs.put(put)
    claimed = jobs.claim(received(put), "one", NOW, NOW + 10)
    cancelled = jobs.cancel(put.key, NOW + 5)
    assert cancelled == replace(claimed, sealed=None, status=Status.CANCELLED, finished_ms=NOW + 5)
    with pytest.raises(ClaimLost):
        jobs.save(claimed, "one", NOW + 6)
    assert jobs.claim(received(put), "two", NOW + 20, NOW + 30) == cancelled
    with pytest.raises(UnknownJob):
        jobs.cancel(JobKey(ACME, "count", "nothing"), NOW)


def test_a_row_ends_by_itself(dynamodb: Any, tables: Tables) -> None:
    """30 days after it was asked for, or went on last."""
    put = job()
    table = JobTable(dynamodb, tables.control)
    table.put(put)
    key = {"pk": {"S": f"{ACME}#jobs"}, "sk": {"S": f"count#{put.id}"}}

    def expires_at() -> int:
        return int(dynamodb.get_item(TableName=tables.control, Key=key)["Item"]["expires_at"]["N"])

    assert expires_at() == NOW // 1000 + 30 * 86_400
    claimed = table.claim(received(put), "one", NOW, NOW + 10)
    table.save(claimed, "one", NOW + 5_000)
    assert expires_at() == NOW // 1000 + 5 + 30 * 86_400


@pytest.mark.parametrize("operation", ["get_item", "query", "put_item", "update_item", "transact_write_items"])
def test_a_store_that_is_throttled_says_so(dynamodb: Any, tables: Tables, operation: str) -> None:
    """For the moment: never an error of ours, never another's turn."""

    class Throttling:
        def __getattr__(self, name: str) -> Any:
            return self.refuse if name == operation else getattr(dynamodb, name)

        def refuse(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)

    table = JobTable(Throttling(), tables.control)
    calls: dict[str, Callable[[], Any]] = {
        "get_item": lambda: table.job(job().key),
        "query": lambda: table.jobs(ACME, "count"),
        "put_item": lambda: table.put(job()),
        "update_item": lambda: table.claim(received(job()), "one", NOW, NOW + 10),
        "transact_write_items": lambda: table.put(job(), max_active=1),
    }
    with pytest.raises(Throttled):
        calls[operation]()


def test_what_a_job_made_may_be_taken_away(jobs: JobStore) -> None:
    """Of one that has succeeded; the first time counts."""
    put = job()
    jobs.put(put)
    jobs.withdraw(put.key, NOW + 1)
    claimed = jobs.claim(received(put), "one", NOW, NOW + 10)
    done = replace(claimed, sealed=None, checkpoint={}, status=Status.SUCCEEDED, finished_ms=NOW + 5)
    jobs.save(done, "one", NOW + 5)
    assert jobs.job(put.key).withdrawn_ms is None
    for moment_ms in (NOW + 6, NOW + 7):
        jobs.withdraw(put.key, moment_ms)
    assert jobs.job(put.key) == replace(done, withdrawn_ms=NOW + 6)


def test_a_fifo_queue_gives_each_lane_one_job_at_a_time(aws: Callable[[str], Any]) -> None:
    """In the order asked for; tenants beside each other; and a job sent anew comes anew."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    queue = SqsJobQueue(sqs, url)
    first, second, other = job(), job(), job(tenant=code_for("other"))
    for each in (first, second, other):
        queue.send(each)

    def received() -> list[str]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        handles.extend(message["ReceiptHandle"] for message in messages)
        return [json.loads(message["Body"])["job"] for message in messages]

    handles: list[str] = []
    assert [*received(), *received(), *received()] == [first.id, other.id]
    queue.send(first)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[0])
    assert received() == [second.id]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[2])
    assert received() == [first.id]


@pytest.mark.parametrize(("code", "raised"), [("RequestThrottled", Throttled), ("AccessDenied", ClientError)])
def test_what_sqs_refuses_for_the_moment_is_throttled(code: str, raised: type[Exception]) -> None:
    class Refusing:
        def send_message(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code}}, "SendMessage")

    with pytest.raises(raised):
        SqsJobQueue(Refusing(), "jobs").send(job())


def test_a_message_can_come_again_sooner(aws: Callable[[str], Any]) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "900"})["QueueUrl"]
    queue = SqsJobQueue(sqs, url)
    queue.send(job())
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []
    queue.postpone(message["ReceiptHandle"], 0)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_cancelling_frees_the_lane_at_once(dynamodb: Any, tables: Tables, aws: Callable[[str], Any]) -> None:
    """Though the worker was killed, and its message is invisible for 15 minutes. Another worker tidies up."""
    sqs = aws("sqs")
    attributes = {"VisibilityTimeout": "970", "FifoQueue": "true"}
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes=attributes)["QueueUrl"]
    table, queue, work = JobTable(dynamodb, tables.control), SqsJobQueue(sqs, url), Counting()
    handler = job_handler(lambda: Runner(table, queue, work, lambda: NOW))
    first, second = job(), job()
    for each in (first, second):
        submit(each, table, queue)

    def message() -> dict[str, Any] | None:
        answer = sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages", [])
        return dict(answer[0]) if answer else None

    def handle(message: dict[str, Any]) -> None:
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        assert handler({"Records": [record]}, Context(900)) == {"batchItemFailures": []}
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def die(_: Job) -> None:
        raise KeyboardInterrupt

    killed = message()
    assert killed
    work.before = die
    with pytest.raises(KeyboardInterrupt):
        handle(killed)
    work.before = lambda _: None
    assert message() is None, "the lane stands still"
    assert cancel(first.key, table, queue, NOW).status is Status.CANCELLED
    again = message()
    assert again
    assert again["MessageId"] == killed["MessageId"]
    handle(again)
    assert work.tidied == [first.id]
    following = message()
    assert following
    handle(following)
    assert [table.job(each.key).status for each in (first, second)] == [Status.CANCELLED, Status.SUCCEEDED]


def test_a_message_that_is_visible_or_gone_is_not_postponed(aws: Callable[[str], Any]) -> None:
    """A cancelled job may have handed over meanwhile. An old handle changes nothing and is no error."""
    sqs = aws("sqs")
    attributes = {"VisibilityTimeout": "900", "FifoQueue": "true"}
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes=attributes)["QueueUrl"]
    queue = SqsJobQueue(sqs, url)
    queue.send(job())
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    for _ in range(2):
        queue.postpone(message["ReceiptHandle"], 0)
    (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert again["MessageId"] == message["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    queue.postpone(again["ReceiptHandle"], 0)


def test_a_standard_queue_can_delay(aws: Callable[[str], Any]) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    put = job()
    SqsJobQueue(sqs, url).send(put, delay_seconds=60)
    assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []
    SqsJobQueue(sqs, url).send(put)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sent = read_message(message["Body"])
    assert (sent.key, sent.turn) == (put.key, 1)
