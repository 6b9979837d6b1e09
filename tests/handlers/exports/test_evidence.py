"""Exports with evidence: what is asked, recorded, waited for and written."""

import base64
import hashlib
import json
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.batching import batched
from daybook.clock import DAY, MINUTE, SECOND, format_time
from daybook.crypto.sealing import Place, open_sealed
from daybook.events.canonical import leaf
from daybook.events.item import partition_of
from daybook.ids import occurred_ms
from daybook.jobs.export import MEDIA_TYPES
from daybook.ledger.checkpoints import Checkpoint, parse
from daybook.ledger.entries import ENTRY_BYTES, Entry, split
from daybook.ledger.logs import Log, LogKey
from daybook.ledger.merkle import Edge, leaf_hash
from daybook.ledger.notes import open_note
from exports.phases.record import NOT_SEALED
from exports.work import ExportWork
from tests.support.calls import answered
from tests.support.exports import Exporter, Killed, Mortal, rows_of
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

NATIVE = {"evidence": True, "format": "ndjson", "view": "native"}
in_memory = pytest.mark.parametrize("store", ["memory"], indirect=True)
"""For what is not about the store, and makes thousands of calls of it."""

IN_PIECES = {"batch": 3, "part_bytes": 700, "run_bytes": 200, "max_merged": 2, "step_ms": 0}


