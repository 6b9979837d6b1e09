"""Whatever stands in the fields that a ready mapping reads, its event is one that Daybook takes, or it is rejected."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybook_client.importing.expressions import ANY, Expression
from daybook_client.importing.identity import Identities
from daybook_client.importing.making import Maker, RejectedRecord
from daybook_client.importing.mapping import Mapping, load_mapping, mapping_names
from daybook_client.importing.report import Report
from tests.client.importing.making import AT, read_by_daybook

texts = st.text(max_size=8) | st.sampled_from(["User", "user", "System", "2026-11-20T10:00:00Z", "a.b", "x" * 600])
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = plain | st.lists(plain | st.dictionaries(texts, plain, max_size=2), max_size=3)


def paths_read(mapping: Mapping) -> list[tuple[str, ...]]:
    """All paths that its expressions give values from."""
    expressions: list[Expression] = [*mapping.id, *(skip.when for skip in mapping.skips)]
    for field in mapping.fields:
        for choice in field.choices:
            expressions += [each for each in (choice.expr, choice.when) if each is not None]
    return sorted({path for expression in expressions for path in expression.sources if path})


def read_for(mapping: Mapping, path: str) -> list[tuple[str, ...]]:
    """What the mapping reads for one field of the event."""
    [field] = [field for field in mapping.fields if field.path == (path,)]
    return sorted({source for choice in field.choices if choice.expr for source in choice.expr.sources if source})


def filled(record: Any, path: tuple[str, ...], value: Any, *, in_lists: bool) -> dict[str, Any]:
    """The record with a value at a path: objects on the way, or objects in lists."""
    held = record[0] if isinstance(record, list) and record else record
    holder = dict(held) if isinstance(held, dict) else {}
    name = "any" if path[0] == ANY else path[0]
    inner = value if len(path) == 1 else filled(holder.get(name), path[1:], value, in_lists=in_lists)
    holder[name] = [inner] if in_lists and len(path) > 1 else inner
    return holder


@pytest.mark.parametrize("name", mapping_names())
def test_any_record_through_a_ready_mapping(name: str) -> None:
    """The same record gives the same event."""
    tried(load_mapping(name), 12)


@pytest.mark.long
@pytest.mark.parametrize("name", mapping_names())
def test_many_records_through_a_ready_mapping(name: str) -> None:
    """The same, with more of them."""
    tried(load_mapping(name), 40)


def tried(mapping: Mapping, examples: int) -> None:
    made = []
    places = st.tuples(st.sampled_from(paths_read(mapping)), values, st.booleans())

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(places, max_size=25), st.dictionaries(texts, values))
    def holds(chosen: list[tuple[tuple[str, ...], Any, bool]], more: dict[str, Any]) -> None:
        record = more
        for path in read_for(mapping, "activity"):
            record = filled(record, path, "opened", in_lists=False)
        for path, value, in_lists in chosen:
            record = filled(record, path, value, in_lists=in_lists)
        for path in read_for(mapping, "occurred_at"):
            record = filled(record, path, AT, in_lists=False)
        try:
            event = event_of(mapping, record)
        except RejectedRecord:
            return
        assert read_by_daybook(event).adjusted == ()
        assert event_of(mapping, record) == event
        made.append(event)

    holds()
    # CareAR's time is of two columns, neither of which is a time by itself.
    assert made or mapping.name == "carear"


def event_of(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    maker = Maker(mapping, Report(), zone=None, environment=None)
    maker.skip_reason(record)
    return maker.make(record, Identities(mapping.name, mapping.id).of(record))[0]
