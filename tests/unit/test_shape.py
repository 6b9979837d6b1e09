"""Documents read by a type: all faults by their paths, whatever a sender's own names look like."""

import json
import time
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from daybook.documents import Doubled, parse, parse_without_empties
from daybook.events.schema import SentEvent
from daybook.shape import faults_of
from infra.openapi.operations import OPERATIONS
from tests.support.sent_events import FULL

Short = Annotated[str, Meta(max_length=3)]
BODIES = sorted({body for operation in OPERATIONS.values() for body in operation.body}, key=lambda body: body.__name__)


class Inner(Struct, forbid_unknown_fields=True):
    name: Short


class Form(Struct, forbid_unknown_fields=True):
    kind: Literal["a", "b"] = "a"
    count: Annotated[int, Meta(ge=1)] = 1
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[Short, int] = {}


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"x": 1}, "unknown_field", "x"),
        ({"x - at `$.y": 1}, "unknown_field", "x - at `$.y"),
        ({"x` - at `$.named[...]": 1}, "unknown_field", "x` - at `$.named[...]"),
        ({"inner": {"name": "a", "": 1}}, "unknown_field", "inner."),
        ({"inner": {}}, "missing_field", "inner.name"),
        ({"many": [{"name": "a"}, {"name": "abcd"}]}, "invalid_length", "many[1].name"),
        ({"many": {}}, "invalid_type", "many"),
        ({"kind": "c"}, "invalid_value", "kind"),
        ({"count": 0}, "invalid_value", "count"),
        ({"named": {"a": "1"}}, "invalid_type", "named.a"),
        ({"named": {"abcd": 1}}, "invalid_length", "named.abcd"),
        ([], "invalid_type", ""),
    ],
)
def test_a_fault_names_its_field(sent: Any, code: str, path: str) -> None:
    """By the whole path."""
    assert [(fault.code, fault.path) for fault in faults_of(sent, Form)] == [(code, path)]


def test_a_type_that_cannot_be_read_is_told() -> None:
    """When it is first read, so no test of a form can pass without its faults being found."""
    with pytest.raises(TypeError):
        faults_of({}, dict[str, bytes])


FIELDS = [field.name for body in BODIES for field in msgspec.structs.fields(body)]
NAMES = [*FULL, *FULL["actor"], *FIELDS, "x` - at `$.params[...]"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
@given(JSON)
def test_what_msgspec_refuses_has_a_fault(body: Any, document: Any) -> None:
    """For the body of every operation."""
    try:
        msgspec.convert(document, body)
    except (msgspec.ValidationError, UnicodeEncodeError):
        assert faults_of(document, body)


@given(st.text('{}[]":,null019.e-ab\\\ufeff').map(str.encode))
def test_parsing_gives_a_document_or_one_kind_of_error(body: bytes) -> None:
    """With empties and without them alike."""
    refused = []
    for read in (parse, parse_without_empties):
        try:
            read(body)
        except ValueError:
            refused.append(read)
    assert len(refused) in (0, 2)


def test_many_keys_are_compared_in_one_pass() -> None:
    """A body of 64 KB has room for 8,000 of them."""
    body = json.dumps({f"{number:x}": 1 for number in range(30_000)})
    started = time.process_time()
    document = parse(f'{body[:-1]}, "752f": 1}}'.encode())
    assert time.process_time() - started < 2
    assert (type(document), document.key) == (Doubled, "752f")


def test_events_can_be_read() -> None:
    """The full event has the form of one."""
    assert faults_of(FULL, SentEvent) == []
