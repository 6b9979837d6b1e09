"""Reading bodies, and checking events against the form."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.decoding import Received, Sent, Unreadable, decode_events, read_event
from daybook.events.rejected import Rejected

LEAST: dict[str, Any] = {"activity": "user.login", "actor": {"type": "system"}}
FULL: dict[str, Any] = {
    "activity": "clusters.update",
    "actor": {
        "type": "user",
        "id": "u-1",
        "username": "mike.mars",
        "name": "Mike",
        "email": "m@x.example",
        "user_type": "Admin",
        "roles": ["a"],
        "impersonator": {"id": "u-3", "username": "lee", "name": "Lee", "email": "l@x.example"},
    },
    "id": "1",
    "occurred_at": "2026-11-22T16:31:07.123Z",
    "environment": "prod",
    "variant": "name",
    "status": "success",
    "source": {"type": "ADMIN"},
    "target": {
        "type": "defect",
        "id": "D-9",
        "name": "Wrong",
        "username": "x",
        "within": {"type": "work-item", "id": "7"},
    },
    "params": {"text": "c1", "number": 1, "yes": True, "none": None, "list": ["a"], "who": {"user": "jane"}},
    "details": "free",
    "people": [{"id": "u-2", "username": "jane", "name": "Jane", "email": "j@x.example"}],
    "changes": [{"field": "due", "from": "a", "to": 5}],
    "context": {"ip": "203.0.113.7", "user_agent": "curl", "session_id": "s", "request_id": "r"},
    "caused_by": {"id": "2", "occurred_at": "2026-11-22T16:00:00Z"},
}


def read(body: str | bytes) -> Received:
    """The body's only event, checked."""
    sent = decode_events(body if isinstance(body, bytes) else body.encode())
    return read_event(sent.events[0], sent.levels)


def refusal(body: str | bytes) -> tuple[str, str]:
    """The refusal's code, and the path of the first field at fault."""
    with pytest.raises(Rejected) as rejected:
        read(body)
    return rejected.value.code, rejected.value.errors[0].path


def changed(path: str, value: Any, of: dict[str, Any] = FULL) -> str:
    """The full event with one value replaced, at a path such as `changes[0].from`."""
    event = copy.deepcopy(of)
    *way, last = path.replace("[", ".[").split(".")
    held: Any = event
    for step in way:
        held = held[int(step[1:-1])] if step.startswith("[") else held[step]
    held[int(last[1:-1]) if last.startswith("[") else last] = value
    return json.dumps(event)


def test_the_full_event_has_the_form() -> None:
    """Its encoded form is what was sent, in RFC 8785's order."""
    received = read(json.dumps(FULL))
    assert received.occurred_ms == 1795365067123
    expected = FULL | {"caused_by": {"id": "2", "occurred_at": "2026-11-22T16:00:00.000Z"}}
    assert json.loads(received.encoded) == expected
    assert received.encoded == json.dumps(expected, sort_keys=True, separators=(",", ":")).encode()


def _shuffled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: _shuffled(value[name], draw) for name in names}
    return [_shuffled(each, draw) for each in value] if isinstance(value, list) else value


@given(st.data())
def test_the_order_of_names_and_blanks_do_not_matter(data: st.DataObject) -> None:
    """The same event has the same encoded form, whatever the layout of its JSON."""
    body = json.dumps(_shuffled(FULL, data.draw), indent=data.draw(st.sampled_from([None, 0, 3])))
    assert read(body).encoded == read(json.dumps(FULL)).encoded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100", "1e2"),
        ("100", "100.0"),
        ("100", "1000E-1"),
        ("0", "-0"),
        ("0", "-0.0"),
        ("9007199254740991", "9007199254740991.0"),
        ('"\\u00e9\\u20ac\\ud83d\\ude00"', '"é€😀"'),
        ('"a\\/b"', '"a/b"'),
        ('"\\u0061\\t"', '"a\\t"'),
    ],
)
def test_the_same_value_written_otherwise(one: str, other: str) -> None:
    """Different spellings of a number or of an escape give the same event."""
    bodies = ['{"activity":"a","actor":{"type":"system"},"params":{"x":%s}}' % value for value in (one, other)]  # noqa: UP031
    assert read(bodies[0]).encoded == read(bodies[1]).encoded


