"""Refused events: counted and kept for the tenant's admins, without anything that may be somebody's."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha512
from typing import Any

import pytest

from daybook.aws.limits_table.refused import RefusedTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, SECOND, format_time
from daybook.errors import Throttled
from daybook.events.refused import MAX_EVENTS, MAX_PACKED, Page, RefusedCount, pack, unpack
from daybook.http.caller import Caller
from daybook.tenant import TenantCode
from ingest.ingest import Result
from ingest.refusals import BURST, MAX_KINDS, PAUSE_MS, Refusals
from tests.support.calls import answered
from tests.support.ingest import NOW, Sender
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

GOOD = {"activity": "document.updated", "actor": {"type": "user", "username": "mike.mars"}}
BAD = {"activity": "document.updated", "actor": {"type": "user"}}


class Writes:
    """The table, whose writes are counted and can be made to fail."""

    def __init__(self, log: ManagedLog) -> None:
        self.table = RefusedTable(lambda: log.dynamodb, log.dynamodb, log.tables.limits)
        self.packed: list[int] = []
        self.fails = False

    def put(self, code: Any, hour: int, instance: str, page: Page) -> None:
        self.packed.append(len(pack(page)))
        if self.fails:
            raise Throttled
        self.table.put(code, hour, instance, page)


class SlowlyFailing:
    """A table that takes a second to fail."""

    def __init__(self, log: ManagedLog) -> None:
        self._log = log
        self.calls = 0

    def put(self, *_: Any) -> None:
        self.calls += 1
        self._log.now += SECOND
        raise Throttled


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def writes(log: ManagedLog) -> Writes:
    made = Writes(log)
    log.send = instance(log, made)
    log.operations = log.operations_over(log.managing.replacing(refused=made.table))
    return made


def instance(log: ManagedLog, writes: Writes) -> Sender:
    return Sender(log.wiring.replacing(refused=writes), log.tenant)


def refused(log: ManagedLog, *events: Any, **authorizer: Any) -> None:
    answer = log.send({"events": list(events)}, **authorizer)
    assert answered(answer)["rejected"] > 0, answer["body"]


def report(log: ManagedLog, role: str = "admin", **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = log.done("GET", "/v1/refused", role=role, **given)
    return found


def counts(found: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["code"], each["activity"], each["key"], each["count"]) for each in found["counts"]]


@pytest.mark.every_store
def test_what_is_refused_is_counted_and_shown(log: ManagedLog, writes: Writes) -> None:
    """By code, activity, key and hour, over all instances; an event that is stored is none of it."""
    refused(log, GOOD, BAD, BAD, {"actor": {"type": "user", "username": "x"}, "colour": 1}, credential="k7")
    log.send = instance(log, writes)
    log.now += HOUR
    refused(log, BAD, 5, credential="k8")
    found = report(log)
    assert sorted(counts(found)[:2], key=str) == [
        ("invalid_type", None, "k8", 1),
        ("missing_field", "document.updated", "k8", 1),
    ]
    assert counts(found)[2] == ("missing_field", "document.updated", "k7", 2)
    assert {each["hour"] for each in found["counts"]} == {
        format_time((NOW + later) // HOUR * HOUR) for later in (0, HOUR)
    }
    last = found["events"][-2]
    assert [each["at"] for each in found["events"]] == [format_time(NOW + HOUR)] * 2 + [format_time(NOW)] * 3
    assert (last["code"], last["key"], last["environment"]) == ("missing_field", "k7", "prod")
    assert {error["path"] for each in found["events"] for error in each["errors"]} == {
        *("", "activity", "actor.username", "colour"),
    }
    assert found["since"] == format_time((NOW + HOUR) // HOUR * HOUR - 7 * DAY)


@pytest.mark.usefixtures("writes")
def test_nothing_of_anybody_is_kept(log: ManagedLog) -> None:
    """Names of fields, words of the contract and the catalogue, types and lengths."""
    hostile = {
        "id": "mike.mars-1",
        "activity": "document.updated",
        "variant": "mike.mars",
        "status": "mike.mars",
        "actor": {
            "type": "user",
            "username": "mike.mars",
            "name": "Mike Mars",
            "roles": ["Mike's"] * 5,
            "mikeMars@x": 1,
        },
        "target": {"type": "mike", "id": "mike.mars", "within": {"type": "mike", "id": "mike"}},
        "params": {"who": "mike.mars", "mike.mars": {"user": "mike.mars"}, "n": 5, "yes": True},
        "details": "Mike Mars did it",
        "context": {"ip": "203.0.113.7", "user_agent": "Mike's phone"},
        "mike.mars": "mike.mars",
        "acter": "user",
        "people": {"mike": {"name": "Mike"}},
        "environment": "mike",
    }
    refused(log, hostile, {**BAD, "activity": "Mike Mars signed in"}, [{"mike": "mars"}], "mike", [])
    (row,) = log.dynamodb.query(
        TableName=log.tables.limits,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"refused#{log.settings.code}"}},
    )["Items"]
    kept = json.dumps(json.loads(zlib.decompress(bytes(row["page"]["B"]))))
    assert "mike" not in kept.lower()
    assert "203.0" not in kept
    assert row["expires_at"]["N"] == str(((NOW // HOUR + 1) * HOUR + 7 * DAY) // 1000)
    event = next(each for each in report(log)["events"] if each["activity"])
    assert event["event"]["actor"] == {
        "type": "user",
        "username": "text of 9 characters",
        "name": "text of 9 characters",
        "roles": ["text of 6 characters"] * 3 + ["… 2 more"],
        "(name of 10 characters)": "number",
    }
    assert event["event"]["activity"] == "document.updated"
    assert event["event"]["params"]["yes"] == "true or false"
    assert event["event"]["acter"] == "text of 4 characters"
    assert event["event"]["people"] == "object of 1 fields"
    paths = {error["path"] for error in event["errors"]}
    assert {"acter", "status", "(another field)"} <= paths


@pytest.mark.usefixtures("writes")
def test_a_key_of_one_environment_sees_no_other(log: ManagedLog) -> None:
    """An event that names no environment of the tenant counts for the credential's own."""
    refused(log, BAD, {**BAD, "environment": "test"}, {**BAD, "environment": "nowhere"})
    refused(log, BAD, environment="test")
    per = {name: report(log, environment=name) for name in ("prod", "test")}
    assert {name: sum(each["count"] for each in found["counts"]) for name, found in per.items()} == {
        "prod": 2,
        "test": 2,
    }
    assert {each["environment"] for each in per["test"]["events"]} == {"test"}
    assert report(log, query={"environment": "test"}) == per["test"]
    assert problem_of(log.manage("GET", "/v1/refused", environment="test", query={"environment": "prod"}))[0] == 403
    assert problem_of(log.manage("GET", "/v1/refused", role="auditor")) == (403, "forbidden")
    assert problem_of(log.manage("GET", "/v1/refused", query={"days": "3"}))[0] == 400


