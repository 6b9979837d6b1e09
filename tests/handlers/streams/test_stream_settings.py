"""A tenant's admin sets up a stream, reads its state and tests it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import MINUTE
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Record, Records, WrittenRecords
from daybook.delivery.sender import BYTES_A_RECORD, UNHURRIED, PutFailed
from daybook.events.item import StoredEvent
from daybook.events.store import Append, Kept, Key
from daybook.http.serve import serve
from daybook.jobs.job import Job
from streams.api_handler import operations
from streams.operations import MAX_REPLAYS
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.jobs import MemoryQueue
from tests.support.streams import ROLE, STREAM, StreamHarness
from tests.support.tenant_log import TenantLog, problem_of

BODY = {"stream_arn": STREAM, "role_arn": ROLE, "format": "symbee"}
PATH = "/v1/settings/stream"


class BreakableQueue(MemoryQueue):
    broken = False

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        if self.broken:
            raise ConnectionError("no queue")
        super().send(job, delay_seconds)


class Unwritable:
    """A log that accepts nothing."""

    def append(self, events: Sequence[StoredEvent], _remaining: Any) -> Mapping[Key, Append]:
        return {(event.partition, event.id): Append.THROTTLED for event in events}

    def find(self, _keys: Iterable[Key]) -> Mapping[Key, Kept]:
        return {}


class ChangedRecords(Records):
    """Records that a given function changes."""

    def __init__(self, records: Records, make: Callable[[Sequence[Record]], Sequence[Record]]) -> None:
        self._records = records
        self._make = make

    def of(self, destination: Destination, rows: Sequence[InsertedEvent]) -> WrittenRecords:
        written = self._records.of(destination, rows)
        return written._replace(records=self._make(written.records))


class Admin:
    """The answers to an admin of the tenant."""

    def __init__(self, publishing: StreamHarness, **replaced: Any) -> None:
        """`replaced` are properties of the wiring."""
        self.queue = BreakableQueue()
        self._operations = operations(publishing.wiring.replacing(**replaced), self.queue)

    def __call__(self, method: str, body: Any = None, path: str = PATH, **query: str) -> dict[str, Any]:
        event = call(method, path, body, authorizer=authorized("admin", environment=query.pop("of_key", "*")))
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
        return documented(event, serve(event, Context(), self._operations))

    def done(self, method: str, body: Any = None, path: str = PATH, **query: str) -> dict[str, Any]:
        answer = self(method, body, path, **query)
        assert answer["statusCode"] == 200, answer["body"]
        given: dict[str, Any] = answered(answer)
        return given


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.fixture
def publishing(log: TenantLog) -> StreamHarness:
    return StreamHarness(log)


@pytest.fixture
def admin(publishing: StreamHarness) -> Admin:
    return Admin(publishing)


@pytest.mark.every_store
def test_a_stream_is_set_up_read_and_removed(log: TenantLog, admin: Admin) -> None:
    """Each answer shows the stream as it is then. Each change is recorded in its environment."""
    before = admin.done("GET", environment="test")
    assert (before["status"], before["stream_arn"], before["pending"]) == ("off", None, 0)
    made = admin.done("PUT", BODY, environment="test")
    assert made == admin.done("GET", environment="test")
    assert made | BODY == made
    assert (made["status"], made["include_audit_log"], made["last_error"]) == ("active", False, None)
    assert admin.done("GET")["status"] == "off", "the first environment has none"
    assert admin.done("DELETE", environment="test")["status"] == "off"
    assert admin.done("GET", environment="test")["stream_arn"] is None
    recorded = log.page({"environment": "test"})["events"]
    assert {event["activity"] for event in recorded} == {"audit-log.stream-changed", "audit-log.stream-removed"}


def test_the_external_id_is_ours_and_stays(admin: Admin) -> None:
    """The id is known before there is a stream, so that it can be put into the role. Each environment has its own."""
    first = admin.done("GET")["external_id"]
    assert len(first) == 32
    assert admin.done("PUT", BODY)["external_id"] == first
    assert admin.done("PUT", BODY | {"role_arn": f"{ROLE}-2"})["external_id"] == first
    admin.done("DELETE")
    assert admin.done("GET")["external_id"] == first
    assert admin.done("GET", environment="test")["external_id"] != first
    assert problem_of(admin("PUT", BODY | {"external_id": "mine"})) == (422, "unknown_field")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream_arn", "audit"),
        ("stream_arn", "arn:aws:sqs:us-east-1:123456789012:audit"),
        ("stream_arn", "arn:aws:firehose:us-east-1:123456789012:deliverystream/audit"),
        ("stream_arn", "arn:aws:kinesis:nowhere:123456789012:stream/audit"),
        ("stream_arn", "arn:aws:kinesis:evil.example/-1:123456789012:stream/audit"),
        ("stream_arn", "arn:aws:kinesis:us-east-1:1234:stream/audit"),
        ("stream_arn", f"{STREAM}/consumer/c:1"),
        ("stream_arn", f"{STREAM}\n"),
        ("stream_arn", STREAM.replace("audit", "a" * 129)),
        ("stream_arn", "arn:aws:kinesis:us-east-1:١٢٣٤٥٦٧٨٩٠١٢:stream/audit"),
        ("role_arn", "arn:aws:iam::123456789012:user/daybook"),
        ("role_arn", "arn:aws:sts::123456789012:assumed-role/daybook/x"),
        ("role_arn", "arn:aws-cn:iam::123456789012:role/daybook"),
        ("role_arn", "arn:aws:iam::123456789012:role/"),
        ("role_arn", "arn:aws:iam::123456789012:role/" + ("p" * 499 + "/") * 5 + "daybook"),
        ("format", "xml"),
        ("include_audit_log", "yes"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_field(admin: Admin, field: str, value: str) -> None:
    """Only the form is checked, and nothing is stored."""
    answer = admin("PUT", BODY | {field: value})
    assert answer["statusCode"] == 422
    assert field in [error["path"] for error in answered(answer)["errors"]]
    assert admin.done("GET")["status"] == "off"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream_arn", "arn:aws:kinesis:ap-southeast-2:123456789012:stream/A_b.c-1"),
        ("role_arn", "arn:aws:iam::123456789012:role/some/path/daybook@acme+1"),
        ("format", "ocsf"),
        ("format", "cloudevents"),
        ("format", "native"),
        ("include_audit_log", True),
    ],
)
def test_what_can_be_is_taken(admin: Admin, field: str, value: Any) -> None:
    assert admin.done("PUT", BODY | {field: value})[field] == value


def test_environments_are_held_to(admin: Admin) -> None:
    """404 for an unknown environment, 403 for one outside the key's scope, 400 for unknown parameters."""
    assert problem_of(admin("GET", environment="nowhere"))[0] == 404
    assert problem_of(admin("GET", environment="test", of_key="prod"))[0] == 403
    assert problem_of(admin("GET", tenant="other"))[0] == 400
    assert admin.done("GET", of_key="test")["environment"] == "test"


