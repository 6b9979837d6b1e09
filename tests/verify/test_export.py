"""Exports: what is genuine passes, and what a forger or the operator of a Daybook would try does not."""

import dataclasses
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from daybook_verify import export
from daybook_verify.checkpoints import Checkpoint, Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.kept import Kept
from daybook_verify.merkle import Edge
from daybook_verify.notes import parse_key
from daybook_verify.report import Report
from tests.support.page_script import IS_THERE, WHY_NOT
from tests.support.page_verifier import agree_on_export, ask
from tests.verify import made_log
from tests.verify.made_export import (
    FROM,
    TO,
    MadeExport,
    event,
    made_export,
    own_event,
    packed,
)
from tests.verify.made_log import (
    COSIGNATURE,
    DAY,
    LOG,
    LOGS_TIME,
    MINUTE,
    NOW,
    ORIGIN,
    STRANGER,
    WITNESS,
    Signer,
    b64,
    time,
)

Lines = list[dict[str, Any]]
TRUST = Trust((parse_key(LOG.line), parse_key(LOGS_TIME.line)))
WITH_WITNESS = dataclasses.replace(TRUST, cosigners=(parse_key(WITNESS.line),))


def verified(file: bytes, lines: Lines | bytes, trust: Trust = TRUST, kept: list[Kept] | None = None) -> Report:
    report = Report()
    evidence = lines if isinstance(lines, bytes) else packed(lines)
    try:
        export.verify(io.BytesIO(file), io.BytesIO(evidence), trust, kept or [], report)
    except (NotGenuine, CannotTell) as error:
        report.ended_by(error)
    agree_on_export(report, file, evidence, trust, kept or [])
    return report


def of(made: MadeExport, trust: Trust = TRUST, kept: list[Kept] | None = None) -> Report:
    file = made.file()
    return verified(file, made.evidence(file), trust, kept)


def seen(made: MadeExport, size: int, at_ms: int) -> Kept:
    """A checkpoint that the auditor kept of the made log."""
    entries = made.log.entries[:size]
    head = Checkpoint(ORIGIN, size, made_log.root(entries))
    return Kept(at_ms, head, Edge(size, made_log.edge(entries)))


@pytest.mark.parametrize(
    ("view", "form"),
    [
        ("generic", "csv"),
        ("jiffy", "csv"),
        ("carear", "csv"),
        ("chat", "csv"),
        ("enate", "csv"),
        ("symbee", "csv"),
        ("native", "ndjson"),
    ],
)
def test_a_genuine_export_is_complete(view: str, form: str) -> None:
    """In each view, also where it has no rows at all."""
    for rows in (0, 1, 17):
        report = of(made_export(rows, view=view, format=form))
        assert (report.exit_code, report.complete) == (0, True), report.lines()


def test_enates_times_in_a_zone_end_with_a_name_that_fits() -> None:
    """The page takes the name from the file, where it could be one. Only the program knows which it is."""
    made = made_export(3, view="enate", changed={"tz": "Asia/Kathmandu"})
    assert of(made).complete
    for other in (b" +0546,", b" +05,", b" -0545,", b" ?,", b" ,"):
        file = made.file().replace(b" +0545,", other)
        assert verified(file, made.evidence(file)).exit_code == 1


@pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
def test_what_the_page_is_given_by_the_reader_is_checked() -> None:
    """The log's own key of times is no cosigner's, a damaged file of kept checkpoints says nothing."""
    assert ask("trust", keys=[LOG.line], cosigners=[WITNESS.line], origin=None) == 1
    for line in (Signer("daybook/time", COSIGNATURE).line, STRANGER.line, LOGS_TIME.line):
        with pytest.raises(CannotTell):
            ask("trust", keys=[LOG.line], cosigners=[line], origin=None)
    made = made_export(1)
    file = made.file()
    given = {"file": file, "evidence": packed(made.evidence(file)), "keys": [LOG.line], "cosigners": [], "origin": None}
    assert ask("export", **given, kept=None)["verdict"] == "genuine"
    for kept in ("x\n", '{"seen_at":"2026-11-22T16:31:07.123Z","checkpoint":"","edge":null}\n', "{}"):
        assert ask("export", **given, kept=kept)["verdict"] == "could not tell"
    assert ask("export", **given, kept=None, manifest=b"{}")["verdict"] == "not genuine"


