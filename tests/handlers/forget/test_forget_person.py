"""Operations forget a person: the request is recorded, the data is deleted, and no place shows the person any more."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from daybook.access.roles import ROLES
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND, format_time
from daybook.delivery.sender import PutFailed
from daybook.errors import Throttled
from daybook.events.packing import unpack
from daybook.events.store import Append
from daybook.ids import lowest_id
from daybook.jobs.job import Job, Step
from daybook.people.forgetter import (
    Change,
    ConcurrentChange,
    Deletion,
    Forgetter,
    Increment,
    Mark,
    Stone,
    mark_of,
    no_sweep,
)
from daybook.people.forgettings import count_row, forgotten_people
from daybook.people.identities import address_row
from daybook.people.tombstones import Gone, tombstone
from exports.work import ExportWork
from infra.operate import replay_forgetting
from tests.handlers.streams.test_replay import ReplayHarness
from tests.support.calls import answered
from tests.support.exports import Exporter, rows_of
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW, SECRET, Sender
from tests.support.jobs import received
from tests.support.managed_log import ManagedLog
from tests.support.operate import connected_to
from tests.support.streams import StreamHarness
from tests.support.tenant_log import problem_of

MIKE = {"type": "user", "id": "u-1", "username": "mike.mars", "name": "Mike Mars", "email": "mike@mars.example"}
JANE = {"type": "user", "username": "jane.roe"}
TRACES = ("mike", "mars", "u-1", "192.0.2.77", "netscape")
EVENTS = (
    {"actor": MIKE, "details": "Mike Mars did it", "context": {"ip": "192.0.2.77", "user_agent": "Netscape"}},
    {"actor": JANE, "target": {"type": "user", "username": "Mike.Mars"}},
    {"actor": JANE, "params": {"approver": {"user": "mike.mars"}}},
    {"actor": JANE, "details": "for mike.mars", "people": [{"username": "mike.mars", "name": "Mike Mars"}]},
)


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def forgetting(log: ManagedLog) -> Forgetting:
    return Forgetting(log)


def shows_nobody(shown: Any) -> None:
    text = (shown if isinstance(shown, str) else json.dumps(shown)).lower()
    assert not [trace for trace in TRACES if trace in text], text


def rows_of_people(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """Without the counts of how many were forgotten."""
    rows = [row for row in dynamodb.scan(TableName=table)["Items"] if not row["sk"]["S"].startswith("forgotten#")]
    return sorted(rows, key=repr)


def without_callers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the people who are known by an address alone: those who call in these tests."""
    callers = {row["guid"]["S"] for row in rows if row["sk"]["S"].startswith(address_row(""))}
    return [row for row in rows if not [guid for guid in callers if guid in repr(row)]]


def identities_of(log: ManagedLog) -> str:
    return json.dumps(log.dynamodb.scan(TableName=log.tables.identities)["Items"], default=repr)


@pytest.mark.parametrize("way", ["mike.mars", "MIKE.mars", "u-1", "guid"])
def test_a_person_is_forgotten_by_any_way_of_naming(log: ManagedLog, forgetting: Forgetting, way: str) -> None:
    """One event records it, by the GUID only. A second call finds nobody with the name, the id or the GUID."""
    log.sent(*EVENTS)
    guid = log.guid_of("mike.mars")
    done = forgetting.report(guid.upper() if way == "guid" else way)
    (person,) = done["forgotten"]
    assert person == {
        "environment": "prod",
        "actor_id": guid,
        "forgotten_at": format_time(log.now),
        "event_id": person["event_id"],
    }
    assert (done["exports_not_expired"], done["disclosures"]) == ([], [])
    shows_nobody(identities_of(log))
    for text in ("mike.mars", "u-1", guid):
        assert problem_of(forgetting.call(text)) == (404, "not_found")
    log.now += 30 * SECOND
    (recorded,) = log.recorded("person-forgotten")
    assert (recorded["id"], recorded["details"]) == (person["event_id"], f"Person {guid} forgotten")
    assert (recorded["params"], recorded["target"], recorded["people"]) == ({"actor_id": guid}, None, None)
    assert recorded["actor"]["type"] == "operations"
    shows_nobody(recorded)