class ProvenLog(ManagedLog):
    """The ledger appends while an export waits."""

    def __init__(self, dynamodb: Any, tables: Tables, profile: str = "carear") -> None:
        super().__init__(dynamodb, tables, profile)
        self.exporter = Exporter(dynamodb, tables, self.clock, waited=self.wait)
        self.late: set[str] = set()
        """Ids of events that the ledger does not append yet."""
        self._waiting: Callable[[], object] = lambda: None

    def wait(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self._waiting()
        self.exporter.ledger.append(self.late.__contains__)

    def at_each_wait(self, what: Callable[[], object]) -> None:
        self._waiting = what

    @property
    def key_of_log(self) -> LogKey:
        return LogKey(self.key(), "all")

    def send_some(self, number: int, at_ms: int = NOW) -> list[str]:
        return self.sent(
            *(
                {
                    "activity": "experiences.add",
                    "details": f"number {each}, of mike.mars",
                    "occurred_at": format_time(at_ms - each * SECOND),
                    "people": [{"username": "mike.mars"}],
                }
                for each in range(number)
            )
        )

    def proven(self, body: Any = None, **given: Any) -> "Evidence":
        """The evidence of an export, which is right."""
        shown, content = self.exporter.export({"evidence": True, **(body or {})}, **given)
        return self.evidence(shown, content)

    def evidence(self, shown: dict[str, Any], content: bytes | None = None) -> "Evidence":
        place = f"files/{self.settings.code}/{shown['id']}/{shown['filename']}.evidence.ndjson"
        lines = self.exporter.files.files[place].splitlines(keepends=True)
        evidence = Evidence(lines, self.exporter.ledger.log(self.key_of_log))
        evidence.check(self, shown, self.exporter.file(shown) if content is None else content)
        return evidence


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ProvenLog:
    log = ProvenLog(dynamodb, tables)
    log.send_some(20)
    return log


def mortal_worker(log: ProvenLog, chance: random.Random) -> ExportWork:
    def mortal(store: Any) -> Any:
        return Mortal(store, chance, 0.02)

    stores = log.wiring.of_tenant(log.settings.code)
    names = ("indexes", "identities", "person_keys", "events", "logs", "appends", "checkpoints")
    mortals = SimpleNamespace(
        random_bytes=stores.random_bytes, **{name: mortal(getattr(stores, name)) for name in names}
    )
    return log.exporter.worker(**IN_PIECES, files=mortal(log.exporter.files), stores_of=lambda _: mortals)


def unpacked(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


class Evidence:
    """An evidence file, read by its page: docs/reference/evidence.md."""

    def __init__(self, lines: list[bytes], log: Log) -> None:
        self.head, *rest = [json.loads(line) for line in lines]
        self.log = log
        self.kinds = [next(iter(line)) for line in rest]
        self.rows = [line for line in rest if "index" in line]
        (self.disclosed,) = [line["disclosed"] for line in rest if "disclosed" in line]
        self.parts = [unpacked(line["entries"]) for line in rest if "entries" in line]
        self.entries = list(split(b"".join(self.parts)))
        self.end = rest[-1]["end"]
        self.since = self.head["edge"]["size"]
        self.manifest: dict[str, Any] = json.loads(unpacked(self.head["manifest"]))
        self.contents = [json.loads(unpacked(row["canonical"])) for row in self.rows]

    @property
    def disclosed_events(self) -> list[dict[str, Any]]:
        return [json.loads(unpacked(each["canonical"])) for each in self.disclosed]

    def entry(self, index: int) -> Entry:
        entry: Entry = self.entries[index - self.since]
        return entry

    @property
    def signed(self) -> Checkpoint:
        return parse(self.head["checkpoint"].rpartition("\n\n")[0] + "\n")

    def check(self, log: ProvenLog, shown: dict[str, Any], content: bytes) -> None:
        """Holds whatever was exported: from each row to the head that is signed, and from the file to its record."""
        text, signatures = open_note(self.head["checkpoint"], log.exporter.ledger.keys(log.key_of_log))
        assert (parse(text), len(signatures)) == (self.signed, 2)
        assert self.signed.origin == self.manifest["log"] == self.log.origin
        edge = Edge(self.since, tuple(map(unpacked, self.head["edge"]["hashes"])))
        entries = [bytes(each) for each in batched(b"".join(self.parts), ENTRY_BYTES)]
        assert all(len(each) == ENTRY_BYTES for each in entries)
        grown = edge.extended(map(leaf_hash, entries))
        assert (grown.size, grown.root) == (self.signed.size, self.signed.root)
        kinds = [*["index"] * len(self.rows), "disclosed", *["entries"] * len(self.parts), "end"]
        assert (self.head["daybook"], self.head["v"], self.kinds) == ("evidence", 1, kinds)
        assert self.end == {"rows": shown["rows"], "entries": len(entries)}
        assert len(self.rows) == shown["rows"] == self.manifest["rows"]
        for row in [*self.rows, self.head["completion"], *self.disclosed]:
            self._check_event(row)
        assert len({row["index"] for row in self.rows}) == len(self.rows)
        ids = [content["id"] for content in self.contents]
        assert ids == sorted(ids, reverse=self.manifest["sort"] == "-occurred_at")
        self._check_record(shown, content)

    def _check_event(self, row: dict[str, Any]) -> None:
        canonical = unpacked(row["canonical"])
        said, entry = json.loads(canonical), self.entry(row["index"])
        assert (entry.id, entry.leaf) == (said["id"], leaf(canonical))
        assert format_time(entry.received_ms) == said["received_at"]

    def _check_record(self, shown: dict[str, Any], content: bytes) -> None:
        said = json.loads(unpacked(self.head["completion"]["canonical"]))
        assert said["activity"] == "audit-log.export-completed"
        assert said["actor"]["type"] == "system"
        assert said["caused_by"] == self.manifest["recorded_as"]
        assert said["params"] == {
            "filename": shown["filename"],
            "export": shown["id"],
            "file_sha256": hashlib.sha256(content).hexdigest(),
            "manifest_sha256": hashlib.sha256(unpacked(self.head["manifest"])).hexdigest(),
            "rows": shown["rows"],
        }

    def opened(self) -> list[set[str]]:
        """The usernames that each row's keys open."""
        found = []
        for row, content in zip(self.rows, self.contents, strict=True):
            sealed = {person["id"]: person["sealed"] for person in content["people"] if "sealed" in person}
            place = (content["tenant"], content["environment"], content["id"])
            found.append(
                {
                    open_sealed(sealed[each["id"]], unpacked(each["key"]), Place(*place, each["id"]))[0]
                    for each in row["people"]
                }
            )
        return found


@pytest.mark.every_store
def test_the_evidence_leads_from_each_row_to_the_signed_head(log: ProvenLog) -> None:
    """Entries and edge give the root that is signed, each row's bytes its entry, and the record both files' hashes."""
    evidence = log.proven()
    assert (evidence.since, evidence.head["since"]) == (0, None)
    (record,) = evidence.disclosed_events
    assert (record["id"], record["activity"]) == (evidence.manifest["recorded_as"], "audit-log.exported")
    assert (len(evidence.rows), evidence.opened()) == (20, [{"mike.mars"}] * 20)
    manifest = evidence.manifest
    assert (manifest["tenant_name"], manifest["tenant_profile"]) == (log.settings.name, "carear")
    assert (manifest["evidence"], manifest["complete"]) == (True, True)
    (asked,) = log.recorded("exported")
    assert asked["params"]["evidence"] is True
    assert [event["params"]["export"] for event in log.recorded("export-completed")] == [manifest["export"]]


@in_memory
def test_the_answer_says_when_the_evidence_is_there(log: ProvenLog) -> None:
    asked = log.exporter.ask({"evidence": True})
    assert (asked["evidence"], asked["evidence_url"]) == ("waiting", None)
    log.exporter.work()
    shown = log.exporter.read(asked["id"])
    place = f"files/{log.settings.code}/{shown['id']}/{shown['filename']}.evidence.ndjson"
    assert (shown["status"], shown["evidence"]) == ("succeeded", "ready")
    assert shown["evidence_url"] == f"https://files.example/{place}?{shown['id']}"
    assert log.exporter.files.described[place] == (MEDIA_TYPES["ndjson"], f"{shown['filename']}.evidence.ndjson")
    assert set(log.exporter.files.files) == {place, *(place.replace(".evidence.ndjson", end) for end in _BESIDE)}
    assert log.exporter.call("DELETE", "/v1/exports/{export_id}", export_id=shown["id"])["statusCode"] == 204
    assert log.exporter.files.files == {}


_BESIDE = ("", ".manifest.json")


@in_memory
def test_an_export_without_evidence_has_none(log: ProvenLog) -> None:
    shown, _ = log.exporter.export()
    assert (shown["evidence"], shown["evidence_url"]) == (None, None)
    assert log.recorded("export-completed") == []


@in_memory
@pytest.mark.parametrize(
    "body",
    [
        {"sort": "actor"},
        {"view": "native"},
        {"view": "generic"},
        {"format": "ndjson"},
        {"format": "ndjson", "view": "carear"},
    ],
)
def test_evidence_is_refused_where_a_verifier_could_not_render_the_rows(log: ProvenLog, body: dict[str, Any]) -> None:
    answer = log.exporter.call("POST", "/v1/exports", {"evidence": True, **body})
    assert problem_of(answer) == (422, "invalid_value")
    assert [error["path"] for error in answered(answer)["errors"]] == ["evidence"]


@in_memory
def test_where_evidence_begins_is_asked_only_with_evidence(log: ProvenLog) -> None:
    answer = log.exporter.call("POST", "/v1/exports", {"evidence_since": 0})
    assert problem_of(answer) == (422, "invalid_value")


@in_memory
@pytest.mark.parametrize("body", [NATIVE, {"sort": "occurred_at"}, {"mark": True, "tz": "Asia/Kolkata"}])
def test_all_other_forms_have_evidence(log: ProvenLog, body: dict[str, Any]) -> None:
    assert len(log.proven(body).rows) == 20


@in_memory
def test_rows_of_a_filtered_export_are_proven_and_nothing_else_is_said(log: ProvenLog) -> None:
    log.sent({"activity": "surveys.add", "details": "another"})
    evidence = log.proven({"filters": {"activity": "surveys.add"}})
    assert (len(evidence.rows), evidence.manifest["complete"], evidence.disclosed) == (1, False, [])


@in_memory
def test_an_export_without_a_row_has_evidence_that_it_is_empty(log: ProvenLog) -> None:
    evidence = log.proven({"filters": {"to": format_time(NOW - DAY)}})
    assert evidence.rows == []


@in_memory
def test_it_begins_to_read_when_what_was_under_way_is_stored(log: ProvenLog) -> None:
    """Also with filters, which `complete` refuses."""
    asked = log.exporter.ask({"evidence": True, "filters": {"activity": "experiences.add"}})
    at = log.now
    log.at_each_wait(lambda: log.send_some(1, at - SECOND))
    log.exporter.work()
    assert log.now >= at + 88 * SECOND
    assert log.exporter.read(asked["id"])["rows"] == 20  # what is sent while it waits is received too late


@in_memory
def test_what_only_operations_may_read_is_in_no_evidence(dynamodb: Any, tables: Tables) -> None:
    """It is in a log of its own. Operations may read the event, but this export is of the other log."""
    log = ProvenLog(dynamodb, tables, "enate")
    log.sent({"activity": "api.called", "actor": {"type": "api"}, "params": {"endpoint": "/x"}, "details": "x"})
    log.sent({"activity": "work-item.note-added", "details": "seen by all"})
    log.exporter = Exporter(dynamodb, tables, log.clock, role="operations", waited=log.wait)
    evidence = log.proven({"filters": {"component!": "Audit Log"}})
    assert [content["activity"] for content in evidence.contents] == ["work-item.note-added"]


@in_memory
@pytest.mark.parametrize(
    ("from_ms", "kept", "begins_at"),
    [
        (NOW - 4 * MINUTE, None, 2),
        (NOW - 4 * MINUTE - 1, None, 1),
        (NOW - 4 * MINUTE, 0, 0),
        (NOW - 4 * MINUTE, 3, 2),
        (NOW - 4 * MINUTE, "unknown", 2),
        (NOW - 4 * MINUTE, "the log's beginning", None),
    ],
)
def test_entries_begin_at_a_checkpoint_well_before_the_span(
    dynamodb: Any, tables: Tables, from_ms: int, kept: Any, begins_at: int | None
) -> None:
    """Five minutes, since an event may be stamped so far ahead, and one more, since clocks differ: at the one that the
    caller kept, else at the newest.
    """
    log = ProvenLog(dynamodb, tables)
    ledger = log.exporter.ledger
    sizes = []
    for minutes in (30, 15, 10, 5):
        log.now = NOW - minutes * MINUTE
        log.send_some(7, log.now)
        ledger.append()
        sizes.append(ledger.sign(log.key_of_log).size)
    log.now = NOW
    log.send_some(3)
    since = sizes[kept] if isinstance(kept, int) else {None: None, "unknown": 5, "the log's beginning": 0}[kept]
    evidence = log.proven({"filters": {"from": format_time(from_ms)}, "evidence_since": since})
    assert evidence.since == (0 if begins_at is None else sizes[begins_at])
    if begins_at is not None:
        before, _ = open_note(evidence.head["since"], ledger.keys(log.key_of_log))
        edge = Edge(evidence.since, tuple(map(unpacked, evidence.head["edge"]["hashes"])))
        assert parse(before) == Checkpoint(evidence.log.origin, evidence.since, edge.root)


@in_memory
def test_a_row_that_the_ledger_appends_late_is_waited_for(log: ProvenLog) -> None:
    """The record is sealed already. A newer checkpoint covers the row."""
    log.late = set(log.send_some(3, NOW - MINUTE))
    asked = log.exporter.ask({"evidence": True})

    def appended() -> None:
        if len(log.exporter.ledger.asked) > 1:
            log.late = set()

    log.at_each_wait(appended)
    log.exporter.work()
    evidence = log.evidence(log.exporter.read(asked["id"]))
    assert len(evidence.rows) == 23
    assert len(log.exporter.ledger.asked) > 1


@in_memory
@pytest.mark.parametrize("what", ["a row", "everything"])
def test_after_15_minutes_without_an_entry_it_fails_and_says_so(log: ProvenLog, what: str) -> None:
    late = log.send_some(1, NOW - MINUTE)
    asked = log.exporter.ask({"evidence": True})
    began = log.now
    if what == "a row":
        log.late = set(late)
    else:
        log.exporter.ledger.append()
        log.exporter.ledger.append = lambda _=None: None  # type: ignore[method-assign,assignment]
    log.exporter.work()
    shown = log.exporter.read(asked["id"])
    assert (shown["status"], shown["error"], shown["evidence"]) == ("failed", NOT_SEALED, None)
    assert 16 * MINUTE < log.now - began < 20 * MINUTE
    assert log.exporter.files.files == {}


@in_memory
@pytest.mark.parametrize("sort", ["occurred_at", "-occurred_at"])
def test_evidence_is_the_same_in_however_many_pieces(log: ProvenLog, sort: str) -> None:
    """Each step by another process, uploads of many parts, runs of many levels."""
    log.send_some(40, NOW - MINUTE)
    asked = log.exporter.ask({"evidence": True, "sort": sort})
    log.exporter.work_in_steps(**IN_PIECES)
    assert len(log.exporter.files.part_sizes) > 1
    evidence = log.evidence(log.exporter.read(asked["id"]))
    assert (len(evidence.rows), evidence.opened()) == (60, [{"mike.mars"}] * 60)


@in_memory
def test_workers_that_are_killed_leave_right_evidence(log: ProvenLog) -> None:
    """And one record of each completion, whatever was repeated."""
    kills = 0
    for seed in range(10):
        chance = random.Random(seed)  # noqa: S311  a test that can be repeated
        asked = log.exporter.ask({"evidence": True, "filters": {"to": format_time(NOW + 1)}})
        waiting = list(log.exporter.queue.sent)
        while log.exporter.read(asked["id"])["status"] not in {"succeeded", "failed"}:
            log.exporter.queue.sent = list(waiting)
            try:
                log.exporter.work(worker=mortal_worker(log, chance))
            except Killed:
                kills += 1
                log.now += 20 * MINUTE  # the claim has ended
        evidence = log.evidence(log.exporter.read(asked["id"]))
        assert len({content["id"] for content in evidence.contents}) == len(evidence.rows) >= 20
        assert len(log.recorded("export-completed")) == seed + 1
    assert kills > 20


def test_who_is_forgotten_while_it_waits_is_named_by_file_and_evidence_alike(log: ProvenLog) -> None:
    """So the rows can be rendered anew. Forgetting lists the export, and its evidence."""
    asked = log.exporter.ask({"evidence": True, "filters": {"activity": "experiences.add"}})
    done: list[dict[str, Any]] = []

    def forgotten() -> None:
        if log.exporter.ledger.asked and not done:
            done.append(Forgetting(log).report("mike.mars"))

    log.at_each_wait(forgotten)
    log.exporter.work()
    evidence = log.evidence(log.exporter.read(asked["id"]))
    assert evidence.opened() == [{"mike.mars"}] * 20
    assert {row["Username"] for row in rows_of(log.exporter.file(asked))[1]} == {"mike.mars"}
    assert (done[0]["exports_not_expired"], done[0]["evidence_not_expired"]) == ([asked["id"]], [asked["id"]])


def test_who_was_forgotten_before_is_in_neither_file_nor_evidence(log: ProvenLog) -> None:
    plain, _ = log.exporter.export()
    report = Forgetting(log).report("mike.mars")
    assert (report["exports_not_expired"], report["evidence_not_expired"]) == ([plain["id"]], [])
    evidence = log.proven({"filters": {"activity": "experiences.add"}})
    assert evidence.opened() == [set()] * 20


def test_a_shorter_retention_of_once_is_disclosed(log: ProvenLog) -> None:
    """Events that it let go have entries and no rows. Where each entry of the span has a row, it is not disclosed. A
    change after the request never is.
    """
    old = log.send_some(2, NOW - 40 * DAY)
    log.exporter.ledger.append()
    assert [each["activity"] for each in log.proven().disclosed_events] == ["audit-log.exported"]
    for days in (30, 90):
        log.done("PUT", "/v1/settings/retention", {"days": days})
    log.now += MINUTE
    log.at_each_wait(lambda: log.now < NOW + 4 * MINUTE and log.done("PUT", "/v1/settings/retention", {"days": 80}))
    for identifier in old:
        home = partition_of(log.settings, "prod", identifier, occurred_ms(identifier))
        log.dynamodb.delete_item(TableName=log.tables.events, Key={"pk": {"S": home}, "sk": {"S": identifier}})
    disclosed = log.proven().disclosed_events
    assert [each["params"].get("to_days") for each in disclosed] == ["30", "90", None]
    assert {each["activity"] for each in disclosed[:2]} == {"audit-log.retention-changed"}