@pytest.mark.parametrize("sort", ["occurred_at", "-occurred_at"])
def test_the_order_is_the_manifests(sort: str) -> None:
    """By time, one way or the other. Evidence is made for no other order."""
    made = made_export(5, changed={"sort": sort})
    assert (of(made).exit_code == 0) == (sort == "-occurred_at")
    made.rows.reverse()
    assert (of(made).exit_code == 0) == (sort == "occurred_at")
    made.changed = {"sort": "actor"}
    assert of(made).exit_code == 2


def test_more_than_a_line_of_entries() -> None:
    """A line has at most 1,000, and the log goes on behind the completion."""
    assert of(made_export(20, appended=1_500)).complete


# The operator of a Daybook holds the log's key and makes the evidence. These are what the operator could try.


@pytest.mark.parametrize("seed", range(4))
def test_an_event_that_is_left_out_is_missing(seed: int) -> None:
    """The rest of the evidence is in order: file, manifest and completion agree."""
    made = made_export(8, seed)
    index, _ = made.rows.pop(seed)
    report = of(made, kept=[seen(made, made.start, FROM - 5 * MINUTE)])
    assert (report.exit_code, report.complete) == (1, False)
    assert any(f"MISSING: entry {index}," in text for _, text in report.findings)


@pytest.mark.parametrize("disclosed", [False, True])
@pytest.mark.parametrize("asked_at", [NOW, FROM - DAY])
def test_an_event_cannot_be_hidden_as_the_exports_own_record(asked_at: int, *, disclosed: bool) -> None:
    """Whatever the manifest says of when it was asked for."""
    made = made_export(4, changed={"asked_at": made_log.time(asked_at)})
    left_out = made.rows.pop()
    made.recorded_as = json.loads(left_out[1])["id"]
    made.record = [left_out] if disclosed else []
    assert of(made).exit_code == 1


def test_the_exports_own_record_may_lie_in_the_span() -> None:
    """It has no row. That it is the record of this very request, it says itself."""
    made = made_export(0, changed={"to": None, "from": made_log.time(NOW)})
    assert of(made).complete
    made.record = []
    assert of(made).complete is False, "it is not disclosed"


OTHER_RECORDS: dict[str, dict[str, Any]] = {
    "of another file": {"params": {"filename": "AuditLogs_2.csv"}},
    "of another activity": {"activity": "audit-log.viewed"},
    "that somebody sent": {"sender": {"credential": "k"}},
    "of another environment": {"environment": "test"},
}


@pytest.mark.parametrize("which", OTHER_RECORDS)
def test_another_event_is_no_record_of_the_request(which: str) -> None:
    """Though manifest and completion name it."""
    made = made_export(2, changed={"to": None})
    made.rows.pop()
    asked = {"filename": "AuditLogs.csv"}
    other = own_event(667, NOW - DAY, **{"activity": "audit-log.exported", "params": asked, **OTHER_RECORDS[which]})
    made.record = [(made.log.add(other), other)]
    made.recorded_as = json.loads(other)["id"]
    report = of(made)
    assert report.exit_code == 1
    assert "MISSING" not in " ".join(report.lines())


def test_a_beginning_on_the_logs_word_alone_is_never_complete() -> None:
    """Its own time is not enough, nor what the auditor saw too late, nor a cosigner's word of too late."""
    made = made_export(6, seed=1)
    assert made.start > 0
    late = seen(made, made.start, FROM - 5 * MINUTE + 1)
    for trust, kept in ((TRUST, []), (TRUST, [late]), (WITH_WITNESS, [])):
        report = of(made, trust, kept)
        assert (report.exit_code, report.complete) == (2, None)
    made.since_signers, made.since_seconds = (LOG, WITNESS), (FROM - 5 * MINUTE) // 1_000 + 1
    assert of(made, WITH_WITNESS).exit_code == 2
    made.since_seconds -= 1
    assert of(made).exit_code == 2, "nobody trusts the witness"


def test_a_beginning_that_others_confirm() -> None:
    """A checkpoint of that size or a later one that the auditor kept in time, or a trusted cosigner."""
    made = made_export(6, seed=1)
    made.start -= 3
    for size in (made.start, made.start + 3):
        assert of(made, kept=[seen(made, size, FROM - 5 * MINUTE)]).complete
    assert of(made, kept=[seen(made, made.start - 1, FROM - DAY)]).exit_code == 2, "what lies between is not known"
    made.since_signers = (LOG, LOGS_TIME, WITNESS)
    assert of(made, WITH_WITNESS).complete