@pytest.mark.every_store
def test_every_place_shows_the_guid(log: ManagedLog, forgetting: Forgetting) -> None:
    """Reads, groups and their filter, the picker, searches, cursors made before, and exports made afterwards."""
    ids = log.sent(*EVENTS)
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    log.put_group("team", "mike.mars", "jane.roe")
    before = log.page({"actor": ["mike.mars", "jane.roe"], "limit": "1"})
    queued = exporter.ask({"format": "ndjson", "view": "native", "filters": {"actor": ["mike.mars", "jane.roe"]}})
    guid = forgetting.forget("mike.mars")["actor_id"]
    log.now += 30 * SECOND
    assert sorted(log.group("team")) == sorted([guid, "jane.roe"])
    assert sorted(log.found(group="team")) == sorted(ids)
    assert log.done("GET", "/v1/actors", query={"prefix": "mi"})["actors"] == []
    assert log.found(actor="mike.mars") == log.found(target="user:mike.mars") == log.found(q="mike") == []
    assert log.found(actor=guid) == ids[:1]
    following = log.page(
        {"actor": ["mike.mars", "jane.roe"], "limit": "500", "cursor": before["next_cursor"]},
    )
    assert {event["id"] for event in before["events"] + following["events"]} >= set(ids)
    shows_nobody(following["events"])
    exporter.work()
    file = exporter.file(exporter.read(queued["id"]))
    assert guid in file.decode()
    shows_nobody(file.decode())
    for view in ("native", "jiffy", "carear", "chat", "symbee", "enate", "generic"):
        shown, content = exporter.export({"filters": {"component": "Document"}, "view": view, "format": "ndjson"})
        shows_nobody(content.decode())
        log.now = exporter.jobs.find(log.settings.code, shown["id"]).created_ms + SECOND
    for sort in ("actor", "-actor", "-occurred_at"):
        _, csv = exporter.export({"filters": {"component": "Document"}, "view": "carear", "sort": sort})
        rows = [row["Username"] for row in rows_of(csv)[1]]
        assert sorted(rows) == sorted([guid, "jane.roe", "jane.roe", "jane.roe"])
        assert sort != "actor" or rows == sorted(rows), "sorted by the GUID and not by the name"
        assert sort != "-actor" or rows == sorted(rows, reverse=True)
        shows_nobody(csv.decode())
        log.now += SECOND


class Meanwhile(ExportWork):
    """Somebody is forgotten before the first step of a phase. `listed` are the exports that the answer names then."""

    def __init__(self, exporter: Exporter, forgetting: Forgetting, phase: str) -> None:
        # A step holds two events, and another process does each: a file of several parts, which has to be read again.
        super().__init__(exporter.worker(batch=2, part_bytes=60, run_bytes=60, max_merged=2, step_ms=0).services)
        self._forgetting = forgetting
        self._phase = phase
        self.listed: list[str] = []

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        if (job.checkpoint or {"phase": "begin"})["phase"] == self._phase and not self.listed:
            self.listed += self._forgetting.report("mike.mars")["exports_not_expired"]
        return ExportWork(self.services).step(job, remaining_seconds)


@pytest.mark.parametrize("sort", ["actor", "-target"])
@pytest.mark.parametrize("phase", ["begin", "gather", "merge", "complete", "verify", "end"])
def test_a_sorted_export_under_way_begins_anew(log: ManagedLog, forgetting: Forgetting, phase: str, sort: str) -> None:
    """In whatever phase it is, the file shows the GUID, also where the same worker has read the key just before. Until
    it has ended, the answer lists it.
    """
    log.sent(*EVENTS * 3)
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    worker = Meanwhile(exporter, forgetting, phase)
    before = exporter.ask({"sort": sort})
    exporter.work(worker=ExportWork(worker.services))
    asked = exporter.ask({"filters": {"component": "Document"}, "view": "carear", "sort": sort})
    exporter.work(worker=worker)
    assert set(worker.listed) == {before["id"], asked["id"]}
    shown = exporter.read(asked["id"])
    content = exporter.file(shown)
    assert (shown["rows"], shown["sha256"]) == (12, hashlib.sha256(content).hexdigest())
    shows_nobody(content.decode())
    assert not exporter.files.uploads
    assert not [place for place in exporter.files.files if place.startswith("runs/")]


def test_an_export_in_the_order_of_time_shows_the_guid_from_then_on(log: ManagedLog, forgetting: Forgetting) -> None:
    """From its next step on, also in a worker that read the key just before. It keeps what it has written."""
    log.sent(*({"actor": (MIKE, JANE)[number % 2], "occurred_at": format_time(NOW - number)} for number in range(8)))
    guid = log.guid_of("mike.mars")
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    asked = exporter.ask({"filters": {"component": "Document"}, "view": "carear"})
    services = exporter.worker(batch=2, step_ms=0).services

    class HalfWay(ExportWork):
        def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
            if job.processed == 4:
                forgetting.report("mike.mars")
            return super().step(job, remaining_seconds)

    exporter.work(worker=HalfWay(services))
    rows = [row["Username"] for row in rows_of(exporter.file(exporter.read(asked["id"])))[1]]
    assert rows == ["mike.mars", "jane.roe"] * 2 + [guid, "jane.roe"] * 2


