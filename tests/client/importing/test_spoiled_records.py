"""Records of the products with something else than documented in some places, through the ready mappings."""

import copy
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybook_client.importing import Report, load_mapping, mapping_names
from daybook_client.importing.identity import Identities
from daybook_client.importing.leftovers import folded, scalars
from daybook_client.importing.making import Maker, RejectedRecord
from daybook_client.importing.records import read_records
from daybook_client.importing.texts import TextFile
from tests.client.importing.making import read_by_daybook
from tests.client.importing.samples import sample_files
from tests.client.importing.test_fuzzing import leaves

texts = st.text(max_size=12) | st.sampled_from(["", "user", "User", "1.2.3.4:56", "audit-log.read", "x" * 5_000])
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


@cache
def records_of(name: str) -> list[dict[str, Any]]:
    """The sample records of a mapping."""
    found = []
    for path in sample_files(name):
        with TextFile(path) as file:
            for read in read_records(file, load_mapping(name), Report()):
                assert isinstance(read.record, dict)
                found.append(read.record)
    return found


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to each value within a record."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return ([way] if way else []) + [place for key, each in inner for place in places(each, (*way, key))]


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(mapping_names()))
    record = copy.deepcopy(draw(st.sampled_from(records_of(name))))
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(places(record)))
        held: Any = record
        for key in way:
            held = held[key]
        held[last] = draw(anything)
        if not places(record):
            break
    return name, record


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoiled())
def test_a_spoiled_record_gives_an_event_that_daybook_takes_or_is_rejected(given_: tuple[str, dict[str, Any]]) -> None:
    """A field of another type than documented never stops an import, nor costs it a batch."""
    name, record = given_
    mapping = load_mapping(name)
    maker = Maker(mapping, Report(), zone=None, environment=None)
    if maker.skip_reason(record) is not None:
        return
    try:
        event, _ = maker.make(record, Identities(name, mapping.id).of(record))
    except RejectedRecord:
        return
    assert read_by_daybook(event).adjusted == ()


@pytest.mark.parametrize("name", mapping_names())
def test_each_value_of_a_sample_stands_in_its_event(name: str) -> None:
    """In some spelling, but for what the mapping tells in other words, and what it counts as not worth keeping."""
    mapping = load_mapping(name)
    told = {
        ".".join(source)
        for field in mapping.fields
        for choice in field.choices
        if choice.expr is not None and (choice.map is not None or field.path == ("occurred_at",))
        for source in choice.expr.sources
    }
    for record in records_of(name):
        report = Report()
        maker = Maker(mapping, report, zone=None, environment=None)
        if maker.skip_reason(record) is None:
            event, _ = maker.make(record, "id")
            present = " ".join([*scalars(event), *(folded(each).lower() for each in scalars(event))])
            lost = {path for path, value in leaves(record) if folded(str(value).lower()) not in present}
            assert lost <= told | set(report.ignored)
