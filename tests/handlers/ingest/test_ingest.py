"""Sending events through the function's handler, on both stores."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE, format_time, system_clock
from daybook.tenants.settings import Layout, TenantSettings
from ingest import handler as ingest
from tests.conftest import Store
from tests.support.calls import Context, answered, authorized, call
from tests.support.ingest import CONTRACT_EXAMPLE, NOW, SECRET, Sender, code_for, settings
from tests.support.memory_stores import SettingsOf
from tests.support.wiring import wiring_over

MIKE = {"type": "user", "username": "mike.mars"}
ACME = code_for("acme")
EVENT: dict[str, Any] = {"id": "1", "occurred_at": "2026-11-22T16:31:07.123Z", "activity": "a.b", "actor": MIKE}


@pytest.fixture
def deployed(
    store: Store, dynamodb: Any, tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The function is composed from its environment, as it is on Lambda."""
    secret = aws("secretsmanager").create_secret(Name="daybook", SecretString=SECRET.hex())
    for name in ("events", "identities", "control", "limits"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
    monkeypatch.setenv("SECRET_ARN", secret["ARN"])
    if store.endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", store.endpoint)
    ingest.compose.cache_clear()
    ControlTable(dynamodb, tables.control).create_tenant(settings())
    yield
    ingest.compose.cache_clear()


def _sent(body: Any) -> dict[str, Any]:
    return ingest.handler(call("POST", "/v1/events", body, authorizer=authorized("producer")), Context())


@pytest.mark.parametrize("store", ["moto", "dynamodb-local"], indirect=True)
@pytest.mark.usefixtures("deployed")
def test_the_contracts_example_is_stored_once() -> None:
    """Sent alone and then in a batch with another event, it gets the same id and leaf each time."""
    example = CONTRACT_EXAMPLE | {"occurred_at": format_time(system_clock())}
    other = example | {"id": "another"}
    first = _sent(example)
    assert first["statusCode"] == 201, first["body"]
    stored = answered(first)
    assert (stored["stored"], stored["rejected"]) == (1, 0)
    again = _sent({"events": [example, other]})
    assert again["statusCode"] == 201, again["body"]
    assert answered(again)["results"][0] == stored["results"][0]
    assert answered(again)["results"][1]["id"] != stored["results"][0]["id"]
    assert answered(_sent({"events": [other, example]}))["stored"] == 2


class TenantLog:
    """One function over both stores, with the tenant's settings and the time that a test may change."""

    def __init__(self, dynamodb: Any, tables: Tables) -> None:
        self.settings = settings("generic")
        self.now = NOW
        self._dynamodb = dynamodb
        self._tables = tables
        self.send = self.sender()

    def sender(self, tenant: str = "acme") -> Sender:
        def settings_of(asked: str) -> TenantSettings:
            assert asked == tenant
            return self.settings

        control = SettingsOf(settings_of)
        return Sender(wiring_over(self._dynamodb, self._tables, lambda: self.now, tenant, control=control), tenant)

    def batch(self, *events: Any) -> tuple[int, list[dict[str, Any]]]:
        answer = self.send({"events": events})
        return answer["statusCode"], answered(answer).get("results")

    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._dynamodb.scan(TableName=self._tables.events, ConsistentRead=True)["Items"]
        return items

    def is_empty(self) -> bool:
        people = self._dynamodb.scan(TableName=self._tables.identities, ConsistentRead=True)["Items"]
        return not self.items() and not people


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.mark.every_store
def test_a_batch_of_500(log: TenantLog) -> None:
    """Each event is stored and has its own result, in order. A retry gets the same answer and stores nothing more."""
    events = [
        EVENT | {"id": str(number), "actor": {"type": "user", "username": f"user-{number % 60}"}}
        for number in range(500)
    ]
    status, results = log.batch(*events)
    assert status == 201
    assert [result["index"] for result in results] == list(range(500))
    assert {result["status"] for result in results} == {"stored"}
    assert len({result["id"] for result in results}) == len({result["leaf"] for result in results}) == 500
    assert log.batch(*events) == (201, results)


@pytest.mark.parametrize("count", [0, 501])
def test_too_few_or_too_many(log: TenantLog, count: int) -> None:
    """The whole request gets a 400, and nothing is stored."""
    answer = log.send({"events": [EVENT] * count})
    assert (answer["statusCode"], answered(answer)["code"]) == (400, "unreadable")
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert log.is_empty()


def test_doubles_in_a_batch(log: TenantLog) -> None:
    """The same content is the same event. Other content under the same id is refused, and the first event stays."""
    other = EVENT | {"details": "other"}
    status, results = log.batch(EVENT, EVENT, other, EVENT | {"id": "2"})
    assert status == 207
    assert [result["status"] for result in results] == ["stored", "stored", "rejected", "stored"]
    assert results[0] | {"index": 1} == results[1]
    assert results[2]["code"] == "id_conflict"
    assert results[2]["errors"][0]["path"] == "id"
    assert len(log.items()) == 2
    assert log.batch(other) == (422, [results[2] | {"index": 0}])


def test_the_same_id_at_another_time_is_another_event(log: TenantLog) -> None:
    """The same id in another environment is another event too."""
    elsewhen, elsewhere = EVENT | {"occurred_at": "2026-11-22T16:31:07.124Z"}, EVENT | {"environment": "test"}
    status, results = log.batch(EVENT, elsewhen, elsewhere)
    assert status == 201
    assert len({result["id"] for result in results}) == 3


@pytest.mark.every_store
def test_a_refused_double_is_answered_for_itself(log: TenantLog) -> None:
    """An event that the catalogue refuses does not become a conflict because of another event in the batch."""
    status, results = log.batch(EVENT | {"activity": "audit-log.x"}, EVENT)
    assert (status, results[0]["code"], results[1]["status"]) == (207, "reserved_activity", "stored")


def _past_retention(log: TenantLog) -> None:
    log.now += 400 * DAY


def _before_auditing(log: TenantLog) -> None:
    log.settings = settings("generic", audit_since=NOW + MINUTE)


def _strict(log: TenantLog) -> None:
    log.settings = settings("generic", mode="strict")


def _another_catalogue(log: TenantLog) -> None:
    log.settings = settings("carear", audit_since=NOW)


def _more_shards(log: TenantLog) -> None:
    log.settings = settings("generic", layouts=(Layout(0, 1), Layout(NOW + MINUTE, 8)))


@pytest.mark.parametrize("change", [_past_retention, _before_auditing, _strict, _another_catalogue])
def test_a_retry_is_a_retry(log: TenantLog, change: Callable[[TenantLog], None]) -> None:
    """A stored event gets its first answer again, even if it would be refused by now. Any other event is refused."""
    sent = EVENT | {"source": {"type": "mobile"}}
    _, first = log.batch(sent)
    change(log)
    assert log.batch(sent) == (201, first)
    _, (conflict, refused) = log.batch(sent | {"details": "x"}, sent | {"id": "2"})
    assert conflict["code"] == "id_conflict"
    assert refused["code"] in ("past_retention", "before_audit", "unknown_activity", "out_of_scope")
    assert len(log.items()) == 1


def test_some_and_none(log: TenantLog) -> None:
    """207 has a result for each event in its place; 422 means that none was stored. Both are JSON, not problems."""
    status, results = log.batch(EVENT | {"extra": 1}, EVENT, 5)
    assert status == 207
    assert [result["status"] for result in results] == ["rejected", "stored", "rejected"]
    assert results[0] == {
        "index": 0,
        "status": "rejected",
        "code": "unknown_field",
        "errors": [{"path": "extra", "message": "is not a known field"}],
    }
    answer = log.send(EVENT | {"extra": 1})
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (422, "application/json")
    assert {name: answered(answer)[name] for name in ("stored", "rejected")} == {"stored": 0, "rejected": 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "unreadable"),
        (b"{", 400, "unreadable"),
        (b'{"a":NaN}', 400, "unreadable"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", 400, "unreadable"),
        (
            json.dumps(
                {"events": [EVENT, {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}]}
            ).encode(),
            400,
            "unreadable",
        ),
        (gzip.compress(json.dumps(EVENT).encode())[:-9], 400, "unreadable"),
        (b"\x1f\x8bno gzip at all", 400, "unreadable"),
        (gzip.compress(b"{}") + b"more", 400, "unreadable"),
        (gzip.compress(b"") * 100 + gzip.compress(json.dumps(EVENT).encode()), 400, "unreadable"),
        (b" " * (3 * 1024 * 1024 + 1), 413, "too_large"),
        (gzip.compress(b" " * (3 * 1024 * 1024 + 1)), 413, "too_large"),
        (gzip.compress(bytes(200 * 1024 * 1024), 9), 413, "too_large"),
        (
            json.dumps(
                {
                    "events": [
                        EVENT | {"people": [{"username": f"u{batch}-{n}"} for n in range(50)]} for batch in range(21)
                    ]
                }
            ).encode(),
            413,
            "too_many_people",
        ),
        (
            json.dumps({"events": [EVENT | {"id": "2"}, EVENT | {"environment": "nowhere", "actor": MIKE}]})
            .encode()
            .replace(b"nowhere", b"test"),
            403,
            "environment_denied",
        ),
    ],
    ids=[
        "empty",
        "cut",
        "NaN",
        "deep",
        "one of two deep",
        "gzip cut",
        "no gzip",
        "gzip and more",
        "gzip of many members",
        "3 MB",
        "3 MB unpacked",
        "gzip bomb",
        "people",
        "environment",
    ],
)
def test_nothing_is_half_stored(log: TenantLog, body: bytes, status: int, code: str) -> None:
    """A request that is refused as a whole stores neither events nor people."""
    answer = log.send(body, environment="prod")
    assert (answer["statusCode"], answered(answer)["code"]) == (status, code)
    assert log.is_empty()