@pytest.mark.every_store
def test_who_is_forgotten_is_counted_once(log: ManagedLog, forgetting: Forgetting) -> None:
    """In the transaction that deletes the key, and in the person's environment alone."""
    log.sent({"actor": MIKE}, {"actor": JANE}, TESTING)
    people = log.wiring.identities
    assert forgotten_people(people, log.key()) == 0
    for number, (name, environment) in enumerate([("u-1", "prod"), ("u-1", "prod"), ("jane.roe", "prod")]):
        forgetting.call(name, environment=environment)
        forgetting.sweep()
        assert forgotten_people(people, log.key()) == (1, 1, 2)[number]
    assert forgotten_people(people, log.key("test")) == 0


def test_somebody_is_counted_only_where_the_key_is_deleted(log: ManagedLog) -> None:
    """A transaction that is refused counts nobody."""
    log.sent({"actor": MIKE})
    mark = mark_of(log.guid_of("mike.mars"), lowest_id(NOW), 365)
    changes: list[Change] = [Deletion("id#nobody", must_be_there=True), Increment(count_row("nobody"))]
    with pytest.raises(ConcurrentChange):
        log.wiring.forgetting.erase(log.key(), changes, {}, mark)
    assert forgotten_people(log.wiring.identities, log.key()) == 0


@pytest.mark.parametrize("form", ["native", "symbee", "cloudevents", "ocsf"])
def test_records_sent_afterwards_show_the_guid(log: ManagedLog, forgetting: Forgetting, form: str) -> None:
    """Records of new, parked and replayed events show the GUID. So do the partition keys."""
    again = ReplayHarness(log)
    publishing = StreamHarness(log)
    for each in (publishing, again.publishing):
        each.set_up(format=form)
    publishing.streams.broken["acme"] = PutFailed("AccessDeniedException", transient=True)
    ids = log.sent(*EVENTS)
    publishing.publish()
    parked = len(publishing.queue.messages)
    guid = forgetting.forget("mike.mars")["actor_id"]
    log.now += 30 * SECOND
    publishing.streams.broken.clear()
    assert parked
    publishing.retry()
    publishing.publish(publishing.stream(ids))
    again.run(NOW - DAY, log.now)
    records = publishing.streams.taken["acme"] + again.publishing.streams.taken["acme"]
    assert len(records) >= 3 * len(ids)
    for record in records:
        shows_nobody(record.data.decode())
        shows_nobody(record.partition_key)
    assert any(guid in record.data.decode() for record in records)


def test_late_events_name_nobody_and_later_ones_somebody_new(log: ManagedLog, forgetting: Forgetting) -> None:
    """An event that occurred before is stored under the GUID with nothing sealed, and a retry remains a retry."""
    retried = {"id": "once", "occurred_at": format_time(NOW), **EVENTS[0]}
    (first,) = log.sent(retried)
    guid = forgetting.forget("u-1")["actor_id"]
    forgotten_ms = log.now
    log.now += 30 * SECOND
    assert log.sent(retried) == [first]
    moments = [forgotten_ms - 1, forgotten_ms, log.now]
    late, at_once, later = log.sent(
        *(
            {**EVENTS[0], "occurred_at": format_time(moment), "target": {"type": "a", "id": "mike.mars/1"}}
            for moment in moments
        )
    )
    native = {event["id"]: event for event in log.page({"limit": "500"})["events"]}
    shows_nobody(native[late])
    assert native[late]["actor"]["forgotten"] is True
    assert (native[late]["actor"]["id"], native[late]["details"]) == (guid, f"{guid} did it")
    assert native[late]["target"]["id"] == f"{guid}/1"
    assert native[at_once]["actor"]["username"] == "mike.mars"
    assert native[at_once]["actor"]["id"] == native[later]["actor"]["id"] != guid
    assert sorted(log.found(actor=guid)) == sorted([first, late])
    assert log.guid_of("mike.mars") == native[later]["actor"]["id"]
    for item in log.dynamodb.scan(TableName=log.tables.events)["Items"]:
        # Sealed bytes may spell anything by chance.
        shows_nobody(re.sub(r'"sealed":"[^"]*"', "", unpack(item["z"]["B"]).decode()))
        if item["sk"]["S"] == late:
            assert b"sealed" not in unpack(item["z"]["B"])


