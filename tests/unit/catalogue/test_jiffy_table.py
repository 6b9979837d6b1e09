"""Jiffy's profile against its document, row by row.

The document is beside the checkout, not in it. `jiffy_mended.toml` lists the rows with mistakes, with our text and the
reason for it. Every other row must be in the catalogue as the document words it.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from daybook.catalogue.profile import Activity, profile
from tests.support.places import DOCUMENTS

DOCUMENT = DOCUMENTS / "sources" / "jiffy.md"
MENDED = Path(__file__).with_name("jiffy_mended.toml")

TENANTS = {"tenant", "qatest", "Audittest"}  # the values of the first column; a row begins with one of them
OPTION = re.compile(r"\s*\( this message to be displayed (when [^)]*)\)")
CYBERARK = re.compile(r"(If CyberArk is (?:ON|OFF)):? ")
CONDITION = re.compile(r"([^{}:]+?) ?: ?(.+)")
PLACEHOLDER = re.compile(r"\{ ?([^{}:]*?) ?(?:: ?([^{}]*?))? ?\}")
EITHER = re.compile(r"\b(added)/(removed|deleted)\b")

# Labels whose parameter is not simply the label without its "name".
PARAMETERS = {
    "role": "roles",
    "column": "columns",
    "old of the role": "old_role",
    "new of the role": "new_role",
    "old cluster": "old_name",
    "new cluster": "new_name",
    "old": "old_name",
    "new": "new_name",
    "old desc": "old_description",
    "new desc": "new_description",
    "of the machine added": "machines_added",
    "of the machine removed": "machines_removed",
    "old of the fileset": "old_name",
    "new of the fileset": "new_name",
    "of the fileset": "fileset",
    "of the child task": "child_task",
    "sql datasets": "sql_dataset",
    "csv datasets": "csv_dataset",
    "forms": "form",
}


class Wording(NamedTuple):
    """Compared without spaces and without the case of conditions, which vary at random in the table."""

    activity: str
    when: str
    template: str

    def key(self) -> tuple[str, str, str]:
        return self.activity, re.sub(r"\s", "", self.when).lower(), re.sub(r"\s", "", self.template)


class Row(NamedTuple):
    number: int
    component: str
    event: str
    says: str

    @property
    def activity(self) -> str:
        return ".".join(re.sub(r"[^a-z0-9]+", "-", part.lower()) for part in (self.component, self.event))


class Mended(msgspec.Struct, forbid_unknown_fields=True):
    """One mistake. `says` is the whole cell. A repeated row has `same_as`; others have our text."""

    row: int
    says: str
    reason: str
    same_as: int | None = None
    activity: str = ""
    wordings: list[dict[str, str]] = []


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    if not DOCUMENT.exists():
        pytest.skip(f"the document is not beside the checkout: {DOCUMENT}")
    return parse(DOCUMENT.read_text("utf-8"))


@pytest.fixture(scope="module")
def mended() -> dict[int, Mended]:
    read = msgspec.convert(tomllib.loads(MENDED.read_text("utf-8")), dict[str, list[Mended]])["mended"]
    assert len({entry.row for entry in read}) == len(read), "a row is mended twice"
    return {entry.row: entry for entry in read}


@pytest.fixture
def catalogue() -> dict[str, Activity]:
    """Jiffy's own activities, without those of the audit log itself."""
    everything = profile("jiffy").activities
    return {name: activity for name, activity in everything.items() if activity.category != "Audit Log"}


def parse(document: str) -> list[Row]:
    """The rows of the table. Line breaks in it mean nothing: most rows are in one line."""
    cells = [" ".join(cell.split()) for cell in document.split("---|\n", 1)[1].split("|")]
    found: list[list[str]] = []
    for cell in filter(None, cells):
        if cell in TENANTS:
            found.append([])
        else:
            found[-1].append(cell)
    return [
        Row(number, cells[0], cells[1], " | ".join(cells[2 : cells.index("Success/Failure")]))
        for number, cells in enumerate(found, 1)
    ]


def derive(row: Row) -> Iterator[Wording]:
    """What a row without mistakes says: its wordings, each with its condition."""
    for when, sentence in alternatives(row.says):
        template = PLACEHOLDER.sub(parameter, sentence)
        chosen = EITHER.search(template)
        if chosen is None:
            yield Wording(row.activity, when, template)
            continue
        for word in chosen.groups():
            condition = when.replace(f"{chosen[1]} or {chosen[2]}", word)
            yield Wording(row.activity, condition, template.replace(chosen[0], word))


def alternatives(says: str) -> Iterator[tuple[str, str]]:
    """The wordings of a cell, as (condition, sentence)."""
    if OPTION.search(says):
        *pieces, _ = OPTION.split(says)
        yield from zip(pieces[1::2], pieces[::2], strict=True)
    elif CYBERARK.match(says):
        _, *pieces = CYBERARK.split(says)
        yield from zip(pieces[::2], (piece.strip() for piece in pieces[1::2]), strict=True)
    elif condition := CONDITION.fullmatch(says):
        yield condition[1], condition[2]
    else:
        for sentence in says.split("/ "):
            yield "", sentence