@pytest.mark.usefixtures("writes")
def test_a_token_is_nobodys_key(log: ManagedLog) -> None:
    """Its subject may be a name."""
    user = {"issuer": "https://id.example", "subject": "mike.mars", "username": "mike.mars"}
    refused(log, BAD, credential="mike.mars", **user)
    assert counts(report(log)) == [("missing_field", "document.updated", None, 1)]


def test_requests_without_refusals_write_nothing(log: ManagedLog, writes: Writes) -> None:
    assert log.send(GOOD)["statusCode"] == 201
    assert writes.packed == []


def test_a_flood_costs_few_small_writes(log: ManagedLog, writes: Writes) -> None:
    """At most one a request, 20 at once, then one in five seconds. What is written last has all of it."""
    event = {**BAD, "details": "x" * 900, "params": {f"p{n}": "y" * 300 for n in range(50)}}
    for number in range(60):
        refused(log, *({**event, "activity": f"hostile.{number}-{each}-{'z' * 90}"} for each in range(20)))
    assert len(writes.packed) == BURST
    log.now += PAUSE_MS
    refused(log, BAD)
    assert len(writes.packed) == BURST + 1
    assert max(writes.packed) <= MAX_PACKED
    found = report(log)
    assert sum(each["count"] for each in found["counts"]) == 60 * 20 + 1
    assert len(found["counts"]) == MAX_KINDS + 1
    assert {each["activity"] for each in found["counts"]} >= {None}
    assert 10 <= len(found["events"]) <= MAX_EVENTS