def test_a_log_that_was_rewritten_is_found() -> None:
    """By any checkpoint that was kept, whenever."""
    made = made_export(6)
    other = seen(made_export(6, seed=2), 10, NOW)
    assert of(made, kept=[other]).exit_code == 1
    assert of(made, kept=[seen(made, 10, NOW), other]).exit_code == 1
    assert of(
        made,
        kept=[
            seen(made, 10, NOW),
            dataclasses.replace(other, checkpoint=dataclasses.replace(other.checkpoint, origin="x")),
        ],
    ).complete


def test_entries_of_an_unknown_kind_are_never_complete() -> None:
    """A newer Daybook may write them: this reader can't tell what they stand for."""
    made = made_export(3)
    made.log.entries.append(b"\x02" + bytes(74))
    report = of(made)
    assert (report.exit_code, report.complete) == (2, None)
    made.rows.pop()
    assert of(made).exit_code == 1, "what is missing is missing all the same"


def test_an_entry_that_is_doubled_is_missing_a_row() -> None:
    """One row stands for one entry."""
    made = made_export(3)
    made.log.entries.append(made.log.entries[made.rows[0][0]])
    assert of(made).complete is False


@pytest.mark.parametrize(
    ("days", "at", "explains"),
    [
        (("8", "365"), FROM + 9 * DAY, True),
        (("365", "8"), FROM + 9 * DAY, True),
        (("unlimited", "8"), FROM + 9 * DAY, True),
        (("unlimited", "unlimited"), FROM + 9 * DAY, False),
        (("9", "365"), FROM + 9 * DAY, False),
        (("8", "365"), FROM + 8 * DAY, False),
    ],
)
def test_retention_explains_what_was_older(days: tuple[str, str], at: int, explains: bool) -> None:
    """Only by a change that is itself in the log."""
    made = made_export(3)
    made.log.add(event(555, FROM + DAY - 1, FROM + DAY))
    assert of(made).complete is False
    params = dict(zip(("from_days", "to_days"), days, strict=True))
    change = own_event(444, at, "audit-log.retention-changed", params)
    made.disclosed = [(made.log.add(change), change)]
    report = of(made)
    assert (report.complete is True) == explains
    told = f"1 events of the span have no row: they were older than 8 days when the retention was changed at {time(at)}"
    assert any(told in line for line in report.lines()) == explains
    made.disclosed = [(made.disclosed[0][0] - 1, change)]
    assert of(made).exit_code == 1, "it is not at that index"
    made.disclosed = [(made.log.add(event(445, at, at)), event(445, at, at))]
    assert of(made).exit_code == 1, "it is no change of the retention"


NO_CHANGES: dict[str, tuple[int, dict[str, Any], dict[str, Any]]] = {
    "to no days": (NOW - DAY, {"from_days": "0"}, {}),
    "long after the request": (NOW + 6 * MINUTE, {}, {}),
    "long before it was received": (NOW - DAY, {}, {"received_at": made_log.time(NOW)}),
    "in years to come": (NOW + 9_000 * DAY, {}, {"received_at": made_log.time(NOW)}),
    "in another environment": (NOW - DAY, {}, {"environment": "test"}),
    "by a sender": (NOW - DAY, {}, {"sender": {"credential": "k"}}),
}


@pytest.mark.parametrize("which", NO_CHANGES)
def test_a_change_of_the_retention_that_explains_nothing(which: str) -> None:
    """The operator could write it when the evidence is made, and leave out every row."""
    at, days, more = NO_CHANGES[which]
    made = made_export(9)
    made.rows = []
    change = own_event(555, at, "audit-log.retention-changed", {"from_days": "1", "to_days": "365", **days}, **more)
    made.disclosed = [(made.log.add(change), change)]
    assert of(made).exit_code == 1


@pytest.mark.parametrize("known", ["nothing", "kept", "cosigned"])
@pytest.mark.parametrize("received", [NOW + 1, NOW + 10 * DAY])
def test_no_event_arrives_after_a_head_that_covers_it(known: str, received: int) -> None:
    """The completion, which was appended behind it, is such a head as well."""
    made = made_export(2)
    made.log.entries.insert(0, made_log.entry_of(event(4_242, FROM + 5, received)))
    made.rows = [(index + 1, each) for index, each in made.rows]
    made.record = [(index + 1, each) for index, each in made.record]
    early = (NOW - DAY) // 1_000
    kept = [seen(made, 5, FROM - 10 * MINUTE)] if known == "kept" else []
    file = made.file()
    lines = made.evidence(file)
    if known == "cosigned":
        text = lines[0]["checkpoint"].partition("\n\n")[0] + "\n"
        lines[0]["checkpoint"] = text + "\n" + LOG.sign(text) + WITNESS.sign(text, early)
    report = verified(file, lines, WITH_WITNESS, kept)
    assert report.complete is (known == "nothing" and received == NOW + 1)
    assert any("before it says that it was received" in line for line in report.lines()) != report.complete


