"""Files, folders and mappings of strangers: nothing is lost, nothing else is overwritten, nothing hangs or grows."""

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from daybook_client.importing import MappingError, Options, Report, dry_run, import_files
from daybook_client.importing.mapping import parse_mapping
from daybook_client.importing.report import MAX_LENGTH, count
from tests.client.importing.making import LEAST, mapping_of

OWN = mapping_of(head='id = ["n"]')
LINE = json.dumps(LEAST) + "\n"


def stored(events: list[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    return [{"status": "stored"}] * len(events)


def file_of(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def ids_of(path: Path, skip: int) -> list[str]:
    sent: list[str] = []

    def send(events: list[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        sent.extend(event["id"] for event in events)
        return stored(events)

    import_files([path], OWN, send, Options(skip=skip))
    return sent


def test_equal_records_without_the_id_that_the_mapping_names_stay_as_many_after_a_stop(tmp_path: Path) -> None:
    """The ones that are passed over count."""
    file = file_of(tmp_path / "f", LINE * 3)
    whole = ids_of(file, 0)
    assert len(set(whole)) == 3
    assert ids_of(file, 1) == whole[1:]


def test_rejects_follow_no_link(tmp_path: Path) -> None:
    """In a folder that all may write to, somebody else may have laid one. What it points at stays as it is."""
    file = file_of(tmp_path / "f", "{nonsense\n")
    victim = file_of(tmp_path / "victim", "precious")
    rejects = tmp_path / "f.rejects.ndjson"
    for lay in (rejects.symlink_to, rejects.hardlink_to):
        lay(victim)
        for skip in (0, 1):
            with pytest.raises(OSError, match="plain file"):
                import_files([file], OWN, stored, Options(skip=skip))
        assert victim.read_text() == "precious"
        rejects.unlink()


def test_rejects_replace_no_imported_file_and_remove_no_device(tmp_path: Path) -> None:
    """Nor do they wait for somebody who reads a pipe."""
    file = file_of(tmp_path / "f", LINE)
    with pytest.raises(OSError, match="imported itself"):
        import_files([file], OWN, stored, Options(rejects=file))
    assert file.read_text() == LINE
    os.mkfifo(tmp_path / "pipe")
    for path in (Path(os.devnull), tmp_path / "pipe"):
        with pytest.raises(OSError):
            import_files([file], OWN, stored, Options(rejects=path))
        assert path.exists()


def test_rejects_are_for_their_owner_alone_in_an_older_file_too(tmp_path: Path) -> None:
    """They hold records of people."""
    file = file_of(tmp_path / "f", "{nonsense\n")
    older = file_of(tmp_path / "f.rejects.ndjson", "older\n")
    older.chmod(0o644)
    import_files([file], OWN, stored)
    assert older.stat().st_mode & 0o777 == 0o600
    assert "older" not in older.read_text()


def test_what_comes_before_a_fault_in_a_packed_file_is_read(tmp_path: Path) -> None:
    """Also in a file of one block with something behind it."""
    report = dry_run([file_of(tmp_path / "f", gzip.compress(LINE.encode()) + b"junk")], OWN).report
    assert (report.mapped, report.rejected) == (1, {"unreadable": 1})


def test_blank_lines_at_the_beginning_are_passed_over(tmp_path: Path) -> None:
    """However many."""
    assert dry_run([file_of(tmp_path / "f", "\n" * 9 + LINE * 2)], OWN).report.mapped == 2


def test_a_header_of_thousands_of_equal_labels_is_read_at_once(tmp_path: Path) -> None:
    """Each has a name of its own."""
    file = file_of(tmp_path / "f", "at,what" + ",a" * 5_000 + f"\n{LEAST['at']},x" + ",1" * 5_000)
    result = dry_run([file], mapping_of(head='formats = ["csv"]'))
    assert sum(result.report.params.values()) + sum(result.report.unplaced.values()) == 5_000


def test_a_long_name_is_counted_by_its_beginning() -> None:
    """Keys of a megabyte would fill the memory."""
    report = Report()
    count(report.params, "k" * 1_000_000)
    assert [len(name) for name in report.params] == [MAX_LENGTH + 1]


def test_a_short_value_that_a_hash_holds_by_chance_is_not_taken_for_said(tmp_path: Path) -> None:
    """The id of a record whose own id is no text or integer is a hash."""
    file = file_of(tmp_path / "f", "".join(json.dumps({**LEAST, "n": n / 2}) + "\n" for n in range(1, 40, 2)))
    assert dry_run([file], OWN).report.params == {"n → n": 20}


def test_a_time_that_no_converter_has_read_is_read_all_the_same(tmp_path: Path) -> None:
    """One that is none costs its record alone."""
    mapping = parse_mapping('name = "m"\n[fields]\noccurred_at = "at"\nactivity = "what"')
    lines = [json.dumps({"at": at, "what": "x"}) for at in (5, "never", {"a": 1}, "2026-11-20 10:00:00")]
    report = dry_run([file_of(tmp_path / "f", "\n".join(lines))], mapping).report
    assert (report.mapped, report.rejected) == (2, {"missing_field": 2})


@pytest.mark.parametrize(
    "activity",
    [
        f'"{"(" * 9_000}what{")" * 9_000}"',
        f'"{"!" * 9_000}what"',
        "[" * 5_000 + "1" + "]" * 5_000,
        '"' + " | ".join(f"(a{number} || b{number})" for number in range(40)) + '"',
        "{const = 2026-11-20}",
        "{expr = 'what', map = {x = 2026-11-20T10:00:00Z}}",
    ],
    ids=["parentheses", "nots", "lists", "doubling paths", "a date", "a time in a map"],
)
def test_a_mapping_that_would_hang_or_stop_an_import_is_refused(activity: str) -> None:
    """Before anything is read."""
    with pytest.raises(MappingError):
        parse_mapping(f'name = "m"\n[fields]\noccurred_at = "at"\nactivity = {activity}')


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Europe", "/etc/passwd", "nowhere"])
def test_a_zone_that_is_a_path_is_unknown_like_any_other(tmp_path: Path, zone: str) -> None:
    """It reads no file outside of the zones' folder."""
    with pytest.raises(ZoneInfoNotFoundError):
        dry_run([file_of(tmp_path / "f", LINE)], OWN, Options(zone=zone))


@pytest.mark.parametrize(("word", "kept"), [("FAILURE", False), ("DENY", True), ("RATE_LIMIT", True)])
def test_a_word_that_shares_its_status_with_others_is_kept(tmp_path: Path, word: str, kept: bool) -> None:
    """Access that a rule denied is another thing than a call that failed."""
    mapping = mapping_of(
        'status = [{expr = "a", map = {OK = "success", FAILURE = "failure", DENY = "failure", RATE_LIMIT = "failure"}},'
        '{expr = "b", convert = "status"}]'
    )
    for name, said in (("a", word), ("b", {"DENY": "denied", "RATE_LIMIT": "error"}.get(word, "Failure"))):
        [event] = dry_run([file_of(tmp_path / "f", json.dumps({**LEAST, name: said}))], mapping).events
        assert event["status"] == "failure"
        assert event.get("params") == ({name: said} if kept else None)