@pytest.mark.parametrize("path", ["occurred_at", "caused_by.occurred_at"])
def test_times_are_normalised(path: str) -> None:
    """Another offset or further digits give the same event."""
    received = [
        read(changed(path, text)).encoded for text in ("2026-11-22T16:00:00Z", "2026-11-22T17:00:00.0009+01:00")
    ]
    assert received[0] == received[1]


def test_a_sessions_time_is_normalised() -> None:
    """The parameter refers to an event."""
    texts = ("2026-11-22T16:00:00Z", "2026-11-22T17:00:00.0009+01:00")
    bodies = [json.dumps(LEAST | {"params": {"session": {"id": "1", "occurred_at": text}}}) for text in texts]
    assert read(bodies[0]).encoded == read(bodies[1]).encoded


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"activity":"a"',
        b"nul",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1}{"a":1}',
        b'{"a":"\x01"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[]",
        b"[{}]",
        b'"x"',
        b"5",
        b"null",
        b'{"events":{}}',
        b'{"events":null}',
        b'{"events":"x"}',
        b'{"events":[]}',
        b'{"events":[{}],"activity":"a"}',
        b'{"events":[{}],"events":[{}]}',
        b'{"events":[' + b",".join([b"{}"] * 501) + b"]}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_no_event_and_no_batch(body: bytes) -> None:
    """The body can't be read at all."""
    with pytest.raises(Unreadable):
        decode_events(body)


def test_a_batch_is_a_list_of_1_to_500() -> None:
    """The batch itself accepts any values. Each event is checked on its own."""
    assert decode_events(b'{"events":[1]}') == Sent([1], 30)
    assert len(decode_events(b'{"events":[' + b",".join([b"{}"] * 500) + b"]}").events) == 500


@pytest.mark.parametrize("value", ["1", "null", "[]", '"x"', "true", "1.5"])
def test_what_is_no_object_is_no_event(value: str) -> None:
    """In a batch, only that event is refused."""
    assert refusal('{"events":[%s]}' % value) == ("invalid_type", "")  # noqa: UP031


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("kind", ["list", "object"])
def test_nesting_beyond_32_levels_is_unreadable(batch: bool, kind: str) -> None:
    """32 levels, including the envelope's, are only refused. The 33rd level makes the body unreadable."""
    opening, closing = ("[", "]") if kind == "list" else ('{"x":', "}")

    def body(levels: int) -> str:
        within = levels - 1 - (2 if batch else 0)
        inner = opening * within + ("1" if kind == "object" else "") + closing * within
        event = '{"activity":"a","actor":{"type":"system"},"extra":%s}' % inner  # noqa: UP031
        return '{"events":[%s]}' % event if batch else event  # noqa: UP031

    assert refusal(body(32)) == ("unknown_field", "extra")
    for levels in (33, 432, 900):
        with pytest.raises(Unreadable):
            read(body(levels))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"activity":"a","activity":"a"}', "activity"),
        ('{"activity":"a","actor":{"type":"user","type":"user"}}', "actor.type"),
        ('{"activity":"a","actor":{"type":"user","roles":{"a":1,"a":1}}}', "actor.roles.a"),
        ('{"activity":"a","actor":{"type":"system"},"params":{"who":{"user":"a","user":"b"}}}', "params.who.user"),
        ('{"activity":"a","actor":{"type":"system"},"params":{"a":1,"a":1}}', "params.a"),
        ('{"activity":"a","actor":{"type":"system"},"people":[{"username":"a"},{"id":"1","id":"1"}]}', "people[1].id"),
        (
            '{"activity":"a","actor":{"type":"system"},"target":{"type":"a","within":{"id":"1","id":"2"}}}',
            "target.within.id",
        ),
        ('{"activity":"a","actor":{"type":"system"},"x":{"y":[{"z":1,"z":1}]}}', "x.y[0].z"),
    ],
)
def test_a_name_that_stands_twice_is_refused(body: str, path: str) -> None:
    """The refusal names the field, at every level."""
    assert refusal(body) == ("doubled_key", path)