def test_who_is_shown_as_forgotten_is_told() -> None:
    """An operator could leave out a key. Evidence can't show who was forgotten."""
    made = made_export(3)
    assert any("in 3 of them somebody is shown as forgotten" in line for line in of(made).lines())
    made.rows = []
    made.log = made_export(0).log
    made.record = made_export(0).record
    assert not any("forgotten" in line for line in of(made).lines())


def test_a_span_without_a_moment_is_told() -> None:
    """Retention's edge may lie behind the end that was asked for. Nothing is missing then, and nothing was exported."""
    report = of(made_export(0, changed={"to": time(FROM)}))
    assert (report.exit_code, report.complete) == (0, True)
    assert any("the exported span ends before it begins" in line for line in report.lines())


def test_kept_checkpoints_of_other_logs_are_told() -> None:
    """They say nothing of this one, which may have replaced theirs."""
    made = made_export(1)
    other = Kept(NOW, Checkpoint("daybook/old", 7, bytes(32)))
    assert any("checkpoints of daybook/old say nothing" in line for line in of(made, kept=[other]).lines())


def test_a_filtered_export_says_nothing_of_completeness() -> None:
    """Its rows are genuine all the same."""
    made = made_export(4, changed={"filters": ["activity=clusters.update", "q"]})
    made.rows.pop()
    report = of(made)
    assert (report.exit_code, report.complete) == (0, None)
    assert any("nothing is said of its completeness" in text for _, text in report.findings)


BESIDE: dict[str, tuple[int, int, dict[str, Any]]] = {
    "before the span": (FROM - 1, FROM, {}),
    "after the span": (TO, TO, {}),
    "received too late": (FROM, NOW + 1, {}),
    "another tenant's": (FROM, FROM, {"tenant": "other"}),
    "another environment's": (FROM, FROM, {"environment": "test"}),
    "of contradicting times": (FROM, FROM, {"occurred_at": made_log.time(FROM + 1)}),
    "of an unknown version": (FROM, FROM, {"v": 2}),
}


@pytest.mark.parametrize("which", BESIDE)
def test_a_row_that_does_not_belong(which: str) -> None:
    """Though it is in the log and in the file."""
    occurred, received, more = BESIDE[which]
    made = made_export(0)
    odd = event(1, occurred, received, **more)
    made.rows = [(made.log.add(odd), odd)]
    plain = dataclasses.replace(made, changed={})
    plain.rows = [(plain.rows[0][0], event(1, occurred, received))]
    file = plain.file() if more else made.file()
    assert verified(file, made.evidence(file)).exit_code == (2 if which == "of an unknown version" else 1)


CHANGES_OF_THE_COMPLETION = [
    {"rows": 4},
    {"rows": "5"},
    {"rows": True},
    {"export": "x"},
    {"file_sha256": "00" * 32},
    {"manifest_sha256": "00" * 32},
    {"caused_by": "x"},
]


@pytest.mark.parametrize("changed", CHANGES_OF_THE_COMPLETION)
def test_the_log_must_record_this_very_export(changed: dict[str, Any]) -> None:
    """Hashes of file and manifest, rows and name."""
    assert of(made_export(5, completed=changed)).exit_code == 1


CHANGES_OF_THE_MANIFEST: list[tuple[dict[str, Any], int]] = [
    ({"version": 2}, 2),
    ({"version": "1"}, 1),
    ({"evidence": False}, 1),
    ({"tenant": "other"}, 1),
    ({"environment": "test"}, 1),
    ({"log": "daybook/other"}, 1),
    ({"rows": 4}, 1),
    ({"bytes": 4}, 1),
    ({"sha256": "00" * 32}, 1),
    ({"from": "2026-11-22"}, 1),
    ({"from": None}, 1),
    ({"mark": "yes"}, 1),
    ({"filters": "none"}, 1),
    ({"view": "unheard-of"}, 2),
    ({"view": ["generic"]}, 1),
    ({"tz": "Mars/Olympus"}, 2),
    ({"tenant_profile": "unheard-of"}, 2),
    ({"received_until": made_log.time(FROM)}, 1),
    ({"asked_at": made_log.time(FROM)}, 1),
    ({"recorded_as": "x"}, 1),
    ({"filename": None}, 1),
    ({"filters": ["environment=test"]}, 1),
]


