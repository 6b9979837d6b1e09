"""Exports over the API: requested, written, shown, downloaded, cancelled; and who may do that."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.json import encode

from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE, SECOND, format_time
from daybook.crypto.generations import read_secret
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Throttled
from daybook.jobs.job import EXPORT, KINDS, LEDGER_SWEEP, REPLAY, RESTAMP, SWEEP, Job, Step, new_job
from daybook.jobs.runner import MAX_ATTEMPTS
from exports.lanes import MAX_ACTIVE
from exports.operations import MAX_LISTED_JOBS
from exports.restart import MAX_RESTARTS, TOO_MANY
from exports.work import ExportWork
from infra.operate.rotate_keys import jobs_need, rotated
from tests.support.calls import answered
from tests.support.exports import Exporter, rows_of
from tests.support.ingest import NOW, SECRET
from tests.support.jobs import received
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of


class ExportedLog(ManagedLog):
    def __init__(self, dynamodb: Any, tables: Tables, profile: str = "carear", **changed: Any) -> None:
        super().__init__(dynamodb, tables, profile, **changed)
        self.exporter = Exporter(dynamodb, tables, self.clock)

    def keep_days(self, days: int) -> None:
        """Changes the setting alone, without the job and the record of a call."""
        self.control.change_tenant(self.settings.code, lambda now: replace(now, retention_days=days))


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ExportedLog:
    log = ExportedLog(dynamodb, tables)
    log.sent(
        {"activity": "experiences.add", "details": "first", "occurred_at": format_time(NOW - 2 * MINUTE)},
        {
            "activity": "surveys.add",
            "details": "second, of mike.mars",
            "actor": {"type": "user", "username": "zoe"},
            "people": [{"username": "mike.mars"}],
            "occurred_at": format_time(NOW - MINUTE),
        },
    )
    return log


def test_a_rotation_of_the_keys_stops_no_export(log: ExportedLog) -> None:
    """Its filters are sealed under the key from before, and the worker has just started."""
    secret = read_secret(SECRET)
    asked = log.exporter.ask({"filters": {"actor": "zoe"}})
    for _ in range(3):
        log.now += DAY
        secret = read_secret(encode(rotated(secret, jobs_need(log.control, log.jobs), log.now, lambda: "s" * 64)))
    worker = log.exporter.worker(keys=DeploymentKeys(encode(rotated(secret, {0}, log.now, lambda: "s" * 64))))
    log.exporter.work(worker=worker)
    assert descriptions(log.exporter.file(log.exporter.read(asked["id"]))) == ["second, of mike.mars"]


def descriptions(content: bytes) -> list[str]:
    return [row["Event Description"] for row in rows_of(content)[1]]


@pytest.mark.every_store
def test_an_export_is_what_is_on_screen(log: ExportedLog) -> None:
    """By default it has the profile's own view, newest first, as CSV."""
    asked = log.exporter.ask()
    assert asked == {
        "id": asked["id"],
        "status": "queued",
        "filename": "AuditLogs_20261122_163108.csv",
        "environment": "prod",
        "filters": [],
        "sort": "-occurred_at",
        "format": "csv",
        "view": "carear",
        "tz": "UTC",
        "rows": 0,
        "bytes": 0,
        "sha256": None,
        "progress": 0.0,
        "created_at": "2026-11-22T16:31:08.000Z",
        "finished_at": None,
        "expires_at": None,
        "download_url": None,
        "manifest_url": None,
        "evidence": None,
        "evidence_url": None,
        "error": None,
    }
    log.now += MINUTE
    log.exporter.work()
    shown = log.exporter.read(asked["id"])
    content = log.exporter.file(shown)
    assert content == (
        b"Date,Time,Username,Event Category,Event Description\r\n"
        b'2026-11-22,16:30:08,zoe,Surveys,"second, of mike.mars"\r\n'
        b"2026-11-22,16:29:08,mike.mars,Experiences,first\r\n"
    )
    assert (shown["status"], shown["rows"], shown["progress"], shown["bytes"]) == ("succeeded", 2, 1.0, len(content))
    assert shown["sha256"] == hashlib.sha256(content).hexdigest()
    assert (shown["finished_at"], shown["expires_at"]) == ("2026-11-22T16:32:08.000Z", "2026-11-29T16:31:08.000Z")
    assert shown["download_url"].endswith(f"{asked['id']}/AuditLogs_20261122_163108.csv?{asked['id']}")
    assert shown["manifest_url"].endswith(f"{asked['id']}/AuditLogs_20261122_163108.csv.manifest.json?{asked['id']}")
    assert log.exporter.links.sessions == 1
    place = f"files/{log.settings.code}/{asked['id']}/AuditLogs_20261122_163108.csv"
    assert log.exporter.files.described[place] == ("text/csv; charset=utf-8", "AuditLogs_20261122_163108.csv")