OBJECTS = [
    "",
    "actor",
    "actor.impersonator",
    "source",
    "target",
    "target.within",
    "people[0]",
    "changes[0]",
    "context",
    "params.who",
    "caused_by",
]


@pytest.mark.parametrize("where", OBJECTS)
@pytest.mark.parametrize("name", ["extra", "Type", "a.b", "x`y", "ünï", ""])
def test_an_unknown_field_is_named(where: str, name: str) -> None:
    """The rule holds at every level."""
    event = copy.deepcopy(FULL)
    held: Any = event
    for step in where.replace("[0]", ".0").split(".") if where else ():
        held = held[0] if step == "0" else held[step]
    held[name] = 1
    assert refusal(json.dumps(event)) == ("unknown_field", f"{where}.{name}" if where else name)


@pytest.mark.parametrize(
    ("without", "path"),
    [
        ("activity", "activity"),
        ("actor", "actor"),
        ("actor.type", "actor.type"),
        ("source.type", "source.type"),
        ("target.type", "target.type"),
        ("target.within.id", "target.within.id"),
        ("target.within.type", "target.within.type"),
        ("changes[0].field", "changes[0].field"),
        ("caused_by.id", "caused_by.id"),
        ("caused_by.occurred_at", "caused_by.occurred_at"),
    ],
)
def test_a_missing_field_is_named(without: str, path: str) -> None:
    """The rule holds for every field that the contract requires."""
    event = json.loads(changed(without, None))
    held: Any = event
    *way, last = without.replace("[0]", ".0").split(".")
    for step in way:
        held = held[0] if step == "0" else held[step]
    del held[last]
    assert refusal(json.dumps(event)) == ("missing_field", path)


@pytest.mark.parametrize("kind", ["system", "api", "operations", "unknown"])
def test_only_a_user_has_an_impersonator(kind: str) -> None:
    """Nobody can act in the name of an actor that is no person."""
    actor = {"type": kind, "impersonator": {"username": "lee"}}
    assert refusal(json.dumps(LEAST | {"actor": actor})) == ("invalid_value", "actor.impersonator")


def test_an_impersonator_is_a_person() -> None:
    """A username or an id is needed."""
    for named in ({"username": "lee"}, {"id": "7"}):
        assert read(changed("actor.impersonator", named)).event.actor.impersonator is not None
    named = {"name": "Lee"}
    assert refusal(changed("actor.impersonator", named)) == ("missing_field", "actor.impersonator.username")


PLACES = [
    "activity",
    "actor",
    "actor.type",
    "actor.id",
    "actor.username",
    "actor.name",
    "actor.email",
    "actor.user_type",
    "actor.roles",
    "actor.roles[0]",
    "actor.impersonator",
    "actor.impersonator.username",
    "id",
    "occurred_at",
    "environment",
    "variant",
    "status",
    "source",
    "source.type",
    "target",
    "target.type",
    "target.id",
    "target.name",
    "target.username",
    "target.within",
    "target.within.id",
    "params",
    "details",
    "people",
    "people[0]",
    "people[0].username",
    "changes",
    "changes[0]",
    "changes[0].field",
    "context",
    "context.ip",
    "context.user_agent",
    "context.session_id",
    "context.request_id",
    "caused_by",
    "caused_by.id",
    "caused_by.occurred_at",
    "params.who.user",
]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("value", [5, 1.5, True, [[1]], {"x": {}}], ids=repr)
def test_a_wrong_type_is_named(path: str, value: Any) -> None:
    """At every level, the refusal names the field itself or the place of the fault in it."""
    if path == "params" and value == {"x": {}}:
        return  # this object has the form; the catalogue decides which objects mean something
    code, named = refusal(changed(path, value))
    assert code in ("invalid_type", "unknown_field", "missing_field", "invalid_value")
    assert named == path or named.startswith((f"{path}.", f"{path}["))


@pytest.mark.parametrize("value", [1.5, {"user": 5}, {"other": 1}, [1], [["a"]], {"user": "a", "x": 1}], ids=repr)
@pytest.mark.parametrize("path", ["params.text", "params.list"])
def test_a_wrong_parameter_is_named(path: str, value: Any) -> None:
    """The refusal has the parameter's own name, even if an earlier parameter is valid."""
    code, named = refusal(changed(path, value))
    assert code in ("invalid_type", "unknown_field")
    assert named.startswith(path)


