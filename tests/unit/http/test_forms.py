"""Small JSON bodies: 400 if they can't be read, 422 with the field's name if they can't be accepted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from daybook.http import forms
from daybook.http.problem import Problem
from daybook.http.request import Answer


class Inner(Struct, forbid_unknown_fields=True):
    id: str


class Form(Struct, forbid_unknown_fields=True):
    name: str
    sizes: list[int] = []
    inner: Inner | None = None


def test_a_body_of_the_form_is_read() -> None:
    """Optional fields take their defaults."""
    assert forms.decode(b'{"name":"x","sizes":[1,2]}', Form) == Form("x", [1, 2])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"name":"\xed\xa0\x80"}',
        b'{"name":NaN}',
        b'{"sizes":[Infinity]}',
        b'{"name":"x"} x',
        b'{"name":"a\nb"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"[]",
        b"null",
        b'"x"',
    ],
)
def test_what_is_no_json_object_is_400(body: bytes) -> None:
    """A body that can't be read is refused before the form is checked."""
    with pytest.raises(Problem) as refused:
        forms.decode(body, Form)
    assert (refused.value.status, refused.value.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"{}", "missing_field", "name"),
        (b'{"name":1}', "invalid_type", "name"),
        (b'{"name":null}', "invalid_type", "name"),
        (b'{"name":"x","sizes":{}}', "invalid_type", "sizes"),
        (b'{"name":"x","sizes":[1,true]}', "invalid_type", "sizes[1]"),
        (b'{"name":"x","sizes":[1.5]}', "invalid_type", "sizes[0]"),
        (b'{"name":"x","sizes":[1e400]}', "invalid_type", "sizes[0]"),
        (b'{"name":"x","nmae":1}', "unknown_field", "nmae"),
        (b'{"name":"x","` - at `$.y`":1}', "unknown_field", "` - at `$.y`"),
        (b'{"name":"x","inner":{}}', "missing_field", "inner.id"),
        (b'{"name":"x","inner":{"id":"i","di":1}}', "unknown_field", "inner.di"),
        (b'{"name":"x","` - at `key` in `$.y`":1}', "unknown_field", "` - at `key` in `$.y`"),
        (b'{"\\ud800":1,"name":"x"}', "unknown_field", "\ufffd"),
        (b'{"name":"x","name":"y"}', "doubled_key", "name"),
        (b'{"name":"x","inner":{"id":"i","id":"j"}}', "doubled_key", "inner.id"),
    ],
)
def test_what_has_not_the_form_is_422_naming_the_field(body: bytes, code: str, path: str) -> None:
    """The answer has one stable code and the path of the field at fault."""
    with pytest.raises(Problem) as refused:
        forms.decode(body, Form)
    assert refused.value.status == 422
    assert refused.value.code == code
    assert [error.path for error in refused.value.errors] == [path]


def test_all_faults_are_named_at_once() -> None:
    """The first one gives the code and the detail."""
    with pytest.raises(Problem) as refused:
        forms.decode(b'{"sizes":["x",1,null],"inner":{"di":1}}', Form)
    assert (refused.value.code, refused.value.detail) == ("invalid_type", "sizes[0]: must be an integer")
    paths = [error.path for error in refused.value.errors]
    assert paths == ["sizes[0]", "sizes[2]", "inner.di", "inner.id", "name"]


def test_a_utf_8_mark_is_ignored() -> None:
    """Some clients' libraries write one."""
    assert forms.decode(b'\xef\xbb\xbf{"name":"x"}', Form) == Form("x")


def test_integers_have_at_most_17_digits() -> None:
    """No form needs longer ones, and Python refuses to parse very long ones."""
    assert forms.decode(b'{"name":"x","sizes":[99999999999999999]}', Form).sizes == [10**17 - 1]
    for digits in (18, 25, 5_000):
        with pytest.raises(Problem) as refused:
            forms.decode(b'{"name":"x","sizes":[' + b"9" * digits + b"]}", Form)
        assert refused.value.code == "invalid_type"


@pytest.mark.parametrize("value", ["", "x" * 9, "a\nb", "a\x00", "\x7f", "a\x85", "\ud800"])
def test_a_line_has_its_length_and_no_control_characters(value: str) -> None:
    """Half of a surrogate pair is refused too."""
    with pytest.raises(Problem) as refused:
        forms.text("label", value, 8)
    assert refused.value.errors[0].path == "label"


def test_a_line_may_be_of_any_script() -> None:
    """Length is counted in characters."""
    assert forms.text("label", "日本語のラベル", 8) == "日本語のラベル"


@pytest.mark.parametrize("value", ["", "a", "-a", "A1", "a#b", "a/b", "ab\n", "é1", "a" * 40, "a.b", "a b", "٣٣"])
def test_a_slug_can_bend_no_key(value: str) -> None:
    """Only the contract's exact form is accepted."""
    with pytest.raises(Problem):
        forms.slug("tenant", value)


@pytest.mark.parametrize("value", ["a1", "acme", "a-", "0-9", "a" * 39])
def test_slugs(value: str) -> None:
    """A slug has 2 to 39 characters."""
    assert forms.slug("tenant", value) == value


def test_a_moment_carries_any_offset() -> None:
    """The result is in milliseconds since 1970; further digits are cut off."""
    assert forms.moment("at", "1970-01-01T01:00:00.0019+01:00") == 1
    with pytest.raises(Problem) as refused:
        forms.moment("at", "yesterday")
    assert refused.value.errors[0].path == "at"


def test_forms_may_be_let_go() -> None:
    """Forms can be created and dropped safely (this was not true of msgspec's unions with patterns)."""
    for _ in range(50):
        form: Any = type("Fleeting", (Struct,), {"__annotations__": {"a": list[str] | None}})
        with pytest.raises(Problem):
            forms.decode(b'{"a":[1]}', form)


_any_text = st.text(st.characters(codec=None, categories=None), max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "sizes"]) | _any_text, inner),
    max_leaves=8,
)


@given(st.binary(max_size=40) | _json.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_is_read_or_refused(body: bytes) -> None:
    """Nothing but a `Problem` of 400 or 422 escapes, and it can be written as an answer."""
    refused: Problem | None = None
    try:
        forms.decode(body, Form)
    except Problem as problem:
        refused = problem
    assert refused is None or refused.status in (400, 422)
    assert refused is None or Answer(refused.status, refused.body()).to_gateway()["body"]