def test_a_removed_account_is_not_a_forgotten_person(log: ManagedLog) -> None:
    """The responsible user stays stored and visible."""
    (done, _) = log.sent(
        EVENTS[0], {"activity": "user.deleted", "actor": JANE, "target": {"type": "user", "id": "u-1"}}
    )
    log.now += 30 * SECOND
    assert next(e for e in log.page()["events"] if e["id"] == done)["actor"]["username"] == "mike.mars"
    assert log.found(actor="mike.mars") == [done]


def test_whoever_is_forgotten_must_be_one_person(log: ManagedLog, forgetting: Forgetting) -> None:
    """For a name that several people had: 409 with their GUIDs, each of which works. For an unknown one: 404.
    Neither is recorded.
    """
    log.sent({"actor": MIKE}, {"actor": {**MIKE, "id": "u-2"}})
    answer = forgetting.call("mike.mars")
    assert problem_of(answer) == (409, "several_people")
    guids = [error["message"] for error in answered(answer)["errors"]]
    assert len(guids) == 2
    assert all(guid in answered(answer)["detail"] for guid in guids)
    for nobody in ("nobody", "System", "00000000-0000-4000-8000-000000000000", "x" * 600, "#", "a/b"):
        assert problem_of(forgetting.call(nobody)) == (404, "not_found")
    assert log.recorded("person-forgotten") == []
    for guid in guids:
        assert forgetting.forget(guid)["actor_id"] == guid
    shows_nobody(identities_of(log))


TESTING: dict[str, Any] = {"actor": MIKE, "environment": "test"}


@pytest.mark.parametrize("text", ["mike.mars", "u-1", "guid"])
def test_a_test_account_is_forgotten_and_the_real_person_is_not(
    log: ManagedLog, forgetting: Forgetting, text: str
) -> None:
    """They have the same id and names. The record is in the test environment's log."""
    real, test = log.sent({"actor": MIKE}, TESTING)
    (there,) = log.done("GET", "/v1/actors", query={"environment": "test"})["actors"]
    person = forgetting.forget(there["id"] if text == "guid" else text, environment="test")
    assert (person["environment"], person["actor_id"]) == ("test", there["id"])
    log.now += 30 * SECOND
    assert log.found(actor="mike.mars") == [real]
    assert log.found(actor="mike.mars", environment="test") == []
    assert log.found(actor=there["id"], environment="test") == [test]
    assert log.recorded("person-forgotten") == []
    told = log.page({"environment": "test", "activity": "audit-log.person-forgotten"})["events"]
    assert [event["id"] for event in told] == [person["event_id"]]
    assert [job.status for job in forgetting.sweep()] == ["succeeded"]
    assert problem_of(forgetting.call(text, environment="test")) == (404, "not_found")
    (native,) = [event for event in log.page()["events"] if event["id"] == real]
    assert native["actor"]["username"] == "mike.mars"


def test_without_an_environment_somebody_is_forgotten_in_each(log: ManagedLog, forgetting: Forgetting) -> None:
    """The answer names each person and the event in that environment's log. The next call finds nobody."""
    log.sent({"actor": MIKE}, TESTING, {"actor": JANE, "environment": "test"})
    done = forgetting.report("mike.mars")["forgotten"]
    assert [person["environment"] for person in done] == ["prod", "test"]
    assert len({person["actor_id"] for person in done}) == len({person["event_id"] for person in done}) == 2
    shows_nobody(identities_of(log))
    log.now += 30 * SECOND
    for person in done:
        told = log.page({"environment": person["environment"], "activity": "audit-log.person-forgotten"})["events"]
        assert [(event["id"], event["params"]) for event in told] == [
            (person["event_id"], {"actor_id": person["actor_id"]})
        ]
    assert problem_of(forgetting.call("mike.mars")) == (404, "not_found")
    (person,) = forgetting.report("jane.roe")["forgotten"]
    assert person["environment"] == "test"


def test_a_name_that_is_not_clear_in_one_environment_forgets_nobody(log: ManagedLog, forgetting: Forgetting) -> None:
    """Neither in the others, and nothing is recorded. Each environment for itself can be named."""
    log.sent({"actor": MIKE}, TESTING, {**TESTING, "actor": {**MIKE, "id": "u-2"}})
    before = identities_of(log)
    assert problem_of(forgetting.call("mike.mars")) == (409, "several_people")
    assert identities_of(log) == before
    assert log.recorded("person-forgotten") == []
    assert forgetting.forget("mike.mars", environment="prod")["environment"] == "prod"