def parameter(placeholder: re.Match[str]) -> str:
    """`{App Group : Name of the App group}` as `{app_group}`. A sample value in its place stays, and needs an entry."""
    label, explanation = placeholder.groups()
    if explanation and not re.search("name|title", explanation, re.IGNORECASE):
        return placeholder[0]
    label = " ".join(label.lower().replace("(s)", "").replace("name", "").split())
    return "{" + PARAMETERS.get(label, label.replace(" ", "_")) + "}"


def expected(row: Row, rows: list[Row], mended: dict[int, Mended]) -> list[Wording]:
    entry = mended.get(row.number)
    if entry is None:
        return list(derive(row))
    if entry.same_as is not None:
        return expected(rows[entry.same_as - 1], rows, mended)
    return [Wording(entry.activity, **wording) for wording in entry.wordings]


def wordings(catalogue: dict[str, Activity]) -> set[tuple[str, str, str]]:
    return {
        Wording(activity.activity, variant.when, variant.template).key()
        for activity in catalogue.values()
        for variant in activity.variants
    }


def differences(
    rows: list[Row], mended: dict[int, Mended], catalogue: dict[str, Activity]
) -> tuple[list[str], set[tuple[str, str, str]]]:
    """What the catalogue lacks or words differently, row by row, and the wordings that are in no row."""
    has = wordings(catalogue)
    asked = [(row, wording) for row in rows for wording in expected(row, rows, mended)]
    lacking = [
        f"row {row.number} ({row.component} / {row.event}): {wording.when or 'always'}: {wording.template}"
        for row, wording in asked
        if wording.key() not in has
    ]
    return lacking, has - {wording.key() for _, wording in asked}


def test_the_table_is_read_completely(rows: list[Row], mended: dict[int, Mended]) -> None:
    """The document has 120 rows for 90 activities, and the profile must have as many."""
    assert len(rows) == 120
    assert len({wording.activity for row in rows for wording in expected(row, rows, mended)}) == 90


def test_every_row_is_in_the_catalogue(
    rows: list[Row], mended: dict[int, Mended], catalogue: dict[str, Activity]
) -> None:
    """Each row's wordings are variants of its activity, in the document's words except for the mended ones."""
    lacking, _ = differences(rows, mended, catalogue)
    assert not lacking, "\n".join(lacking)


def test_the_catalogue_has_nothing_else(
    rows: list[Row], mended: dict[int, Mended], catalogue: dict[str, Activity]
) -> None:
    """Every activity and wording of Jiffy's profile is in the document."""
    _, surplus = differences(rows, mended, catalogue)
    assert not surplus


def test_labels_equal_the_documents(rows: list[Row], catalogue: dict[str, Activity]) -> None:
    """Component and event read as in the table; only "App", a mistake for "Add", is mended."""
    labels = {(row.component, row.event) for row in rows} - {("Custom Role", "App")} | {("Custom Role", "Add")}
    assert {(activity.component, activity.event) for activity in catalogue.values()} == labels


def test_mended_rows_are_still_what_was_mended(rows: list[Row], mended: dict[int, Mended]) -> None:
    """An entry is valid only while its row says what the entry quotes, and differs from our text."""
    for entry in mended.values():
        row = rows[entry.row - 1]
        assert row.says == entry.says, f"row {entry.row} has changed"
        assert entry.reason, f"row {entry.row} has no reason"
        if entry.same_as is not None:
            assert not entry.wordings, f"row {entry.row} repeats row {entry.same_as}, so it has no wording of its own"
            continue
        ours = [wording.key() for wording in expected(row, rows, mended)]
        assert ours != [wording.key() for wording in derive(row)], f"row {entry.row} needs no entry"


def test_repeated_rows_are_listed(rows: list[Row], mended: dict[int, Mended]) -> None:
    """Each row that repeats an earlier one is listed, with the row that it repeats."""
    first: dict[tuple[str, str], int] = {}
    doubles = {}
    for row in rows:
        key = row.activity, re.sub(r"\s", "", row.says)
        if key in first:
            doubles[row.number] = first[key]
        first.setdefault(key, row.number)
    assert {entry.row: entry.same_as for entry in mended.values() if entry.same_as} == doubles


def test_a_broken_template_is_noticed(
    rows: list[Row], mended: dict[int, Mended], catalogue: dict[str, Activity]
) -> None:
    """The comparison names the row of any single wording that is changed, even if only its parameters are swapped."""
    for activity in catalogue.values():
        for place, variant in enumerate(activity.variants):
            for template in broken(variant.template):
                changed: Any = msgspec.structs.replace(variant, template=template)
                variants = (*activity.variants[:place], changed, *activity.variants[place + 1 :])
                worse = catalogue | {activity.activity: msgspec.structs.replace(activity, variants=variants)}
                lacking, surplus = differences(rows, mended, worse)
                assert lacking, f"{activity.activity}: {template}"
                assert surplus


def broken(template: str) -> Iterator[str]:
    yield template + " again"
    parameters = re.findall(r"\{\w+\}", template)
    if len(parameters) > 1:
        first, second = parameters[:2]
        yield template.replace(first, "\0").replace(second, first).replace("\0", second)


def test_a_missing_activity_is_noticed(
    rows: list[Row], mended: dict[int, Mended], catalogue: dict[str, Activity]
) -> None:
    """Whichever activity is removed from the catalogue, the rows that lack it are named."""
    for name in catalogue:
        fewer = {other: activity for other, activity in catalogue.items() if other != name}
        lacking, _ = differences(rows, mended, fewer)
        assert lacking, name
