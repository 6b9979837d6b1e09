"""Exports: whether each row of a file is genuine, and whether no event of its span is missing.

The steps follow one another, and the first that fails ends the verification. Only missing events are all counted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from daybook_verify import checkpoints, manifest
from daybook_verify.arrivals import Arrivals
from daybook_verify.beginning import Beginning
from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.completeness import Excuses, look_for_missing
from daybook_verify.disclosures import retention_changes
from daybook_verify.errors import NotGenuine
from daybook_verify.evidence import Evidence, Sealed
from daybook_verify.kept import Kept
from daybook_verify.log_copy import LogCopy
from daybook_verify.manifest import Manifest
from daybook_verify.report import Report
from daybook_verify.rows import Renderer, content_of
from daybook_verify.strict import milliseconds

_CHUNK = 1 << 20


def verify(file: BinaryIO, evidence_file: BinaryIO, trust: Trust, kept: Sequence[Kept], report: Report) -> Signed:
    """Returns the checkpoint of the evidence. Both files must be seekable. NotGenuine or CannotTell ends it."""
    evidence = Evidence(evidence_file)
    header = evidence.header
    signed = checkpoints.opened(header.checkpoint, trust)
    head = signed.checkpoint
    checkpoints.describe(signed, report)
    asked = manifest.parse(header.manifest)
    if asked.log != head.origin:
        raise NotGenuine("the manifest names another log than the checkpoint")

    of_log = [each for each in kept if each.checkpoint.origin == head.origin]
    if others := {each.checkpoint.origin for each in kept} - {head.origin}:
        report.note(f"kept checkpoints of {', '.join(sorted(others))} say nothing of this log")
    beginning = Beginning(header, trust, of_log, asked.from_ms)
    with LogCopy(header.edge) as log:
        met = log.fill(evidence.entries(), beginning.heads)
        log.must_end_at(head)
        report.ok(
            f"the evidence has {log.stop - log.start} entries of the log, from {log.start} on,"
            " and they give the signed root"
        )
        beginning.report(met, report)

        completed_ms = _check_completion(header.completion, asked, header.manifest, log)
        _check_file(file, asked)
        report.export = asked.summary
        report.ok(
            f"file and manifest are those of export {asked.export}, as recorded in entry {header.completion.index}:"
            f" tenant {asked.tenant}, environment {asked.environment}, filters {', '.join(asked.filters) or 'none'},"
            f" time zone {asked.fields['tz']}"
        )

        if asked.to_ms is not None and asked.to_ms <= asked.from_ms:
            report.note("the exported span ends before it begins, so it has no event")
        closed = _check_rows(file, evidence, asked, log)
        report.ok(f"{asked.rows} rows are in the log, each once, and say what was recorded")
        if closed:
            report.note(
                f"in {closed} of them somebody is shown as forgotten, because the evidence has no key: that these"
                " people were forgotten is the log's word"
            )
        changes = retention_changes(evidence.disclosed, asked, log)
        arrivals = Arrivals(signed, trust, beginning.kept_in(met), completed_at=(header.completion.index, completed_ms))
        look_for_missing(log, Excuses(asked, changes, arrivals), report, begins_well=beginning.is_trusted(met))
    return signed


def _check_completion(completion: Sealed, asked: Manifest, manifest_bytes: bytes, log: LogCopy) -> int:
    """When it was received."""
    content = content_of(completion.canonical)
    log.account_for(completion.index, content, completion.canonical)
    if content["activity"] != "audit-log.export-completed" or "sender" in content:
        raise NotGenuine("the event of the completion is another event")
    asked.check_place(content)
    recorded = {
        name: content.get("params", {}).get(name) for name in ("export", "file_sha256", "manifest_sha256", "rows")
    }
    recorded["caused_by"] = content.get("caused_by")
    expected = {
        "export": asked.export,
        "file_sha256": asked.sha256,
        "manifest_sha256": hashlib.sha256(manifest_bytes).hexdigest(),
        "rows": asked.rows,
        "caused_by": asked.recorded_as,
    }
    if recorded != expected:
        raise NotGenuine("file or manifest are not those that the log records")
    return milliseconds(content["received_at"], "received_at")


def _check_file(file: BinaryIO, asked: Manifest) -> None:
    file.seek(0)
    hashed, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        hashed.update(chunk)
        size += len(chunk)
    if (hashed.hexdigest(), size) != (asked.sha256, asked.size):
        raise NotGenuine("the file is not the one that was exported")


def _check_rows(file: BinaryIO, evidence: Evidence, asked: Manifest, log: LogCopy) -> int:
    """In how many rows somebody is closed."""
    if evidence.rows_counted != asked.rows:
        raise NotGenuine(f"the evidence has {evidence.rows_counted} rows, the manifest {asked.rows}")
    renderer, before, closed = Renderer(asked.fields), "", 0
    file.seek(0)
    _take(file, renderer.header, "the header")
    for number, row in enumerate(evidence.rows(), 1):
        content = content_of(row.canonical)
        log.account_for(row.index, content, row.canonical)
        identifier: str = content["id"]
        asked.check_place(content)
        _check_span(content, asked)
        if before and (before == identifier or (before < identifier) != asked.ascending):
            raise NotGenuine(f"row {number}, event {identifier}, is not in the order of the manifest")
        before = identifier
        closed += any("sealed" in each and each["id"] not in row.keys for each in content.get("people", ()))
        _take(file, renderer.line_of(content, row.keys), f"row {number}, event {identifier},")
    if file.read(1):
        raise NotGenuine("the file has more rows than the evidence")
    return closed


def _check_span(content: Mapping[str, Any], asked: Manifest) -> None:
    occurred = milliseconds(content["occurred_at"], "occurred_at")
    if not asked.covers(occurred) or milliseconds(content["received_at"], "received_at") > asked.received_until_ms:
        raise NotGenuine(f"event {content['id']} is outside of the span that was exported")


def _take(file: BinaryIO, expected: bytes, what: str) -> None:
    if file.read(len(expected)) != expected:
        raise NotGenuine(f"{what} of the file does not say what was recorded")