def test_the_reads_do_not_grow_with_a_names_bearers(log: ManagedLog) -> None:
    """The answer names the environment and says how many people there are, as far as that is written down."""

    class Counted(ForgettingTable):
        calls = 0

        def read(self, *given: Any, **named: Any) -> Any:
            Counted.calls += 1
            return super().read(*given, **named)

        def query(self, *given: Any, **named: Any) -> Any:
            Counted.calls += 1
            return super().query(*given, **named)

    forgetting = Forgetting(log, forgetting=Counted(log.dynamodb, log.tables.identities))
    counts = []
    for number in (2, 64, 300):
        log.now += SECOND
        for start in range(0, number, 100):
            ids = range(start, min(start + 100, number))
            log.sent(*({"actor": {**MIKE, "id": f"u-{each}", "username": f"guest {number}"}} for each in ids))
        Counted.calls = 0
        answer = forgetting.call(f"guest {number}")
        counts.append(Counted.calls)
        assert problem_of(answer) == (409, "several_people")
        told = str(number) if number <= 64 else "More than 64"
        assert answered(answer)["detail"].startswith(f"{told} people in prod had this name.")
    assert counts[0] == counts[1] == counts[2] <= 8


def test_an_environment_that_there_is_not_is_404(log: ManagedLog, forgetting: Forgetting) -> None:
    """Named once at most, and no other parameter."""
    log.sent({"actor": MIKE})
    assert problem_of(forgetting.call("mike.mars", environment="none")) == (404, "not_found")
    assert problem_of(forgetting.call("mike.mars", reason="x")) == (400, "unknown_parameter")
    assert log.found(actor="mike.mars")


def test_a_name_that_was_given_again_is_forgotten_with_its_new_holder(log: ManagedLog, forgetting: Forgetting) -> None:
    """One sam was deleted and another hired. A failed sign-in and a lock that name sam alone are the second one's."""
    moments = [format_time(NOW - 9_000 + 1_000 * number) for number in range(5)]
    of_first, _, of_second, sign_in, lock = log.sent(
        {"actor": {"type": "user", "id": "1", "username": "sam"}, "occurred_at": moments[0]},
        {"actor": JANE, "target": {"type": "user", "id": "1"}, "occurred_at": moments[1]},
        {"actor": {"type": "user", "id": "2", "username": "sam"}, "occurred_at": moments[2]},
        {"actor": {"type": "unknown", "username": "sam"}, "status": "failure", "occurred_at": moments[3]},
        {"actor": JANE, "target": {"type": "user", "username": "Sam"}, "occurred_at": moments[4]},
    )
    native = {event["id"]: event for event in log.page({"limit": "500"})["events"]}
    first, second = native[of_first]["actor"]["id"], native[of_second]["actor"]["id"]
    assert native[sign_in]["actor"]["id"] == native[lock]["target"]["id"] == second != first
    assert forgetting.forget("2")["actor_id"] == second
    log.now += 30 * SECOND
    native = {event["id"]: event for event in log.page({"limit": "500"})["events"]}
    for shown in (native[of_second]["actor"], native[sign_in]["actor"], native[lock]["target"]):
        assert shown["forgotten"]
        assert shown["username"] == second
    assert native[of_first]["actor"]["username"] == "sam"


def test_a_name_of_very_many_people_is_answered_within_bounds(log: ManagedLog, forgetting: Forgetting) -> None:
    """The answer lists those who are written down and says that there are more."""
    log.sent(*({"actor": {"type": "user", "id": f"u-{number}", "username": "guest"}} for number in range(150)))
    answer = forgetting.call("guest")
    assert problem_of(answer) == (409, "several_people")
    problem = answered(answer)
    assert len(problem["errors"]) == 64
    assert "More than 64 people" in problem["detail"]
    assert forgetting.forget("u-149")["actor_id"]
    shows_nobody(problem)


def test_somebody_known_by_an_address_alone_is_forgotten_by_guid(log: ManagedLog, forgetting: Forgetting) -> None:
    """The next event from that address means a new person. A late event still means the old one."""
    event = {"actor": {"type": "unknown"}, "context": {"ip": "192.0.2.77"}}
    (first,) = log.sent(event)
    native = {each["id"]: each for each in log.page()["events"]}
    guid = forgetting.forget(native[first]["actor"]["id"])["actor_id"]
    log.now += 30 * SECOND
    late, new = log.sent({**event, "occurred_at": format_time(NOW - 1)}, event)
    native = {each["id"]: each for each in log.page()["events"]}
    assert native[late]["actor"]["id"] == guid != native[new]["actor"]["id"]
    assert (native[late]["context"]["ip"], native[new]["context"]["ip"]) == (None, "192.0.2.77")


