"""The sample records of the ready mappings, and the events that are expected of them.

`python -m tests.client.importing.page` writes the expected events anew: read what changed before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from daybook_client.importing import Report, dry_run, load_mapping

RECORDS = Path(__file__).parent / "records"
EXPECTED = "expected.json"


def sample_files(name: str) -> list[Path]:
    """A mapping's files of records, in the order of their names."""
    return sorted(path for path in (RECORDS / name).iterdir() if path.name != EXPECTED)


def expected(name: str) -> dict[str, Any]:
    """By file: its events, and its skipped and renamed records."""
    found: dict[str, Any] = json.loads((RECORDS / name / EXPECTED).read_text(encoding="utf-8"))
    return found


def mapped(name: str) -> dict[str, Any]:
    """What the mapping makes of its files now, in the form of `expected`."""
    found: dict[str, Any] = {}
    for path in sample_files(name):
        tried = dry_run([path], load_mapping(name), first=1_000)
        found[path.name] = {"events": tried.events, "rejects": tried.rejects, "skipped": dict(tried.report.skipped)}
    return found


def report_of(name: str) -> Report:
    """The counts of a dry run over all of the mapping's files."""
    return dry_run(sample_files(name), load_mapping(name), first=1_000).report


def write_expected(name: str) -> None:
    text = json.dumps(mapped(name), ensure_ascii=False, indent=1)
    (RECORDS / name / EXPECTED).write_text(text + "\n", encoding="utf-8")
