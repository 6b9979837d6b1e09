"""Imports of whole files: what is sent, what is counted, and what happens when they are broken off."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from daybook_client.errors import DeniedError
from daybook_client.importing import ImportStopped, Options, Progress, dry_run, import_files
from tests.client.importing.making import AT, LEAST, mapping_of

Event = dict[str, Any]
OWN = mapping_of(head='id = ["n"]')
CONTENT = mapping_of()


class Store:
    """What Daybook keeps of what is sent: one event of an id. Refuses as it is told to."""

    def __init__(self, refusing: dict[str, str] | None = None, *, denied_from: int | None = None) -> None:
        self.events: dict[str, Event] = {}
        self.calls: list[int] = []
        self._refusing = refusing or {}
        self._denied_from = denied_from
        self._lock = threading.Lock()

    def send(self, events: list[Event]) -> Sequence[Event]:
        with self._lock:
            self.calls.append(len(events))
            if self._denied_from is not None and len(self.calls) > self._denied_from:
                raise DeniedError("The key was revoked.", code="unauthorized", status=401)
            return [self._result(event) for event in events]

    def _result(self, event: Event) -> Event:
        code = self._refusing.get(event["activity"])
        if code is not None:
            return {"status": "rejected", "code": code, "errors": [{"path": "activity", "message": "no"}]}
        self.events.setdefault(event["id"], event)
        return {"status": "stored"}


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in records))
    return path


def numbered(*numbers: int, **more: Any) -> list[Event]:
    return [{**LEAST, "n": number, **more} for number in numbers]


def rejects(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_record_is_stored_rejected_or_skipped(tmp_path: Path) -> None:
    """The counts add up, and each reject stands in its file with line and reason."""
    mapping = mapping_of(head='id = ["n"]\n[[skip]]\nwhen = "dull"\nreason = "dull"')
    file = write(
        tmp_path / "f", *numbered(1, 2), "{broken", *numbered(3, dull=True), {"n": 4}, [5], *numbered(6, what="bad")
    )
    store = Store({"bad": "out_of_scope"})
    report = import_files([file], mapping, store.send)
    assert (report.records, report.stored, report.skipped, report.confirmed) == (7, 2, {"dull": 1}, 7)
    assert report.rejected == {"unreadable": 2, "missing_field": 1, "out_of_scope": 1}
    assert report.rejects == f"{file}.rejects.ndjson"
    found = rejects(Path(report.rejects))
    assert [(each["line"], each["code"]) for each in found] == [
        (3, "unreadable"),
        (5, "missing_field"),
        (6, "unreadable"),
        (7, "out_of_scope"),
    ]
    assert found[0]["record"] == "{broken\n"
    assert found[3] == {
        "file": str(file),
        "line": 7,
        "code": "out_of_scope",
        "errors": [{"path": "activity", "message": "no"}],
        "record": {**LEAST, "n": 6, "what": "bad"},
    }
    assert Path(report.rejects).stat().st_mode & 0o777 == 0o600


def test_an_import_without_rejects_leaves_no_file(tmp_path: Path) -> None:
    """Also not that of the import before it."""
    file = write(tmp_path / "f", "{nonsense")
    assert import_files([file], OWN, Store().send).rejects is not None
    write(file, *numbered(1))
    assert import_files([file], OWN, Store().send).rejects is None
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("mapping", [OWN, CONTENT], ids=["own ids", "ids of content"])
def test_what_is_imported_again_or_overlaps_is_stored_once(tmp_path: Path, mapping: Any) -> None:
    """Equal records of one file stay as many as they are."""
    records = numbered(*range(600))
    doubled = records if mapping is OWN else [*records, records[7]]
    store = Store()
    first = write(tmp_path / "1", *doubled[:420])
    second = write(tmp_path / "2", *doubled[180:], *(doubled[7:8] if mapping is CONTENT else []))
    for _ in range(2):
        assert import_files([first, second], mapping, store.send).stored > 830
    assert len(store.events) == len(doubled)


@pytest.mark.parametrize("mapping", [OWN, CONTENT], ids=["own ids", "ids of content"])
@pytest.mark.parametrize("calls", [0, 1, 3])
def test_an_import_that_stopped_goes_on_where_it_was(tmp_path: Path, mapping: Any, calls: int) -> None:
    """`confirmed` never goes beyond a batch that failed, and `skip` leaves nothing out."""
    file = write(tmp_path / "f", *numbered(*range(1_800)), *numbered(*range(10)))
    store = Store(denied_from=calls)
    with pytest.raises(ImportStopped) as stopped:
        import_files([file], mapping, store.send)
    assert isinstance(stopped.value.__cause__, DeniedError)
    report = stopped.value.report
    assert report.confirmed <= calls * 500
    assert report.stored + report.mapped == report.records
    again = Store()
    again.events = store.events
    rest = import_files([file], mapping, again.send, Options(skip=report.confirmed))
    assert (rest.passed_over, rest.records) == (report.confirmed, 1_810)
    assert rest.stored == 1_810 - report.confirmed
    assert len(store.events) == (1_800 if mapping is OWN else 1_810)


def test_calls_stay_within_what_daybook_takes(tmp_path: Path) -> None:
    """500 events, 3 MB and 1,000 people at most."""
    large = numbered(*range(100), text=["x" * 4_000] * 14)
    crowd = numbered(*range(100, 200), who=[{"id": number} for number in range(40)])
    file = write(tmp_path / "f", *numbered(*range(1_000, 2_200)), *large, *crowd)
    sizes: list[tuple[int, int, int]] = []
    lock = threading.Lock()

    def send(events: list[Event]) -> list[Event]:
        people = sum(len(event.get("people", ())) for event in events)
        with lock:
            sizes.append((len(events), len(json.dumps({"events": events})), people))
        return [{"status": "stored"}] * len(events)

    report = import_files([file], mapping_of('people = "who[*].{id: id}"', head='id = ["n"]'), send)
    assert report.stored == 1_400
    assert max(count for count, _, _ in sizes) == 500
    assert max(size for _, size, _ in sizes) < 3 * 1024 * 1024
    assert max(people for _, _, people in sizes) < 1_000


def test_an_activity_whose_meaning_a_record_can_not_fulfil_gets_a_name_beside_it(tmp_path: Path) -> None:
    """Only after Daybook has said so. The id stays, so that a second import is the same."""
    store = Store({"opened": "role_required", "closed": "unknown_field"})
    file = write(tmp_path / "f", *numbered(1), *numbered(2, what="closed"), *numbered(3, what="other"))
    report = import_files([file], OWN, store.send)
    assert (report.stored, report.rejected) == (2, {"unknown_field": 1})
    assert report.renamed_activities == {"opened": 1}
    assert [store.events[f"made-up:{number}"]["activity"] for number in (1, 3)] == ["opened.imported", "other"]


def test_a_dry_run_sends_nothing_and_shows_the_first_events(tmp_path: Path) -> None:
    """With the counts of all files, as an import would have them."""
    file = write(tmp_path / "f", *numbered(*range(30), extra={"field": 1}), "nonsense")
    result = dry_run([file], OWN, Options(environment="prod"), first=3)
    assert [event["id"] for event in result.events] == ["made-up:0", "made-up:1", "made-up:2"]
    assert result.events[0] == {
        "id": "made-up:0",
        "occurred_at": AT,
        "activity": "opened",
        "environment": "prod",
        "actor": {"type": "unknown"},
        "details": "",
        "params": {"extra_field": 1},
    }
    assert (result.report.records, result.report.mapped, result.report.rejected) == (31, 30, {"unreadable": 1})
    assert result.report.params == {"extra.field → extra_field": 30}
    assert [each["line"] for each in result.rejects] == [31]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_the_zone_is_that_of_times_without_one(tmp_path: Path) -> None:
    """An export of a product in Berlin."""
    file = write(tmp_path / "f", {"at": "2026-07-01 12:00:00", "what": "x"})
    [event] = dry_run([file], OWN, Options(zone="Europe/Berlin")).events
    assert event["occurred_at"] == "2026-07-01T10:00:00.000Z"


def test_progress_counts_records_and_bytes_up_to_the_end(tmp_path: Path) -> None:
    """Of all files together."""
    files = [write(tmp_path / name, *numbered(*range(700))) for name in "ab"]
    steps: list[Progress] = []
    import_files(files, OWN, Store().send, None, steps.append)
    assert [step.records for step in steps] == [500, 1_000, 1_400]
    assert steps[-1].bytes_read == steps[-1].bytes_total == sum(file.stat().st_size for file in files)


def test_a_file_that_begins_with_its_newest_record_is_reported(tmp_path: Path) -> None:
    """Names go by the events' own times, so it is stored all the same."""
    newer = {"at": "2026-11-21T00:00:00Z", "what": "x", "n": 2}
    assert import_files([write(tmp_path / "f", newer, *numbered(1))], OWN, Store().send).newest_first
    assert not import_files([write(tmp_path / "f", *numbered(1), newer)], OWN, Store().send).newest_first


def test_a_missing_file_or_a_folder_that_takes_no_rejects_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """Not after an hour."""
    store = Store()
    file = write(tmp_path / "f", *numbered(1))
    with pytest.raises(FileNotFoundError):
        import_files([file, tmp_path / "missing"], OWN, store.send)
    with pytest.raises(OSError, match="nowhere"):
        import_files([file], OWN, store.send, Options(rejects=tmp_path / "nowhere" / "r"))
    assert store.calls == []


def test_an_answer_with_too_few_results_stops_the_import(tmp_path: Path) -> None:
    """Nothing is taken for stored that is not known to be."""
    with pytest.raises(ImportStopped):
        import_files([write(tmp_path / "f", *numbered(1, 2))], OWN, lambda _: [{"status": "stored"}])