def test_only_operations_forget(log: ManagedLog, forgetting: Forgetting) -> None:
    """The tenant's own admin may not, and no person of another tenant is found."""
    log.sent({"actor": MIKE})
    for role in ROLES - {"operations"}:
        assert problem_of(forgetting.call("mike.mars", role)) == (403, "forbidden")
    other = ManagedLog(log.dynamodb, log.tables, tenant="other")
    assert problem_of(Forgetting(other).call("mike.mars")) == (404, "not_found")
    assert log.found(actor="mike.mars")


def test_exports_that_may_hold_the_name_are_listed(log: ManagedLog, forgetting: Forgetting) -> None:
    """Exports that can still be fetched and all that have not ended, but not those that are deleted or cancelled."""
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    log.sent({"actor": MIKE}, {"actor": JANE})
    old, _ = exporter.export()
    log.now += 7 * DAY - 1
    fresh, _ = exporter.export()
    cancelled, waiting = exporter.ask(), exporter.ask()
    exporter.call("DELETE", "/v1/exports/{export_id}", export_id=cancelled["id"])
    assert set(forgetting.report("mike.mars")["exports_not_expired"]) == {waiting["id"], fresh["id"], old["id"]}
    log.now += DAY + 1
    exporter.jobs.claim(received(exporter.jobs.find(log.settings.code, waiting["id"])), "c", log.now, log.now + DAY)
    assert set(forgetting.report("jane.roe")["exports_not_expired"]) == {waiting["id"], fresh["id"]}


def test_an_export_asked_for_while_the_person_is_forgotten_is_listed(log: ManagedLog) -> None:
    """The list is made after the key is deleted."""
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    asked: list[str] = []

    class Meanwhile(ForgettingTable):
        def erase(self, *given: Any) -> None:
            asked.append(exporter.ask()["id"])
            super().erase(*given)

    log.sent({"actor": MIKE})
    people = Meanwhile(log.dynamodb, log.tables.identities)
    assert Forgetting(log, forgetting=people).report("mike.mars")["exports_not_expired"] == asked != []


class BreaksOff(ForgettingTable):
    """Fails with the n-th transaction, before or after it takes effect."""

    at = 1
    after = False

    def erase(self, *given: Any) -> None:
        type(self).at -= 1
        if self.at == 0 and not self.after:
            raise Throttled
        super().erase(*given)
        if self.at == 0:
            raise Throttled


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2])
def test_the_same_call_again_finishes(log: ManagedLog, forgetting: Forgetting, at: int, after: bool) -> None:
    """Nothing is deleted without a record. A started deletion is finished under the first event, by any of the
    names.
    """
    for number in range(36):
        log.sent({"actor": {**MIKE, "username": f"mike.mars.{number}"}})
    guid = log.guid_of("mike.mars.0")
    breaking = type("Breaking", (BreaksOff,), {"at": at, "after": after})(log.dynamodb, log.tables.identities)
    assert problem_of(Forgetting(log, forgetting=breaking).call("mike.mars.0")) == (503, "throttled")
    log.now += 30 * SECOND
    (first,) = log.recorded("person-forgotten")
    log.now += SECOND
    if (at, after) == (2, True):
        assert problem_of(forgetting.call("mike.mars.7")) == (404, "not_found"), "everything was done except the answer"
        shows_nobody(identities_of(log))
        return
    done = forgetting.forget("mike.mars.7")
    assert done["actor_id"] == guid
    assert (done["event_id"] == first["id"]) == (at > 1 or after)
    assert done["forgotten_at"] == format_time(NOW if done["event_id"] == first["id"] else log.now)
    shows_nobody(identities_of(log))


@pytest.mark.parametrize("text", ["mike.mars", "u-1"])
def test_whoever_took_the_name_since_is_not_forgotten_for_another(
    log: ManagedLog, forgetting: Forgetting, text: str
) -> None:
    """The call was answered 503 but had done everything, and a new event of the same account made a new person.
    Repeating the call returns both GUIDs. The new person is forgotten only by the GUID.
    """
    log.sent({"actor": MIKE})
    gone = log.guid_of("mike.mars")
    breaking = type("Breaking", (BreaksOff,), {"at": 1, "after": True})(log.dynamodb, log.tables.identities)
    assert problem_of(Forgetting(log, forgetting=breaking).call(text)) == (503, "throttled")
    log.now += 30 * SECOND
    log.sent({"actor": MIKE})
    new = log.guid_of("mike.mars")
    answer = forgetting.call(text)
    assert problem_of(answer) == (409, "several_people")
    assert [error["message"] for error in answered(answer)["errors"]] == sorted([gone, new])
    assert log.guid_of("mike.mars") == new
    assert problem_of(forgetting.call(gone)) == (404, "not_found")
    assert forgetting.forget(new)["actor_id"] == new