def test_every_event_after_the_answer_is_sent(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """No reader caches that there was no stream."""
    first = log.sent({"id": "1"})
    publishing.publish(publishing.stream(first))
    admin.done("PUT", BODY | {"format": "native"})
    second = log.sent({"id": "2"})
    publishing.publish(publishing.stream(second))
    assert [json.loads(record.data)["id"] for record in publishing.streams.taken["acme"]] == second


def test_a_failing_stream_says_what_aws_says(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """The answer shows the status, its start, AWS's error code and the number of pending events."""
    admin.done("PUT", BODY)
    publishing.streams.break_down(error="AccessDenied")
    log.sent({}, {})
    publishing.publish()
    shown = admin.done("GET")
    assert (shown["status"], shown["last_error"], shown["pending"]) == ("failing", "AccessDenied", 2)
    assert shown["failing_since"] == "2026-11-22T16:31:08.000Z"


def test_another_stream_is_active_at_once(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """Parked events go to the new stream. The same stream in another format keeps its state."""
    admin.done("PUT", BODY)
    publishing.streams.break_down()
    sent = log.sent({})
    publishing.publish()
    assert admin.done("PUT", BODY | {"format": "native"})["status"] == "failing"
    publishing.streams.mend()
    changed = admin.done("PUT", BODY | {"format": "native", "stream_arn": f"{STREAM}-2"})
    assert (changed["status"], changed["pending"], changed["failing_since"]) == ("active", 1, None)
    publishing.retry()
    assert [json.loads(record.data)["id"] for record in publishing.streams.taken["acme"]] == sent
    assert admin.done("GET")["pending"] == 0


def test_a_replay_ends_with_what_there_is(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """The end is at most five minutes from now, for clocks that run ahead. Later events are delivered when they
    arrive.
    """
    publishing.set_up()
    span = {"from": "2026-11-01T00:00:00Z", "to": "2036-11-22T00:00:00Z"}
    assert admin("POST", span, f"{PATH}/replay")["statusCode"] == 202
    assert admin.queue.sent[0][0].ask["to"] == log.now + 5 * MINUTE
    assert problem_of(admin("POST", span | {"from": "2035-11-22T00:00:00Z"}, f"{PATH}/replay"))[0] == 422


class Between:
    """The destinations. Another caller acts right after each of the next reads."""

    def __init__(self, destinations: Any, *turns: Callable[[], Any]) -> None:
        self._destinations = destinations
        self._turns = list(turns)

    def one(self, place: Any) -> Any:
        found = self._destinations.one(place)
        if self._turns:
            self._turns.pop(0)()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._destinations, name)


def test_of_two_first_calls_one_makes_the_subscription(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """Events that were parked under the first subscription keep it and reach the stream that the second call names."""
    sent = log.sent({})

    def first() -> None:
        admin.done("PUT", BODY | {"format": "native"})
        publishing.streams.break_down()
        publishing.publish(publishing.stream(sent))

    second = Admin(publishing, destinations=Between(publishing.destinations, first))
    shown = second.done("PUT", BODY | {"format": "native", "stream_arn": f"{STREAM}-2"})
    assert (shown["stream_arn"], shown["status"], shown["pending"]) == (f"{STREAM}-2", "active", 1)
    publishing.streams.mend()
    publishing.retry()
    assert [json.loads(record.data)["id"] for record in publishing.streams.taken["acme"]] == sent


def test_a_change_keeps_what_is_learnt_meanwhile(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """A stream that becomes active between another call's read and write stays active."""
    admin.done("PUT", BODY)
    publishing.streams.break_down()
    log.sent({})
    publishing.publish()
    mend = lambda: publishing.destinations.mended(publishing.stored(), log.now)  # noqa: E731  a turn
    other = Admin(publishing, destinations=Between(publishing.destinations, mend))
    shown = other.done("PUT", BODY | {"format": "native"})
    assert (shown["status"], shown["failing_since"], shown["format"]) == ("active", None, "native")


def test_two_changes_of_the_stream_leave_one_generation(publishing: StreamHarness, admin: Admin) -> None:
    """A caller repeats the old setup while another names a new stream. Setting the old stream makes a new
    generation.
    """
    admin.done("PUT", BODY)
    before = publishing.stored()
    elsewhere = lambda: admin.done("PUT", BODY | {"stream_arn": f"{STREAM}-2"})  # noqa: E731  a turn
    other = Admin(publishing, destinations=Between(publishing.destinations, elsewhere))
    assert other.done("PUT", BODY)["stream_arn"] == STREAM
    stored = publishing.stored()
    assert stored.subscription == before.subscription
    assert stored.generation != before.generation


def test_one_removed_between_read_and_write_is_set_up_anew(publishing: StreamHarness, admin: Admin) -> None:
    admin.done("PUT", BODY)
    before = publishing.stored()
    other = Admin(publishing, destinations=Between(publishing.destinations, lambda: admin.done("DELETE")))
    assert other.done("PUT", BODY | {"format": "native"})["status"] == "active"
    assert publishing.stored().subscription != before.subscription


def test_a_test_sends_its_own_record(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """The record is in the stream's format and in the log, and the answer says what happened."""
    assert problem_of(admin("POST", path=f"{PATH}/test"))[0] == 404
    admin.done("PUT", BODY | {"format": "native"})
    told = admin.done("POST", path=f"{PATH}/test")
    assert (told["delivered"], told["error"]) == (True, None)
    (record,) = publishing.streams.taken["acme"]
    assert record.data.decode() == told["record"]
    assert json.loads(record.data)["id"] == told["event_id"]
    assert [event["id"] for event in log.recorded("stream-tested")] == [told["event_id"]]


def test_a_test_that_fails_says_why_and_one_that_succeeds_mends(publishing: StreamHarness, admin: Admin) -> None:
    """The status follows the result. Repeated tests do not make a wait longer."""
    admin.done("PUT", BODY)
    publishing.streams.break_down(error="AccessDenied")
    for _ in range(3):
        told = admin.done("POST", path=f"{PATH}/test")
        assert (told["delivered"], told["error"]) == (False, "AccessDenied")
    assert (admin.done("GET")["status"], publishing.stored().backoff_step) == ("failing", 0)
    publishing.streams.mend()
    assert admin.done("POST", path=f"{PATH}/test")["delivered"]
    shown = admin.done("GET")
    assert (shown["status"], shown["last_error"]) == ("active", None)


@pytest.mark.parametrize(
    ("failure", "shown"),
    [
        (PutFailed("ReadTimeoutError", transient=True, timed_out=True), "SlowStream"),
        (PutFailed("ProvisionedThroughputExceededException", transient=True), None),
        (PutFailed("Throttling", transient=True, own=True), None),
    ],
)
def test_a_test_that_says_nothing_against_the_stream_leaves_it_active(
    publishing: StreamHarness, admin: Admin, failure: PutFailed, shown: str | None
) -> None:
    """The stream does not answer in time, has no throughput left, or STS throttles Daybook."""
    admin.done("PUT", BODY)
    publishing.streams.faults["acme"] = [failure] * UNHURRIED.tries
    told = admin.done("POST", path=f"{PATH}/test")
    assert (told["delivered"], told["error"]) == (False, failure.error)
    state = admin.done("GET")
    assert (state["status"], state["last_error"]) == ("active", shown)


def test_a_test_whose_record_is_refused_says_so(log: TenantLog, publishing: StreamHarness) -> None:
    """A record that is too large for the stream or that can't be made is not delivered and does not change the
    status.
    """
    publishing.set_up()
    publishing.destinations.failed(publishing.stored(), "AccessDenied", log.now)
    large = lambda written: [record._replace(data=b"." * BYTES_A_RECORD) for record in written]  # noqa: E731
    told = Admin(publishing, records=ChangedRecords(publishing.records, large)).done("POST", path=f"{PATH}/test")
    assert (told["delivered"], told["error"]) == (False, "ValidationException")
    told = Admin(publishing, records=ChangedRecords(publishing.records, lambda _: [])).done("POST", path=f"{PATH}/test")
    assert (told["delivered"], told["error"], told["record"]) == (False, "Unreadable", None)
    assert publishing.stored().status == "failing"


def test_a_replay_is_a_job(log: TenantLog, publishing: StreamHarness, admin: Admin) -> None:
    """The replay is queued and recorded. At most three run at a time, and each needs a stream and a span."""
    path = f"{PATH}/replay"
    span = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-22T00:00:00+01:00"}
    assert problem_of(admin("POST", span, path))[0] == 404
    publishing.set_up()
    answer = admin("POST", span, path, environment="prod")
    job = answered(answer)
    assert (answer["statusCode"], answer["headers"]["Location"]) == (202, f"/prod/v1/jobs/{job['id']}")
    assert (job["kind"], job["status"], job["progress"]) == ("replay", "queued", 0.0)
    (sent, _) = admin.queue.sent[0]
    assert sent.ask["to"] - sent.ask["from"] == 21 * 24 * 3_600_000 - 3_600_000
    assert len(log.recorded("stream-replayed")) == 1
    for wrong in (span | {"to": span["from"]}, {"from": span["from"]}, span | {"from": "yesterday"}):
        assert problem_of(admin("POST", wrong, path))[0] == 422
    for _ in range(2):
        admin("POST", span, path)
    assert problem_of(admin("POST", span, path)) == (429, "too_many_replays")


def test_a_replay_that_could_not_be_handed_over_takes_nobodys_place(publishing: StreamHarness, admin: Admin) -> None:
    """Neither if its queue failed nor if it could not be recorded."""
    path = f"{PATH}/replay"
    span = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-22T00:00:00+01:00"}
    publishing.set_up()
    admin.queue.broken = True
    for _ in range(MAX_REPLAYS):
        assert admin("POST", span, path)["statusCode"] == 500
    admin.queue.broken = False
    unrecorded = Admin(publishing, events=Unwritable())
    for _ in range(MAX_REPLAYS):
        assert unrecorded("POST", span, path)["statusCode"] == 503
    assert unrecorded.queue.sent == []
    assert admin("POST", span, path)["statusCode"] == 202
