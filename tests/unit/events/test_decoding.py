"""Reading bodies, and checking events against the form."""

import copy
import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.decoding import Sent, Unreadable, decode_events
from daybook.events.rejected import Rejected
from tests.support.sent_events import FULL, LEAST, changed, read, refusal, rejection


def test_the_full_event_has_the_form() -> None:
    """Its normal form is what was sent, in RFC 8785's order, without environment and nulls."""
    received = read(json.dumps(FULL))
    assert received.occurred_ms == 1795365067123
    expected = FULL | {"caused_by": {"id": "2", "occurred_at": "2026-11-22T16:00:00.000Z"}}
    del expected["environment"]
    expected["params"] = {name: value for name, value in FULL["params"].items() if value is not None}
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
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
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
        b"{}",
        b'{"actor":null}',
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


def test_a_utf_8_mark_is_ignored() -> None:
    """In a body of events, and in any other."""
    body = json.dumps(FULL).encode()
    assert read(b"\xef\xbb\xbf" + body) == read(body)


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
        ('{"activity":"a","actor":{"type":"system"},"params":{"x":null,"x":1}}', "params.x"),
        ('{"activity":"a","actor":{"type":"system"},"params":{"x":1,"x":null}}', "params.x"),
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
@pytest.mark.parametrize(
    "name", ["extra", "Type", "a.b", "x`y", "x` - at `$.params[...]", "x` - at `key` in `$.params", "ünï", ""]
)
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


IDS = [
    "id",
    "actor.id",
    "actor.impersonator.id",
    "target.id",
    "target.within.id",
    "people[0].id",
    "context.session_id",
    "context.request_id",
    "caused_by.id",
]


@pytest.mark.parametrize("path", IDS)
def test_an_integer_is_an_id(path: str) -> None:
    """It is the same as its decimal text, below 2^53. Others have to be sent as text."""
    for number in ("0", "-7", "42", "4.2e1", "9007199254740991"):
        integer = changed(path, 12345).replace("12345", number)
        assert read(integer).encoded == read(changed(path, str(int(float(number))))).encoded
        assert read(integer).adjusted == ()
    for number in ("9007199254740992", "-9007199254740992", "1" * 30, "1.5", "true", "1e400"):
        code, named = refusal(changed(path, 12345).replace("12345", number))
        assert code in ("invalid_value", "invalid_type")
        assert named == path


def test_a_referred_id_in_a_parameter_may_be_an_integer() -> None:
    """So may every id in a reference."""
    one, other = (
        read(json.dumps(LEAST | {"params": {"session": {"id": each, "occurred_at": "2026-11-22T16:00:00Z"}}}))
        for each in (7, "7")
    )
    assert one.encoded == other.encoded


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("value", [5, 1.5, True, [[1]], {"x": {"y": 1}}], ids=repr)
def test_a_wrong_type_is_named(path: str, value: Any) -> None:
    """At every level, the refusal names the field itself or the place of the fault in it."""
    if path in IDS and value == 5:
        return  # an integer is a fine id
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
    "environment": 64,  # not in the normal form: the tenant's environments have names of ASCII
    "variant": 128,
    "actor.id": 128,
    "actor.user_type": 128,
    "actor.roles[0]": 128,
    "actor.impersonator.id": 128,
    "source.type": 128,
    "target.id": 512,
    "target.within.id": 512,
    "people[0].id": 128,
    "changes[0].field": 128,
    "context.session_id": 256,
    "context.request_id": 256,
    "caused_by": 128,
    "caused_by.id": 128,
}
"""What products choose, not their users."""


@pytest.mark.parametrize("path", LIMITS)
@pytest.mark.parametrize("character", ["x", "漢", "😀"])
def test_lengths_are_in_characters(path: str, character: str) -> None:
    """The longest text is accepted. A longer or an empty one is refused, and the refusal names the field."""
    read(changed(path, character * LIMITS[path]))
    assert refusal(changed(path, character * (LIMITS[path] + 1))) == ("invalid_length", path)
    assert refusal(changed(path, "")) == ("invalid_length", path)


@pytest.mark.parametrize("path", sorted(LIMITS.keys() - {"environment"}))
def test_lengths_are_those_of_the_composed_text(path: str) -> None:
    """An id is as long however its letters are composed."""
    most = LIMITS[path]
    assert read(changed(path, "e\u0301" * most)).encoded == read(changed(path, "é" * most)).encoded
    # Each of these letters is one character as sent, and two in NFC.
    assert refusal(changed(path, "\u0958" * most)) == ("invalid_length", path)