def test_gzip_is_told_by_its_first_bytes(log: TenantLog) -> None:
    """The header may be missing. It may also be present on a body that a gateway has already unpacked."""
    body = json.dumps(EVENT).encode()
    for sent, headers in (
        (gzip.compress(body), {}),
        (gzip.compress(body), {"Content-Encoding": "gzip"}),
        (body, {"Content-Encoding": "gzip"}),
    ):
        assert log.send(sent, headers)["statusCode"] == 201
    assert len(log.items()) == 1


def test_three_megabytes_are_accepted(log: TenantLog) -> None:
    """The limit is exact to the byte and counts blanks."""
    body = json.dumps(EVENT).encode()
    assert log.send(body + b" " * (3 * 1024 * 1024 - len(body)))["statusCode"] == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/xml"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"content-type": "APPLICATION/JSON"}, 201),
    ],
)
def test_media_types(log: TenantLog, headers: dict[str, str], status: int) -> None:
    """JSON is accepted, with or without gzip."""
    assert log.send(EVENT, headers)["statusCode"] == status


def test_an_environment_that_the_tenant_lacks(log: TenantLog) -> None:
    """Only the event that names it is refused, in a batch too."""
    status, results = log.batch(EVENT, EVENT | {"environment": "nowhere"})
    assert (status, results[1]["code"]) == (207, "unknown_environment")