def test_the_manifest_says_what_was_exported(log: ExportedLog) -> None:
    """Who asked, the filters with people as GUIDs, the time span, rows, checksum, profile and catalogue."""
    filters = {"actor": ["zoe", "nobody.here"], "q": "second", "range": "7d"}
    shown, content = log.exporter.export({"filters": filters})
    manifest = json.loads(
        log.exporter.files.files[f"files/{log.settings.code}/{shown['id']}/{shown['filename']}.manifest.json"]
    )
    (record,) = log.recorded("exported")
    assert manifest == {
        "version": 1,
        "export": shown["id"],
        "tenant": "acme",
        "tenant_name": "Acme Inc",
        "tenant_profile": "carear",
        "environment": "prod",
        "asked_by": {"credential": "k1", "role": "auditor"},
        "asked_at": "2026-11-22T16:31:08.000Z",
        "recorded_as": record["id"],
        "filters": ["actor=?", f"actor={log.guid_of('zoe')}", "q", "range=7d"],
        "from": "2026-11-15T16:31:08.000Z",
        "to": None,
        "received_until": "2026-11-22T16:31:08.000Z",
        "complete": False,
        "evidence": False,
        "log": None,
        "sort": "-occurred_at",
        "view": "carear",
        "tz": "UTC",
        "format": "csv",
        "mark": False,
        "filename": "AuditLogs_20261122_163108.csv",
        "rows": 1,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "profile": "carear",
        "catalogue_version": 0,
        "completed_at": "2026-11-22T16:31:08.000Z",
    }


def manifest_of(log: ExportedLog, shown: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        log.exporter.files.files[f"files/{log.settings.code}/{shown['id']}/{shown['filename']}.manifest.json"]
    )
    return found


def test_the_manifest_names_targets_and_no_people(log: ExportedLog) -> None:
    """A target's id is in it only where it is somebody known; nothing tells any other id from a name."""
    filters = {"target": ["invoice:D-7", "invoice:zoe", "user:mike.mars", "user:unheard.of"]}
    asked = log.exporter.ask({"filters": {**filters, "to": "2026-11-23T00:00:00Z"}})
    assert "D-7" not in str(log.exporter.jobs.find(log.settings.code, asked["id"]).ask)
    log.exporter.work()
    manifest = manifest_of(log, asked)
    zoe, mike = log.guid_of("zoe"), log.guid_of("mike.mars")
    assert sorted(manifest["filters"]) == sorted(
        [
            "target=invoice",
            f"target=invoice:{zoe}",
            f"target=user:{mike}",
            "target=user:?",
            "to=2026-11-23T00:00:00Z",
        ]
    )
    assert manifest["to"] == "2026-11-23T00:00:00.000Z"


def test_the_manifest_hides_names_within_other_texts(log: ExportedLog) -> None:
    """Ids of targets, which may hold names, and labels that do not look like labels are in neither the manifest nor the
    job's row.
    """
    filters = {
        "target": ["folder:mike.mars-files", "folder:plain-files"],
        "component": ["Experiences", "Zoe Unheard"],
        "user_type": "Of zoe, here",
        "variant": "plain",
    }
    asked = log.exporter.ask({"filters": filters})
    row = str(log.exporter.jobs.find(log.settings.code, asked["id"]).ask)
    assert not [word for word in ("mike", "zoe", "Zoe", "plain-files") if word in row]
    log.exporter.work()
    assert manifest_of(log, asked)["filters"] == [
        "component=Experiences",
        "component=?",
        "target=folder",
        "target=folder",
        "user_type=?",
        "variant=plain",
    ]


def test_each_export_says_what_it_was_asked_for(log: ExportedLog) -> None:
    """People by their latest name, or as a GUID once they are forgotten; of free text only the filter's name."""
    log.sent({"activity": "surveys.add", "actor": {"type": "user", "id": "u-1", "username": "ann"}})
    filters = {"actor": ["ann", "System"], "q": "secret", "category": "Surveys"}
    asked = log.exporter.ask({"filters": filters, "sort": "actor", "tz": "Europe/Berlin", "format": "ndjson"})
    shown = ["actor=ann", "actor=system", "category=Surveys", "q"]
    assert [asked[name] for name in ("filters", "sort", "tz", "format", "view")] == [
        *(shown, "actor", "Europe/Berlin", "ndjson", "carear"),
    ]
    log.now += 1
    log.sent({"activity": "surveys.add", "actor": {"type": "user", "id": "u-1", "username": "anna"}})
    guid = log.guid_of("anna")
    for name in ("anna", guid):
        (listed,) = answered(log.exporter.call("GET", "/v1/exports"))["exports"]
        assert listed["filters"] == log.exporter.read(asked["id"])["filters"] == [f"actor={name}", *shown[1:]]
        log.forget(guid)