@pytest.mark.parametrize(("path", "most"), [("activity", 128), ("target.type", 64), ("target.within.type", 64)])
def test_lengths_of_names(path: str, most: int) -> None:
    """A longer or an empty name is refused."""
    read(changed(path, "x" * most))
    assert refusal(changed(path, "x" * (most + 1))) == ("invalid_length", path)
    assert refusal(changed(path, "")) == ("invalid_length", path)


@pytest.mark.parametrize("kind", ["user", "User", "USER"])
def test_a_user_as_target_has_an_id_of_a_person(kind: str) -> None:
    """It has at most 128 characters, also as a container. A user without an id needs a username."""
    for path in ("target", "target.within"):
        read(changed(path, {"type": kind, "id": "é" * 128}))
        read(changed(path, {"type": kind, "id": "e\u0301" * 128}))
        assert refusal(changed(path, {"type": kind, "id": "x" * 129})) == ("invalid_length", f"{path}.id")
    assert refusal(changed("target", {"type": kind})) == ("missing_field", "target.username")
    read(changed("target", {"type": kind, "username": "x"}))
    assert refusal(changed("target", {"type": "users", "username": "x"})) == ("invalid_value", "target.username")


@pytest.mark.parametrize(
    ("actor", "path"),
    [
        ({"type": "user"}, "actor.username"),
        ({"type": "user", "name": "Jane"}, "actor.username"),
        ({"type": "unknown", "name": "Jane"}, "actor.username"),
        ({"type": "unknown", "email": "j@x.example"}, "actor.username"),
    ],
)
def test_a_person_needs_a_username_or_an_id(actor: dict[str, Any], path: str) -> None:
    """Nobody could be found by a name or an e-mail alone."""
    assert refusal(json.dumps(LEAST | {"actor": actor})) == ("missing_field", path)
    for named in ({"username": "jane"}, {"id": 7}):
        read(json.dumps(LEAST | {"actor": actor | named}))


@pytest.mark.parametrize("person", [{}, {"name": "Jane"}, {"id": None, "email": "j@x.example"}, {"username": None}])
def test_a_declared_person_needs_a_username_or_an_id(person: dict[str, Any]) -> None:
    """An empty element of a list is a fault, even if it holds nulls."""
    body = json.dumps(LEAST | {"people": [{"id": "1"}, person]})
    assert refusal(body) == ("missing_field", "people[1].username")


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


@pytest.mark.parametrize("name", ["A", "a-b", "a.b", "é", "a b", "a\n", "a\x00", "\ud800"])
def test_a_parameters_name_is_named(name: str) -> None:
    """The refusal names the parameter even if the name itself is invalid."""
    shown = name.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert refusal(changed("params", {"fine": 1, name: 1})) == ("invalid_value", f"params.{shown}")


def test_a_parameters_name_has_1_to_40_characters() -> None:
    """The refusal names the parameter, but shows no more than 100 characters of it."""
    assert refusal(changed("params", {"fine": 1, "": 1})) == ("invalid_length", "params.")
    assert refusal(changed("params", {"x" * 41: 1})) == ("invalid_length", f"params.{'x' * 41}")
    assert refusal(changed("params", {"x" * 5_000: 1})) == ("invalid_length", f"params.{'x' * 100}…")


@pytest.mark.parametrize("activity", ["a b", "ü", "a#b", "a\n", "a/b", ".a", "a.", "_a", "a:", "-"])
def test_an_activitys_alphabet(activity: str) -> None:
    """Any other character could change the structure of a key."""
    assert refusal(changed("activity", activity)) == ("invalid_value", "activity")


@pytest.mark.parametrize("activity", ["user.signed_in", "ConsoleLogin", "repo:create", "a", "9", "a..b", "A-1.b2:c_D"])
def test_names_of_other_products_fit(activity: str) -> None:
    """Most products' own names can be sent as they stand."""
    assert read(changed("activity", activity)).event.activity == activity


@pytest.mark.parametrize("path", ["target.type", "target.within.type"])
def test_a_targets_types_alphabet(path: str) -> None:
    """Any other character could change the structure of a key."""
    for kind in ("a#b", "a b", "a\n", "ü", "a:b", "a/b"):
        assert refusal(changed(path, kind)) == ("invalid_value", path)
    for kind in ("Work", "a.b", "a_b", "-", "Work.Item-2_x"):
        read(changed(path, kind))


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