def test_what_a_failed_write_lacks_is_in_the_next(log: ManagedLog, writes: Writes) -> None:
    """The answer to the sender is the same. The pages of both hours are written when the hour has changed."""
    writes.fails = True
    refused(log, BAD)
    writes.fails = False
    log.now += HOUR
    refused(log, BAD)
    assert [each["count"] for each in report(log)["counts"]] == [1, 1]
    refused(log, BAD)
    assert [each["count"] for each in report(log)["counts"]] == [2, 1]


def test_the_last_refusal_of_a_flood_is_written_with_the_next_request(log: ManagedLog, writes: Writes) -> None:
    """That request need not have a refusal. One after it writes nothing more."""
    for _ in range(BURST + 5):
        refused(log, BAD)
    assert [each["count"] for each in report(log)["counts"]] == [BURST]
    log.now += PAUSE_MS
    for _ in range(2):
        assert log.send(GOOD)["statusCode"] == 201
    assert [each["count"] for each in report(log)["counts"]] == [BURST + 5]
    assert len(writes.packed) == BURST + 1


def test_no_tenant_loses_counts_however_many_there_are(log: ManagedLog, writes: Writes) -> None:
    """An instance that serves many tenants goes on with the page that it began for each."""
    caller = Caller("producer", str(log.tenant), "*", "k7", "")
    refusals = Refusals(writes, log.wiring.catalogues, lambda: log.now, lambda size: b"i" * size)
    sent = [BAD], [Result("rejected", code="missing_field")]
    others = [replace(log.settings, code=TenantCode(f"t{number}")) for number in range(300)]
    for _ in range(2):
        for settings in (log.settings, *others):
            refusals.note(settings, caller, *sent)
    assert [each["count"] for each in report(log)["counts"]] == [2]


def test_names_that_do_not_compress_leave_the_sum_as_it_is() -> None:
    """A page that would be too large names fewer activities, and drops no count."""
    names = [sha512(bytes([number])).hexdigest()[:120] for number in range(200)]
    counts = [
        RefusedCount("h", "missing_field", name, f"k{place}", "prod", place + 1) for place, name in enumerate(names)
    ]
    packed = pack(Page(counts, []))
    kept = unpack(packed).counts
    assert len(packed) <= MAX_PACKED
    assert sum(one.count for one in kept) == sum(one.count for one in counts)
    assert names[-1] in {one.activity for one in kept}


def test_no_failure_of_noting_fails_a_request(log: ManagedLog, writes: Writes) -> None:
    """Whatever goes wrong, not only the write."""
    refusals = Refusals(writes, log.wiring.catalogues, log.clock, lambda size: b"i" * size)
    refusals.note(log.settings, Caller("producer", str(log.tenant), "*", "k7", ""), [BAD], [])
    assert writes.packed == []


def test_an_event_that_cannot_be_shown_is_counted(
    log: ManagedLog, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so are those after it. The next request writes them."""
    with monkeypatch.context() as patched:
        patched.setattr("ingest.refusals.Redaction.event", lambda *_: 1 / 0)
        refused(log, BAD, BAD)
    assert writes.packed == []
    assert log.send(GOOD)["statusCode"] == 201
    assert [each["count"] for each in report(log)["counts"]] == [2]


def test_a_table_that_fails_is_asked_once_in_five_seconds(log: ManagedLog) -> None:
    """However many pages wait, and counted from when it failed: a request of another tenant must not wait for it."""
    caller = Caller("producer", str(log.tenant), "*", "k7", "")
    slow = SlowlyFailing(log)
    refusals = Refusals(slow, log.wiring.catalogues, log.clock, lambda size: b"i" * size)
    for number in range(5):
        settings = replace(log.settings, code=TenantCode(f"t{number}"))
        refusals.note(settings, caller, [BAD], [Result("rejected", code="missing_field")])
    for later in (0, PAUSE_MS - 1):
        log.now += later
        for _ in range(5):
            refusals.note(log.settings, caller, [GOOD], [Result("created")])
    assert slow.calls == 1
    log.now += 1
    for _ in range(5):
        refusals.note(log.settings, caller, [GOOD], [Result("created")])
    assert slow.calls == 2