def test_two_calls_at_once_give_the_same_event(log: ManagedLog, forgetting: Forgetting) -> None:
    """The event of the call that deleted the key."""
    answers: list[dict[str, Any]] = []

    class Faster(ForgettingTable):
        def erase(self, *given: Any) -> None:
            if not answers:
                log.now += SECOND
                answers.append(forgetting.forget("mike.mars"))
            super().erase(*given)

    log.sent({"actor": MIKE})
    slower = Forgetting(log, forgetting=Faster(log.dynamodb, log.tables.identities)).forget("mike.mars")
    assert slower == answers[0]
    log.now += 30 * SECOND
    assert len(log.recorded("person-forgotten")) == 2
    assert slower["event_id"] == log.recorded("person-forgotten")[0]["id"], "the newest"


RENAMED, NAMELESS = {**MIKE, "username": "michael.mars"}, {"type": "user", "username": "mike.mars"}


@pytest.mark.parametrize(
    ("first", "then", "at"),
    [*((MIKE, RENAMED, at) for at in (1, 2, 3)), *((NAMELESS, MIKE, at) for at in (1, 2))],
    ids=["renaming-1", "renaming-2", "renaming-3", "adoption-1", "adoption-2"],
)
def test_what_a_request_in_flight_writes_goes_with_the_sweep(
    log: ManagedLog, forgetting: Forgetting, first: dict[str, Any], then: dict[str, Any], at: int
) -> None:
    """The person is forgotten before the request's n-th write. The request's event shows nobody, and the next one
    means a new person.
    """
    log.sent({"actor": first})
    guid = log.guid_of("mike.mars")

    class Forgotten(IdentityTable):
        writes = 0

        def insert(self, tenant: Any, rows: Any) -> Any:
            self.writes += 1
            if self.writes == at:
                forgetting.forget(guid)
            return super().insert(tenant, rows)

    people = Forgotten(log.dynamodb, log.tables.identities)
    log.now += SECOND
    sender = Sender(log.wiring.replacing(identities=people))
    assert sender({"activity": "x.y", "actor": then})["statusCode"] == 201
    assert people.writes >= at
    assert [job.status for job in forgetting.sweep()] == ["succeeded"]
    shows_nobody(identities_of(log))
    log.now += 30 * SECOND
    for event in log.page({"limit": "500"})["events"]:
        shows_nobody(event)
    (new,) = log.sent({"actor": then})
    native = next(event for event in log.page()["events"] if event["id"] == new)
    assert native["actor"]["username"] == then["username"]
    assert native["actor"]["id"] != guid


def test_nobody_is_forgotten_unrecorded(log: ManagedLog) -> None:
    """If the record can't be written, nothing is deleted. The caller's address is a person's by then."""

    class Full:
        def append(self, events: Any, _remaining: Any) -> Any:
            return {(event.partition, event.id): Append.THROTTLED for event in events}

    log.sent({"actor": MIKE})
    before = rows_of_people(log.dynamodb, log.tables.identities)
    assert problem_of(Forgetting(log, events=Full()).call("mike.mars")) == (503, "not_recorded")
    assert all(row in rows_of_people(log.dynamodb, log.tables.identities) for row in before)


def test_tombstones_last_as_long_as_they_are_needed(log: ManagedLog, dynamodb: Any, tables: Tables) -> None:
    """A tombstone's TTL is the longest retention. It stays for ever if events do. Several people share one row."""
    people = ForgettingTable(dynamodb, tables.identities)
    log.sent({"actor": JANE})
    guid = log.guid_of("jane.roe")
    Forgetter(people, log.keys, no_sweep).forget(log.key(), mark_of(guid, lowest_id(NOW), 180))
    texts = (f"id#{guid}", "name#jane.roe")
    stones = [tombstone(log.keys.gone, log.key(), text) for text in texts]
    rows = people.read(log.key(), stones)
    assert set(rows) == set(stones)
    for row in rows.values():
        assert set(row) == {guid, "expires_at"}
        assert 180 < (int(row["expires_at"]) * SECOND - NOW) / DAY < 182
    other = str(Gone(lowest_id(NOW + 1), had_id=True, froms=(NOW,)))
    people.erase(log.key(), (), {stones[1]: Stone(other)}, Mark("g-2", lowest_id(NOW + 1), None))
    whole = {guid: str(Gone(lowest_id(NOW), had_id=False, froms=(NOW,))), "g-2": other}
    assert people.read(log.key(), stones[1:2]) == {stones[1]: whole}
    people.erase(log.key(), (), {stones[1]: Stone(other, [guid])}, Mark("g-3", lowest_id(NOW + 2), None))
    assert people.read(log.key(), stones[1:2]) == {stones[1]: {"g-2": other, "g-3": other}}