@pytest.mark.parametrize("path", sorted(LIMITS.keys() - {"environment"}))
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
@pytest.mark.parametrize("name", ["\ud800", "a\udfff", "\x00"])
def test_halves_in_a_name(where: str, name: str) -> None:
    """The refusal shows such a name so that it can be answered."""
    code, errors = rejection(changed(f"{where}.{name}" if where else name, 1))
    shown = name[:-1] + "\ufffd"
    assert errors[0].path == (f"{where}.{shown}" if where else shown)
    assert code == ("invalid_value" if where == "params" else "unknown_field")
    assert msgspec.json.encode(errors)


@pytest.mark.parametrize("path", ["occurred_at", "caused_by.occurred_at"])
@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22", "2026-02-30T00:00:00Z", "\ud800", "1" * 5_000])
def test_a_time_that_is_none(path: str, text: str) -> None:
    """The refusal names the field."""
    assert refusal(changed(path, text)) == ("invalid_time", path)


def test_an_event_has_64_kb_at_most() -> None:
    """The size is that of the normal form. Here the product alone chose what makes the event large."""
    large: dict[str, Any] = {
        "activity": "a",
        "actor": {"type": "system", "roles": ["漢" * 128] * 50},
        "target": {"type": "a", "id": "漢" * 512},
        "changes": [{"field": "漢" * 128}] * 100,
        "people": [{"id": "x"}],
    }
    spare = 64 * 1024 - len(read(json.dumps(large, indent=9)).encoded)
    further, rest = divmod(spare, len(',{"id":""}') + 100)
    large["people"] = [{"id": "x" * (1 + rest)}, *[{"id": "x" * 100}] * further]
    assert len(read(json.dumps(large)).encoded) == 64 * 1024
    large["people"][0]["id"] += "x"
    assert refusal(json.dumps(large)) == ("too_large", "")


def test_all_faults_are_named_at_once() -> None:
    """In the order of the event, with the values allowed where these are few. The first one gives the code."""
    body = '{"action":"x","activity":"User Login","actor":{"type":"user","id":-42.5},"status":"SUCCESS","target":{}}'
    code, errors = rejection(body)
    assert code == "unknown_field"
    assert [(error.path, error.message) for error in errors] == [
        ("action", "is not a known field"),
        ("activity", "must be of A-Z, a-z, 0-9 and . _ : -, beginning and ending with a letter or a digit"),
        ("actor.id", "must be text or an integer"),
        ("status", "must be failure or success"),
    ]


def test_an_id_needs_a_time() -> None:
    """Also beside other faults: the id that Daybook makes begins with the time."""
    assert refusal(json.dumps(LEAST | {"id": "1"})) == ("id_needs_time", "occurred_at")
    _, errors = rejection(json.dumps(LEAST | {"id": 7, "x": 1}))
    assert [error.path for error in errors] == ["x", "occurred_at"]


def test_faults_of_all_kinds_are_named_at_once() -> None:
    """At every level: types, lengths, values, times, missing, unknown and doubled fields, rules of several fields."""
    body = """{
        "occurred_at": "yesterday", "x": 1, "actor": {"type": "api", "impersonator": {"name": "Lee"}, "roles": [5, ""]},
        "source": {"type": "a", "type": "b"}, "target": {"type": "user", "within": {"id": 1e300}},
        "params": {"A": 1, "b": [1.5], "c": 9007199254740992}, "people": [{"email": "j@x.example"}], "changes": [null]
    }"""
    _, errors = rejection(body)
    assert [error.path for error in errors] == [
        "occurred_at",
        "x",
        "actor.roles[0]",
        "actor.roles[1]",
        "source.type",
        "target.within.id",
        "target.within.type",
        "params.A",
        "params.b[0]",
        "params.c",
        "changes[0]",
        "activity",
        "actor.impersonator",
        "actor.impersonator.username",
        "people[0].username",
        "target.username",
    ]


def test_up_to_20_faults_are_named() -> None:
    """However many there are, and whatever a sender wrote in their names."""
    long_names = {"\ud800" * 9_000 + str(number): 1 for number in range(50)}
    for odd in (dict.fromkeys(map(str, range(100)), 1), {"roles": [1] * 100}, long_names):
        _, errors = rejection(changed("actor", {"type": "system"} | odd))
        assert len(errors) == 20
        assert len(msgspec.json.encode(errors)) < 10_000


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
        errors = msgspec.json.decode(msgspec.json.encode(rejected.errors))
        assert 1 <= len(errors) <= 20
    except Unreadable:
        assert unreadable
    else:
        assert json.loads(received.encoded)
        assert msgspec.json.encode(received.event)


@given(st.binary(max_size=60) | st.text('{}[]":,eventsacor01 \\u').map(str.encode))
def test_no_bytes_can_harm(body: bytes) -> None:
    """Any body is either read or refused."""
    with suppress(Unreadable, Rejected):
        read(body)