def test_the_filename_has_the_time_of_the_zone(log: ExportedLog) -> None:
    asked = log.exporter.ask({"tz": "Asia/Kolkata", "format": "ndjson"})
    assert asked["filename"] == "AuditLogs_20261122_220108.ndjson"


def test_a_file_without_a_match_has_only_its_header(log: ExportedLog) -> None:
    """It is a valid file, also where it is sorted or ends before the retention's edge. NDJSON has no header."""
    for filters in ({"actor": "nobody"}, {"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}):
        for sort in ("-occurred_at", "actor"):
            shown, content = log.exporter.export({"filters": filters, "sort": sort})
            assert content == b"Date,Time,Username,Event Category,Event Description\r\n"
            assert shown["rows"] == 0
    shown, content = log.exporter.export({"filters": {"actor": "nobody"}, "format": "ndjson"})
    assert (content, shown["sha256"]) == (b"", hashlib.sha256().hexdigest())


@pytest.mark.parametrize("sort", ["-occurred_at", "actor"])
@pytest.mark.parametrize("part_bytes", [50, 1 << 20])
def test_a_mark_stands_once_at_the_very_beginning(log: ExportedLog, sort: str, part_bytes: int) -> None:
    """For spreadsheets that take a file without it for another encoding; also where every step is another process, and
    in a file without rows. Size and checksum are those of the bytes that are delivered.
    """
    log.sent(*({"activity": "experiences.add", "details": f"Zoë {number}"} for number in range(9)))
    for filters, rows in (({"activity": ["experiences.add", "surveys.add"]}, 11), ({"actor": "nobody"}, 0)):
        _, plain = log.exporter.export({"filters": filters, "sort": sort})
        asked = log.exporter.ask({"filters": filters, "sort": sort, "mark": True})
        log.exporter.work_in_steps(batch=2, part_bytes=part_bytes, run_bytes=60, max_merged=2, step_ms=0)
        shown = log.exporter.read(asked["id"])
        content = log.exporter.file(shown)
        assert content == b"\xef\xbb\xbf" + plain
        assert (shown["rows"], shown["bytes"]) == (rows, len(content))
        assert shown["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest_of(log, shown)["mark"] is True
        if rows and part_bytes == 50:
            assert len(log.exporter.files.part_sizes) > 1


def test_formulas_are_escaped_and_can_be_read_back(log: ExportedLog) -> None:
    formulas = ["=1+1", " +1", "@x", "-1", "'=1", 'a "b",\r\nc', "\tx"]
    log.sent(*({"activity": "experiences.add", "details": each} for each in formulas))
    _, content = log.exporter.export({"filters": {"from": format_time(NOW)}})
    assert b",'=1+1\r\n" in content
    assert sorted(set(descriptions(content)) & set(formulas)) == sorted(formulas)


def test_it_covers_what_was_stored_at_the_request(log: ExportedLog) -> None:
    """It leaves out events that arrive before the worker begins. `range` counts back from the request."""
    asked = log.exporter.ask({"filters": {"range": "7d"}})
    log.now += MINUTE
    log.sent({"activity": "experiences.add", "details": "late", "occurred_at": format_time(NOW - MINUTE)})
    log.now += 6 * DAY + 23 * 60 * MINUTE + 58 * MINUTE
    log.exporter.work()
    assert descriptions(log.exporter.file(asked)) == ["second, of mike.mars", "first"]


class SlowRequest(ExportWork):
    """An event is stored after the first step, though it was received before the export was asked for.

    The worker's clock differs from that of the requests.
    """

    def __init__(self, log: ExportedLog, apart: int = 0) -> None:
        super().__init__(log.exporter.worker(batch=1, step_ms=0, clock=lambda: log.now + apart).services)
        self._log = log
        self.waits: list[int] = []

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        step = super().step(job, remaining_seconds)
        if not self.waits:
            now, self._log.now = self._log.now, job.created_ms - 1
            self._log.sent({"activity": "experiences.add", "details": "slow", "occurred_at": format_time(NOW)})
            self._log.now = now
        self.waits.append(step.wait_seconds)
        self._log.now += step.wait_seconds * SECOND
        return step


@pytest.mark.parametrize("apart", [-MINUTE, 0, MINUTE])
@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at", "target"])
def test_a_complete_export_waits_for_requests_that_were_under_way(log: ExportedLog, sort: str, apart: int) -> None:
    """At least for 28 seconds, as long as a request may last, though the worker's clock be a minute ahead. The wait is
    handed over.
    """
    log.now += MINUTE
    asked = log.exporter.ask({"sort": sort, "complete": True, "filters": {"to": format_time(NOW + 1)}})
    worker = SlowRequest(log, apart)
    log.exporter.work(worker=worker)
    assert worker.waits[0] == sum(worker.waits) == 88 - apart // SECOND
    shown = log.exporter.read(asked["id"])
    assert "slow" in descriptions(log.exporter.file(shown))
    manifest = manifest_of(log, shown)
    assert (manifest["complete"], manifest["received_until"]) == (True, shown["created_at"])


def test_any_other_export_begins_at_once_and_claims_nothing(log: ExportedLog) -> None:
    log.now += MINUTE
    asked = log.exporter.ask()
    worker = SlowRequest(log)
    log.exporter.work(worker=worker)
    assert sum(worker.waits) == 0
    assert manifest_of(log, asked)["complete"] is False


def test_a_shortened_retention_hides_events_at_once(log: ExportedLog) -> None:
    log.sent({"activity": "experiences.add", "details": "old", "occurred_at": format_time(NOW - 40 * DAY)})
    asked = log.exporter.ask()
    log.keep_days(30)
    log.exporter.work()
    assert manifest_of(log, asked)["from"] == format_time(NOW - 30 * DAY)
    assert descriptions(log.exporter.file(asked)) == ["second, of mike.mars", "first"]


@pytest.mark.parametrize("sort", ["occurred_at", "-occurred_at", "actor"])
@pytest.mark.parametrize("steps", range(1, 6))
def test_an_export_under_way_restarts_when_the_retention_is_shortened(
    dynamodb: Any, tables: Tables, sort: str, steps: int
) -> None:
    """In whatever phase it is: the file holds no event that is hidden since, and the manifest says from when on it is
    complete.
    """
    log = ExportedLog(dynamodb, tables)
    log.sent(
        *(
            {"activity": "experiences.add", "details": said, "occurred_at": format_time(NOW - days * DAY - number)}
            for said, days in (("old", 40), ("new", 1))
            for number in range(9)
        )
    )
    log.exporter = Exporter(dynamodb, tables, log.clock, batch=2, part_bytes=60, run_bytes=60, max_merged=2, step_ms=0)
    asked = log.exporter.ask({"sort": sort})
    job = log.exporter.jobs.find(log.settings.code, asked["id"])
    worker = log.exporter.worker()
    for _ in range(steps):
        step = worker.step(job, lambda: 900.0)
        job = replace(job, checkpoint=step.checkpoint, processed=step.processed)
    claimed = log.exporter.jobs.claim(received(job), "claim", NOW, NOW + 1)
    log.exporter.jobs.save(replace(claimed, checkpoint=job.checkpoint), "claim", NOW)
    log.exporter.jobs.release(claimed, "claim")
    log.keep_days(30)
    log.exporter.work()
    assert descriptions(log.exporter.file(asked)) == ["new"] * 9
    assert manifest_of(log, asked)["from"] == format_time(NOW - 30 * DAY)
    assert not log.exporter.files.uploads
    assert not [place for place in log.exporter.files.files if place.startswith("runs/")]


def test_a_forgotten_person_appears_as_a_guid(log: ExportedLog) -> None:
    """In later exports, as the actor and in texts."""
    guid = log.guid_of("mike.mars")
    log.forget(guid)
    _, content = log.exporter.export()
    assert b"mike" not in content
    assert descriptions(content) == [f"second, of {guid}", "first"]
    assert rows_of(content)[1][1]["Username"] == guid


class ForgetsAgain(ExportWork):
    """Forgets one more person before it gathers, as long as there are any, and notes how long each step has to wait."""

    def __init__(self, log: ExportedLog, guids: list[str]) -> None:
        self.counted: list[tuple[str, int]] = []
        count = lambda *counted: self.counted.append(counted)  # noqa: E731
        super().__init__(log.exporter.worker(batch=1, run_bytes=1, step_ms=0, count=count).services)
        self._log = log
        self._guids = guids
        self.waits: list[int] = []

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        if (job.checkpoint or {"phase": "begin"})["phase"] == "gather" and self._guids:
            self._log.forget(self._guids.pop())
        step = super().step(job, remaining_seconds)
        self.waits += [step.wait_seconds] if step.wait_seconds else []
        self._log.now += step.wait_seconds * SECOND
        return step


@pytest.mark.parametrize("people", [MAX_RESTARTS, MAX_RESTARTS + 1])
def test_a_sorted_export_does_not_begin_anew_for_ever(log: ExportedLog, people: int) -> None:
    """Each time it waits longer for whoever forgets so many people, then it fails and says why."""
    names = [f"person.{number}" for number in range(people)]
    log.sent(*({"activity": "experiences.add", "actor": {"type": "user", "username": name}} for name in names))
    asked = log.exporter.ask({"sort": "actor"})
    worker = ForgetsAgain(log, [log.guid_of(name) for name in names])
    log.exporter.work(worker=worker)
    shown = log.exporter.read(asked["id"])
    assert worker.waits == [15, 30, 60, 120]
    assert worker.counted == [("ExportsRestarted", 1)] * MAX_RESTARTS
    if people > MAX_RESTARTS:
        assert (shown["status"], shown["error"]) == ("failed", TOO_MANY)
        assert not log.exporter.files.files
    else:
        assert shown["status"] == "succeeded"
        assert b"person" not in log.exporter.file(shown)


def test_requests_downloads_and_cancellations_are_recorded(log: ExportedLog) -> None:
    """Requests with their filters, people sealed; each download. The request is not in its own file."""
    shown, content = log.exporter.export({"filters": {"actor": "zoe", "ip": "203.0.113.9"}})
    log.exporter.read(shown["id"])
    (asked,) = log.recorded("exported")
    assert (
        asked["details"]
        == "Export AuditLogs_20261122_163108.csv of the audit log requested: actor zoe, address not shown"
    )
    assert asked["params"] == {"filename": "AuditLogs_20261122_163108.csv", "filters": ["actor=zoe", "ip"]}
    assert len(log.recorded("export-downloaded")) == 2
    assert b"requested" not in content
    other = log.exporter.ask()
    answer = log.exporter.call("DELETE", "/v1/exports/{export_id}", export_id=other["id"])
    assert answer["statusCode"] == 204
    assert [event["params"]["filename"] for event in log.recorded("export-cancelled")] == [other["filename"]]
    assert log.exporter.call("DELETE", "/v1/exports/{export_id}", export_id=other["id"])["statusCode"] == 204
    assert len(log.recorded("export-cancelled")) == 1
    log.exporter.work()
    assert log.exporter.read(other["id"])["status"] == "cancelled"
    assert not [place for place in log.exporter.files.files if other["id"] in place]


def test_the_jobs_row_names_nobody(log: ExportedLog) -> None:
    """Names are sealed while it waits, and deleted when it ends."""
    filters = {"actor": ["zoe", "unheard.of"], "target": "user:mike.mars", "q": "secret words", "ip": "203.0.113.9"}
    asked = log.exporter.ask({"filters": filters})

    def row() -> str:
        key = {"pk": {"S": f"{log.settings.code}#jobs"}, "sk": {"S": f"export#{asked['id']}"}}
        return json.dumps(log.dynamodb.get_item(TableName=log.tables.control, Key=key)["Item"], default=str)

    waiting = row()
    assert "sealed" in waiting
    assert not [word for word in ("zoe", "unheard", "mike", "secret", "203.0.113") if word in waiting]
    log.exporter.work()
    assert log.exporter.read(asked["id"])["status"] == "succeeded"
    assert "sealed" not in row()


def test_without_links_no_download_is_recorded(log: ExportedLog) -> None:
    """The answer is 503, and not a link that does not work."""
    shown, _ = log.exporter.export()
    log.exporter.links.refusal = Throttled()
    before = log.recorded("export-downloaded")
    answer = log.exporter.call("GET", "/v1/exports/{export_id}", export_id=shown["id"])
    assert problem_of(answer) == (503, "throttled")
    assert log.recorded("export-downloaded") == before


@pytest.mark.every_store
def test_a_finished_export_can_be_deleted(log: ExportedLog) -> None:
    """File and manifest are deleted, and that is recorded. It stays listed, without links."""
    shown, _ = log.exporter.export()
    log.now += MINUTE
    for _ in range(2):
        answer = log.exporter.call("DELETE", "/v1/exports/{export_id}", export_id=shown["id"])
        assert answer["statusCode"] == 204
    assert log.exporter.files.files == {}
    assert [event["params"]["filename"] for event in log.recorded("export-cancelled")] == [shown["filename"]]
    now = log.exporter.read(shown["id"])
    assert (now["status"], now["download_url"], now["manifest_url"]) == ("succeeded", None, None)
    assert now["expires_at"] == format_time(log.now)


def test_each_request_is_an_export_of_its_own(log: ExportedLog) -> None:
    """Also with the same filters within a second: each covers what was stored at its own request."""
    first = log.exporter.ask({"filters": {"actor": "zoe"}})
    log.now += 1
    log.sent({"activity": "experiences.add", "details": "third", "actor": {"type": "user", "username": "zoe"}})
    second = log.exporter.ask({"filters": {"actor": "zoe"}})
    log.exporter.work()
    found = [descriptions(log.exporter.file(each)) for each in (first, second)]
    assert [len(rows) for rows in found] == [1, 2]
    assert first["filename"] == second["filename"]


def test_the_largest_accepted_request_can_be_exported(log: ExportedLog) -> None:
    """As many and as long values as a search takes: `range` does not count."""
    filters = {"component": [f"component-{number}" for number in range(99)], "status": "success", "range": "7d"}
    for changed in (filters, {"q": "x" * 10_000, "range": "7d"}):
        shown, _ = log.exporter.export({"filters": changed})
        assert shown["rows"] == 0
    filters["component"] = [f"component-{number}" for number in range(100)]
    refused = log.exporter.call("POST", "/v1/exports", {"filters": filters})
    assert problem_of(refused) == (422, "too_many_values")


def test_exports_are_listed_newest_first(log: ExportedLog) -> None:
    first = log.exporter.ask()
    log.now += MINUTE
    second = log.exporter.ask({"format": "ndjson"})
    listed = answered(log.exporter.call("GET", "/v1/exports"))["exports"]
    assert listed == [second, first]
    for path in ("/v1/exports", "/v1/jobs"):
        unknown = log.exporter.call("GET", path, role="admin", query={"x": "1"})
        assert problem_of(unknown) == (400, "unknown_parameter")


def test_a_list_of_exports_fits_into_an_answer(log: ExportedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where filters are long it has fewer, the newest, and says so."""
    asked = []
    for _ in range(3):
        asked.append(log.exporter.ask({"filters": {"component": [f"component-{number}" for number in range(90)]}}))
        log.now += MINUTE

    def listed() -> tuple[list[str], bool]:
        found = answered(log.exporter.call("GET", "/v1/exports"))
        return [one["id"] for one in found["exports"]], found["more"]

    ids = [each["id"] for each in reversed(asked)]
    assert listed() == (ids, False)
    monkeypatch.setattr("exports.operations.MAX_LISTED_BYTES", 2 * len(json.dumps(asked[0])))
    assert listed() == (ids[:2], True)


def test_a_tenant_has_a_limited_number_of_exports_at_a_time(log: ExportedLog) -> None:
    """Two run in lanes of their own and ten wait; one more is refused with 429, until some are done."""
    asked = [log.exporter.ask() for _ in range(MAX_ACTIVE)]
    lanes = [job.lane for job, _ in log.exporter.queue.sent]
    assert all({*lanes[number : number + 2]} == {0, 1} for number in range(0, MAX_ACTIVE, 2))
    refused = log.exporter.call("POST", "/v1/exports")
    assert problem_of(refused) == (429, "too_many_exports")
    assert refused["headers"]["Retry-After"] == "60"
    assert len(log.recorded("exported")) == MAX_ACTIVE
    log.exporter.work()
    assert {log.exporter.read(each["id"])["status"] for each in asked} == {"succeeded"}
    log.exporter.ask()


def test_complete_exports_have_a_lane_of_their_own(log: ExportedLog) -> None:
    """They wait before they read, and no other export waits with them."""
    for _ in range(3):
        log.exporter.ask({"complete": True})
    log.exporter.ask()
    log.exporter.ask()
    lanes = [job.lane for job, _ in log.exporter.queue.sent]
    assert (lanes[:3], {*lanes[3:]}) == ([2, 2, 2], {0, 1})


def test_only_operations_see_what_operations_exported(log: ExportedLog) -> None:
    """It may hold events that nobody else may read. A credential sees only exports of its own environments."""
    asked = log.exporter.ask(role="operations")
    other = log.exporter.ask({"filters": {"environment": "test"}}, environment="test")
    assert {each["id"] for each in answered(log.exporter.call("GET", "/v1/exports"))["exports"]} == {other["id"]}
    for given in ({"export_id": asked["id"]}, {"export_id": other["id"], "environment": "prod"}, {"export_id": "x"}):
        for method in ("GET", "DELETE"):
            refused = log.exporter.call(method, "/v1/exports/{export_id}", **given)
            assert problem_of(refused) == (404, "not_found")
    assert log.exporter.read(asked["id"], role="operations")["status"] == "queued"
    assert problem_of(log.exporter.call("POST", "/v1/exports", role="producer")) == (403, "forbidden")


def test_a_jobs_state_is_shown(log: ExportedLog) -> None:
    asked = log.exporter.ask()
    log.exporter.work()
    job = answered(log.exporter.call("GET", "/v1/jobs/{job_id}", role="admin", job_id=asked["id"]))
    shown = {"id": asked["id"], "kind": "export", "status": "succeeded", "processed": 2, "progress": 1.0, "error": None}
    written = answered(log.exporter.call("GET", "/v1/exports/{export_id}", export_id=asked["id"]))
    times = {name: written[name] for name in ("created_at", "finished_at")}
    assert times["finished_at"] is not None
    assert job == {**shown, "environment": "prod", **times}
    refused = log.exporter.call("GET", "/v1/jobs/{job_id}", role="admin", job_id="nothing")
    assert problem_of(refused) == (404, "not_found")


def test_a_job_is_shown_to_those_who_see_its_export(log: ExportedLog) -> None:
    of_operations = log.exporter.ask(role="operations")
    of_test = log.exporter.ask({"filters": {"environment": "test"}})
    for given in ({"job_id": of_operations["id"]}, {"job_id": of_test["id"], "environment": "prod"}):
        refused = log.exporter.call("GET", "/v1/jobs/{job_id}", role="admin", **given)
        assert problem_of(refused) == (404, "not_found")
    shown = answered(log.exporter.call("GET", "/v1/jobs/{job_id}", role="operations", job_id=of_operations["id"]))
    assert shown["status"] == "queued"


def test_jobs_are_listed_to_those_who_see_them(log: ExportedLog) -> None:
    """The newest first, of each kind that a caller can ask for, each to whom it would be shown alone."""

    def listed(role: str, **given: str) -> list[str]:
        page = answered(log.exporter.call("GET", "/v1/jobs", role=role, **given))
        return [each["id"] for each in page["jobs"]]

    hidden = log.exporter.ask(role="operations")["id"]
    log.now += 1
    of_test = log.exporter.ask({"filters": {"environment": "test"}})["id"]
    code, now_ms = log.settings.code, log.now
    asks: dict[str, dict[str, Any]] = {
        REPLAY: {"environment": 1},
        SWEEP: {"environment": log.settings.environment_key("test")},
    }
    others = [
        new_job(tenant=code, kind=kind, ask=asks.get(kind, {}), now_ms=now_ms + place, random_bytes=bytes)
        for place, kind in enumerate(KINDS, 1)
    ]
    for job in others:
        log.jobs.put(job)
    shown = [job.id for job in reversed(others) if job.kind != LEDGER_SWEEP]
    assert listed("operations") == [*shown, of_test, hidden]
    assert listed("admin") == [*shown, of_test]
    for_all = [job.id for job in reversed(others) if job.kind in {EXPORT, RESTAMP}]
    assert listed("admin", environment="test") == [*shown, of_test]
    assert listed("admin", environment="prod") == for_all
    assert problem_of(log.exporter.call("GET", "/v1/jobs", role="auditor")) == (403, "forbidden")
    for place in range(MAX_LISTED_JOBS):
        log.jobs.put(new_job(tenant=code, kind=RESTAMP, ask={}, now_ms=now_ms + 9 + place, random_bytes=bytes))
    full = listed("operations")
    assert (len(full), shown[0] in full) == (MAX_LISTED_JOBS, False)


@pytest.mark.parametrize(
    ("body", "status", "code", "path"),
    [
        ({"mark": True, "format": "ndjson"}, 422, "invalid_value", "mark"),
        ({"complete": True, "filters": {"status": "success"}}, 422, "invalid_value", "complete"),
        ({"complete": True, "filters": {"environment!": "test"}}, 422, "invalid_value", "complete"),
        ({"complete": "yes"}, 422, "invalid_type", "complete"),
        ({"mark": "yes"}, 422, "invalid_type", "mark"),
        ({"format": "xlsx"}, 422, "invalid_value", "format"),
        ({"colour": "red"}, 422, "unknown_field", "colour"),
        ({"filters": {"colour": "red"}}, 422, "unknown_field", "filters.colour"),
        ({"filters": {"limit": "5"}}, 422, "unknown_field", "filters.limit"),
        ({"filters": {"actor": []}}, 422, "invalid_length", "filters.actor"),
        ({"filters": {"actor": 5}}, 422, "invalid_type", "filters.actor"),
        ({"filters": {"status": "odd"}}, 422, "invalid_parameter", "filters.status"),
        ({"filters": {"group": "nobody"}}, 422, "unknown_group", "filters.group"),
        (
            {"filters": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}},
            422,
            "invalid_parameter",
            "filters.from",
        ),
        ({"sort": "colour"}, 422, "invalid_parameter", "sort"),
        ({"view": "colour"}, 422, "unknown_view", "view"),
        ({"tz": "Mars/Olympus"}, 422, "unknown_zone", "tz"),
        (b"{", 400, "invalid_json", None),
    ],
)
def test_a_refusal_names_its_field(log: ExportedLog, body: Any, status: int, code: str, path: str | None) -> None:
    """A refused request leaves no job and no record."""
    refused = log.exporter.call("POST", "/v1/exports", body)
    assert problem_of(refused) == (status, code)
    if path is not None:
        assert [error["path"] for error in answered(refused)["errors"]] == [path]
    assert log.recorded("exported") == []
    assert answered(log.exporter.call("GET", "/v1/exports"))["exports"] == []


def test_an_unknown_or_denied_environment_is_refused(log: ExportedLog) -> None:
    refused = log.exporter.call("POST", "/v1/exports", {"filters": {"environment": "moon"}})
    assert problem_of(refused) == (404, "not_found")
    refused = log.exporter.call("POST", "/v1/exports", {"filters": {"environment": "test"}}, environment="prod")
    assert problem_of(refused) == (403, "environment_denied")


def test_the_exports_of_a_deleted_tenant_fail(log: ExportedLog) -> None:
    asked = log.exporter.ask()
    log.dynamodb.delete_item(
        TableName=log.tables.control, Key={"pk": {"S": log.settings.code}, "sk": {"S": "settings"}}
    )
    log.exporter.work()
    job = log.exporter.jobs.find(log.settings.code, asked["id"])
    assert (job.status, job.error) == ("failed", "The tenant no longer exists.")
    assert log.exporter.files.files == {}


def test_a_running_export_shows_how_much_is_written(log: ExportedLog) -> None:
    asked = log.exporter.ask()
    job = log.exporter.jobs.find(log.settings.code, asked["id"])
    worker = log.exporter.worker(step_ms=0, batch=1)
    for _ in range(2):
        job = replace(job, checkpoint=worker.step(job, lambda: 900.0).checkpoint)
    claimed = log.exporter.jobs.claim(received(job), "claim", NOW, NOW + 1)
    log.exporter.jobs.save(replace(claimed, checkpoint=job.checkpoint, processed=1), "claim", NOW)
    shown = log.exporter.read(asked["id"])
    assert (shown["status"], shown["rows"], shown["sha256"]) == ("running", 1, None)
    assert shown["bytes"] > len("Date,Time,Username,Event Category,Event Description")


def test_a_throttled_write_to_s3_is_repeated(log: ExportedLog) -> None:
    """Within the same invocation, and the file is complete."""
    question = {"filters": {"category": ["Experiences", "Surveys"]}}
    calm, undisturbed = log.exporter.export(question)
    files = log.exporter.files
    refusals = iter([Throttled(), Throttled(), None, Throttled(), None, None, Throttled()])

    def refusing(call: Any) -> Any:
        def refused(*arguments: Any, **named: Any) -> Any:
            if (refusal := next(refusals, None)) is not None:
                raise refusal
            return call(*arguments, **named)

        return refused

    for name in ("put", "begin", "put_part", "complete"):
        setattr(files, name, refusing(getattr(files, name)))
    asked = log.exporter.ask(question)
    log.exporter.work(worker=log.exporter.worker(batch=1, part_bytes=50))
    assert len(files.part_sizes) > 1
    assert next(refusals, "all of them") == "all of them"
    assert log.exporter.file(log.exporter.read(asked["id"])) == undisturbed
    assert log.exporter.read(asked["id"])["sha256"] == calm["sha256"]


def test_a_lasting_error_of_s3_fails_the_export_and_leaves_nothing(log: ExportedLog) -> None:
    """After five attempts since the last checkpoint. The tenant is told no internals."""

    def refusing(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "UploadPart")

    log.exporter.files.put_part = refusing  # type: ignore[method-assign]
    asked = log.exporter.ask()
    for _ in range(1 + MAX_ATTEMPTS):
        log.exporter.queue.sent = [(log.exporter.jobs.find(log.settings.code, asked["id"]), 0)]
        with pytest.raises(ClientError):
            log.exporter.work(worker=log.exporter.worker(batch=1, part_bytes=50))
    shown = log.exporter.read(asked["id"])
    assert shown["status"] == "failed"
    assert "secret" not in shown["error"]
    assert not log.exporter.files.files
    log.exporter.ask()  # the failed one does not count


def test_a_group_means_its_members_at_the_request(log: ExportedLog) -> None:
    log.put_group("Crew", "zoe")
    asked = log.exporter.ask({"filters": {"group": "Crew"}})
    log.now += MINUTE
    log.put_group("Crew", "mike.mars")
    log.exporter.work()
    assert descriptions(log.exporter.file(asked)) == ["second, of mike.mars"]


def test_after_seven_days_there_are_no_links(log: ExportedLog) -> None:
    shown, _ = log.exporter.export()
    log.now += 7 * DAY
    assert log.exporter.read(shown["id"])["download_url"] is None


def test_an_export_takes_what_a_search_takes(log: ExportedLog) -> None:
    """Not equal, prefixes, and ranges without an end: what was stored at the request, even if it is stamped ahead."""
    log.sent({"activity": "surveys.add", "details": "ahead", "occurred_at": format_time(NOW + 200_000)})
    asked = log.exporter.ask({"filters": {"range": "7d", "activity": "surveys.*", "actor!": ["zoe", "nobody"]}})
    log.now += MINUTE
    log.sent({"activity": "surveys.add", "details": "later", "occurred_at": format_time(NOW + 100_000)})
    log.exporter.work()
    shown = log.exporter.read(asked["id"])
    assert descriptions(log.exporter.file(shown)) == ["ahead"]
    manifest = manifest_of(log, shown)
    assert manifest["filters"] == ["activity=surveys.*", "actor!=?", f"actor!={log.guid_of('zoe')}", "range=7d"]
    job = log.exporter.jobs.find(log.settings.code, asked["id"])
    assert "zoe" not in repr(job.ask)


def test_an_export_excludes_the_members_of_a_group_at_the_request(log: ExportedLog) -> None:
    """Whoever joins while it waits is in it."""
    log.put_group("team", "zoe")
    asked = log.exporter.ask({"filters": {"group!": "team", "component!": "Audit Log"}})
    log.put_group("team", "mike.mars")
    log.exporter.work()
    assert descriptions(log.exporter.file(log.exporter.read(asked["id"]))) == ["first"]