def test_a_restore_forgets_again(log: ManagedLog, dynamodb: Any, tables: Tables, definitions: Any, capsys: Any) -> None:
    """The old rows are in a restored table. The command forgets the same people again with the original time and
    changes nobody else. A second run has nothing to do.
    """
    other = ManagedLog(dynamodb, tables, "enate", tenant="other")
    log.sent(*EVENTS, {"actor": {**MIKE, "username": "mike.b.mars"}})
    other.sent({"actor": MIKE, "activity": "record.stamped"})
    backup = dynamodb.scan(TableName=tables.identities)["Items"]
    done = [Forgetting(each).forget("u-1") for each in (log, other)]
    restored = f"{tables.identities}-restored"
    dynamodb.create_table(TableName=restored, **definitions["identities"])
    for item in backup:
        dynamodb.put_item(TableName=restored, Item=item)
    given = ["--identities", restored, "--events", tables.events, "--control", tables.control, "--secret", "arn"]
    for returned in (2, 0):
        assert replay_forgetting.main(given, connect=connected_to(dynamodb), read_secret=lambda *_: SECRET) == 0
        assert capsys.readouterr().out.startswith(f"2 people had been forgotten. {returned} of them")
    rows, live = (without_callers(rows_of_people(dynamodb, table)) for table in (restored, tables.identities))
    shows_nobody(json.dumps(rows, default=repr))
    assert rows == live
    people = IdentityTable(dynamodb, restored)
    stone = tombstone(log.keys.gone, log.key(), "ext#u-1")
    gone = Gone.read(people.read(log.key(), [stone])[stone][done[0]["actor_id"]])
    assert gone.event_id == done[0]["event_id"]


def test_a_restore_forgets_in_the_environment_alone(
    log: ManagedLog, dynamodb: Any, tables: Tables, definitions: Any, capsys: Any
) -> None:
    """A test account had been forgotten. The person of the same id and name in production stays."""
    (real, _) = log.sent({"actor": MIKE}, TESTING)
    backup = dynamodb.scan(TableName=tables.identities)["Items"]
    Forgetting(log).forget("u-1", environment="test")
    dynamodb.create_table(TableName=(restored := f"{tables.identities}-restored"), **definitions["identities"])
    for item in backup:
        dynamodb.put_item(TableName=restored, Item=item)
    given = ["--identities", restored, "--events", tables.events, "--control", tables.control, "--secret", "arn"]
    assert replay_forgetting.main(given, connect=connected_to(dynamodb), read_secret=lambda *_: SECRET) == 0
    assert capsys.readouterr().out.startswith("1 people had been forgotten. 1 of them")
    rows, live = (dynamodb.scan(TableName=table)["Items"] for table in (restored, tables.identities))
    gone, live_gone = ([row for row in each if row["sk"]["S"].startswith("gone#")] for each in (rows, live))
    assert sorted(gone, key=repr) == sorted(live_gone, key=repr) != []
    assert {row["pk"]["S"] for row in rows if row["sk"]["S"].startswith("id#")} == {log.key("prod")}
    assert log.found(actor="mike.mars") == [real]


def test_a_restore_takes_over_who_was_made_and_forgotten_since(
    log: ManagedLog, dynamodb: Any, tables: Tables, definitions: Any
) -> None:
    """The restored table lacks their rows and the log lacks their texts. The tombstones of the table in use have
    them.
    """
    dynamodb.create_table(TableName=(restored := f"{tables.identities}-restored"), **definitions["identities"])
    log.sent(EVENTS[0])
    guid = Forgetting(log).forget("u-1")["actor_id"]
    given = ["--identities", restored, "--events", tables.events, "--control", tables.control, "--secret", "arn"]
    given += ["--old", tables.identities]
    for _ in range(2):
        assert replay_forgetting.main(given, connect=connected_to(dynamodb), read_secret=lambda *_: SECRET) == 0
        rows, old = (without_callers(rows_of_people(dynamodb, table)) for table in (restored, tables.identities))
        assert rows
        assert rows == old
    stone = tombstone(log.keys.gone, log.key(), "ext#u-1")
    assert guid in IdentityTable(dynamodb, restored).read(log.key(), [stone])[stone]


def test_a_restore_that_fails_says_so(dynamodb: Any, tables: Tables, capsys: Any) -> None:
    """A table is never reported as done if it is not."""
    given = ["--identities", "none", "--events", "none", "--control", tables.control + "-none", "--secret", "arn"]
    assert replay_forgetting.main(given, connect=connected_to(dynamodb), read_secret=lambda *_: SECRET) == 1
    assert "Nothing may read from the restored table yet." in capsys.readouterr().err