LIMITS = {
    "id": 128,
    "environment": 64,
    "variant": 128,
    "actor.id": 128,
    "actor.username": 256,
    "actor.name": 256,
    "actor.email": 256,
    "actor.user_type": 128,
    "actor.roles[0]": 128,
    "actor.impersonator.id": 128,
    "actor.impersonator.username": 256,
    "actor.impersonator.name": 256,
    "actor.impersonator.email": 256,
    "source.type": 128,
    "target.id": 512,
    "target.name": 512,
    "target.username": 256,
    "target.within.id": 512,
    "params.text": 4_000,
    "params.list[0]": 4_000,
    "params.who.user": 256,
    "people[0].id": 128,
    "people[0].username": 256,
    "people[0].name": 256,
    "people[0].email": 256,
    "changes[0].field": 128,
    "changes[0].from": 4_000,
    "context.ip": 64,
    "context.user_agent": 1_024,
    "context.session_id": 256,
    "context.request_id": 256,
    "caused_by": 128,
    "caused_by.id": 128,
}


@pytest.mark.parametrize("path", LIMITS)
@pytest.mark.parametrize("character", ["x", "漢", "😀"])
def test_lengths_are_in_characters(path: str, character: str) -> None:
    """The longest text is accepted. A longer or an empty one is refused, and the refusal names the field."""
    read(changed(path, character * LIMITS[path]))
    assert refusal(changed(path, character * (LIMITS[path] + 1))) == ("invalid_length", path)
    assert refusal(changed(path, "")) == ("invalid_length", path)


@pytest.mark.parametrize(("path", "most"), [("activity", 128), ("target.type", 64), ("target.within.type", 64)])
def test_lengths_of_slugs(path: str, most: int) -> None:
    """A longer or an empty slug is refused."""
    read(changed(path, "x" * most))
    assert refusal(changed(path, "x" * (most + 1))) == ("invalid_length", path)
    assert refusal(changed(path, "")) == ("invalid_length", path)


def test_details_may_be_empty() -> None:
    """Only details may be empty. They have 32 KB at most."""
    assert read(changed("details", "")).event.details == ""
    read(changed("details", "x" * 32 * 1024))
    assert refusal(changed("details", "x" * (32 * 1024 + 1))) == ("invalid_length", "details")


@pytest.mark.parametrize(
    ("path", "most", "one"),
    [
        ("actor.roles", 50, "r"),
        ("people", 50, {"username": "x"}),
        ("changes", 100, {"field": "f"}),
        ("params.list", 100, "x"),
    ],
)
def test_how_many_there_may_be(path: str, most: int, one: Any) -> None:
    """An empty list is accepted. One item too many is refused, and the refusal names the list."""
    read(changed(path, []))
    read(changed(path, [one] * most))
    assert refusal(changed(path, [one] * (most + 1))) == ("invalid_length", path)


def test_how_many_parameters_there_may_be() -> None:
    """50 parameters are accepted, with names of 1 to 40 of a-z, 0-9 and _."""
    read(changed("params", {f"p{number}": 1 for number in range(50)}))
    assert refusal(changed("params", {f"p{number}": 1 for number in range(51)})) == ("invalid_length", "params")
    read(changed("params", {"x" * 40: 1, "0_z": 1}))


@pytest.mark.parametrize("name", ["", "x" * 41, "A", "a-b", "a.b", "é", "a b", "a\n"])
def test_a_parameters_name_is_named(name: str) -> None:
    """The refusal names the parameter even if the name itself is invalid."""
    assert refusal(changed("params", {"fine": 1, name: 1})) == ("invalid_value", f"params.{name}")


@pytest.mark.parametrize("activity", ["User.Login", "a..b", ".a", "a.", "a b", "a_b", "ü", "a#b", "a\n", "a.b.", "a/b"])
def test_an_activity_is_slugs_joined_by_dots(activity: str) -> None:
    """Any other character could change the structure of a key."""
    assert refusal(changed("activity", activity)) == ("invalid_value", "activity")
    read(changed("activity", "a-1.b2.c"))