HARD_IDS = [
    "#",
    "a#b",
    "1#prod#0",
    "acme-1#prod#0#case#1",
    "~0.0;",
    "^",
    "x" * 512,
    "漢" * 512,
    "\t\n",
    "\u2028",
    "'; --",
    "%00",
    "../..",
]


def test_no_id_bends_a_key(log: TenantLog) -> None:
    """Whatever ids contain, every key begins with tenant, environment and shard, and each event is stored once."""
    events = [
        {
            "id": hard[:128],
            "occurred_at": "2026-11-22T16:31:07.123Z",
            "activity": "a.b",
            "actor": {"type": "user", "id": hard[:128], "username": hard[:170]},
            "target": {"type": "case", "id": hard, "within": {"type": "box", "id": hard}},
        }
        for hard in HARD_IDS
    ]
    status, results = log.batch(*events)
    assert status == 201, results
    assert log.batch(*events) == (status, results)
    items = log.items()
    assert len(items) == len(HARD_IDS)
    for item in items:
        assert item["pk"]["S"] == f"{ACME}#0#0"
        for name in ("by_actor", "by_activity", "by_target", "by_within"):
            assert item[name]["S"].startswith(f"{ACME}#0#0#")


def test_look_alike_tenants_do_not_meet(log: TenantLog) -> None:
    """The same event in `acme` and in `acme-1` makes two events with two people."""
    _, (ours,) = log.batch(EVENT)
    log.settings = settings("generic", tenant="acme-1")
    log.send = log.sender("acme-1")
    _, (theirs,) = log.batch(EVENT)
    assert ours["id"] != theirs["id"]
    assert {item["pk"]["S"] for item in log.items()} == {f"{ACME}#0#0", f"{code_for('acme-1')}#0#0"}
    assert len({item["by_actor"]["S"].rpartition("#")[2] for item in log.items()}) == 2


def test_a_later_layout_moves_no_retry(log: TenantLog) -> None:
    """A retry goes to the shard of the first attempt. A later event may go to another shard."""
    _, first = log.batch(EVENT)
    _more_shards(log)
    assert log.batch(EVENT) == (201, first)
    log.now += 3 * MINUTE
    later = [EVENT | {"id": str(number), "occurred_at": format_time(log.now)} for number in range(40)]
    assert log.batch(*later)[0] == 201
    assert {item["pk"]["S"] for item in log.items()} == {f"{ACME}#0#{shard}" for shard in range(8)}