@pytest.mark.parametrize(("changed", "code"), CHANGES_OF_THE_MANIFEST, ids=str)
def test_a_manifest_that_lies(changed: dict[str, Any], code: int) -> None:
    """The log records its hash, so only the operator could make one."""
    made = made_export(5)
    file = made.file()
    made.changed = changed
    assert verified(file, made.evidence(file)).exit_code == code


# A forger changes what lies on the auditor's disk, and holds no key.


def first(change: Callable[[dict[str, Any]], object]) -> Callable[[Lines], Lines]:
    def changing(lines: Lines) -> Lines:
        change(lines[0])
        return lines

    return changing


FORGERIES: dict[str, Callable[[Lines], Lines]] = {
    "a row left out": lambda lines: [lines[0], *lines[2:]],
    "a row doubled": lambda lines: [lines[0], lines[1], *lines[1:]],
    "rows swapped": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "no entries": lambda lines: [*lines[:-2], lines[-1]],
    "no end": lambda lines: lines[:-1],
    "two ends": lambda lines: [*lines, lines[-1]],
    "nothing disclosed": lambda lines: [each for each in lines if "disclosed" not in each],
    "another count": lambda lines: [*lines[:-1], {"end": {"rows": 5, "entries": 5}}],
    "an index of another": lambda lines: [lines[0], {**lines[1], "index": lines[2]["index"]}, *lines[2:]],
    "an index beyond the log": lambda lines: [lines[0], {**lines[1], "index": 1_000}, *lines[2:]],
    "an index as text": lambda lines: [lines[0], {**lines[1], "index": str(lines[1]["index"])}, *lines[2:]],
    "a further field": lambda lines: [lines[0], {**lines[1], "x": 1}, *lines[2:]],
    "a person left out": lambda lines: [lines[0], {**lines[1], "people": []}, *lines[2:]],
    "a person twice": lambda lines: [lines[0], {**lines[1], "people": lines[1]["people"] * 2}, *lines[2:]],
    "another's keys": lambda lines: [lines[0], {**lines[1], "people": lines[2]["people"]}, *lines[2:]],
    "another checkpoint": first(lambda line: line.update(checkpoint=made_export(9).log.note())),
    "a stranger's checkpoint": first(lambda line: line.update(checkpoint=made_export(5).log.note(signers=(STRANGER,)))),
    "a checkpoint of before": first(lambda line: line.update(checkpoint=made_export(5).log.note())),
    "a since without an edge": first(lambda line: line.update(since=line["checkpoint"])),
    "an edge of one": first(lambda line: line.update(edge={"size": 1, "hashes": [b64(bytes(32))]})),
    "an edge without hashes": first(lambda line: line.update(edge={"size": 1, "hashes": []})),
    "no manifest": first(lambda line: line.pop("manifest")),
    "a completion of another": first(lambda line: line["completion"].update(index=0)),
    "another version": first(lambda line: line.update(v=2)),
    "another format": first(lambda line: line.update(daybook="manifest")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_evidence(forgery: str) -> None:
    """The file is as it was."""
    made = made_export(5)
    file = made.file()
    assert verified(file, made.evidence(file)).exit_code == 0
    code = verified(file, FORGERIES[forgery](made.evidence(file))).exit_code
    assert code == (2 if forgery == "another version" else 1)


def test_evidence_of_another_export() -> None:
    """Of another file, another log or another key."""
    one, two = made_export(5), made_export(5, view="chat")
    assert verified(one.file(), two.evidence(two.file())).exit_code == 1
    for key in (STRANGER, Signer(ORIGIN, seed=b"x" * 32), Signer("daybook/other")):
        assert verified(one.file(), one.evidence(one.file()), Trust((parse_key(key.line),))).exit_code == 1


@pytest.mark.parametrize(
    "evidence",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"{" * 100_000 + b"\n",
        b'{"daybook":"evidence","v":1}\n',
        b"\xff\n",
        b'{"v":' + b"9" * 9_999 + b"}\n",
    ],
    ids=lambda data: data[:12],
)
def test_what_is_no_evidence(evidence: bytes) -> None:
    """It is refused, and crashes nothing."""
    assert verified(b"", evidence).exit_code == 1