@pytest.mark.parametrize("path", ["target.type", "target.within.type"])
@pytest.mark.parametrize("kind", ["Work", "a.b", "a#b", "a b", "a\n", "ü", "a_b"])
def test_a_targets_type_is_a_slug(path: str, kind: str) -> None:
    """Any other character could change the structure of a key."""
    assert refusal(changed(path, kind)) == ("invalid_value", path)


@pytest.mark.parametrize(
    "number", ["9007199254740992", "-9007199254740992", "1e16", "1e400", "-1e400", "9" * 20_000, "1.5"]
)
@pytest.mark.parametrize("path", ["params.number", "changes[0].to"])
def test_integers_lie_below_2_to_the_53rd(number: str, path: str) -> None:
    """JSON readers disagree about larger integers."""
    code, named = refusal(changed(path, 12345).replace("12345", number))
    assert code in ("invalid_value", "invalid_type")
    assert named == path
    read(changed(path, 2**53 - 1))
    read(changed(path, -(2**53) + 1))


TEXTS = [path for path in LIMITS if not path.startswith("caused_by")] + ["details", "caused_by", "caused_by.id"]


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("unclean", ["\x00", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_control_characters_and_halves_are_refused(path: str, unclean: str) -> None:
    """Every text is checked, and the refusal names it. Tabs, line breaks and spelled-out escapes are accepted."""
    assert refusal(changed(path, f"a{unclean}b")) == ("invalid_value", path)
    for clean in ("a\tb\r\nc", "\\u0000 \\b \\\\ud800", "\u00a0\u2028\ufeff\ufffe\U0010ffff"):
        read(changed(path, clean))


@pytest.mark.parametrize("path", ["status", "actor.type", "activity"])
def test_halves_where_a_word_is_asked_for(path: str) -> None:
    """The refusal names the field, as for any other invalid word."""
    assert refusal(changed(path, "\ud800"))[1] == path


@pytest.mark.parametrize("where", ["", "actor", "params", "params.who", "people[0]"])
def test_halves_in_a_name(where: str) -> None:
    """The refusal has that name."""
    path = f"{where}.\ud800" if where else "\ud800"
    assert refusal(changed(path, 1))[1] == path


@pytest.mark.parametrize("path", ["occurred_at", "caused_by.occurred_at"])
@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22", "2026-02-30T00:00:00Z", "\ud800", "1" * 5_000])
def test_a_time_that_is_none(path: str, text: str) -> None:
    """The refusal names the field."""
    assert refusal(changed(path, text)) == ("invalid_time", path)


def test_an_event_has_64_kb_at_most() -> None:
    """The size is that of the JSON without blanks, in UTF-8."""
    spare = 64 * 1024 - len(read(json.dumps(LEAST | {"params": {"a": [""]}}).replace('""', '"."')).encoded) + 1
    values = ["x" * 3_000] * 18
    spare -= sum(len(value) + 3 for value in values)
    fits = LEAST | {"params": {"a": ["x" * (spare % 4_000 or 1), *values]}}
    encoded = read(json.dumps(fits, indent=9)).encoded
    more = 64 * 1024 - len(encoded)
    fits["details"] = "x" * (more - len(',"details":""'))
    assert len(read(json.dumps(fits)).encoded) == 64 * 1024
    fits["details"] += "x"
    assert refusal(json.dumps(fits)) == ("too_large", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, *FULL["actor"], "user"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*PLACES, "params.text", "changes[0].from"]), JSON)
def test_whatever_is_sent_is_read_or_refused(path: str, value: Any) -> None:
    """Nothing else happens, and a refusal has at least one field error."""
    body = changed(path, value)
    unreadable = "NaN" in body or "Infinity" in body
    try:
        received = read(body)
    except Rejected as rejected:
        assert rejected.errors  # noqa: PT017  not every body is refused
    except Unreadable:
        assert unreadable
    else:
        assert json.loads(received.encoded)


@given(st.binary(max_size=60) | st.text('{}[]":,eventsacor01 \\u').map(str.encode))
def test_no_bytes_can_harm(body: bytes) -> None:
    """Any body is either read or refused."""
    with suppress(Unreadable, Rejected):
        read(body)
