"""Which event a record becomes, and what is counted on the way."""

import re
from typing import Any

import pytest

from daybook_client.importing.leftovers import parameter_name
from daybook_client.importing.making import RejectedRecord
from daybook_client.importing.report import Report
from tests.client.importing.making import AT, LEAST, made

Record = dict[str, Any]


def event(record: Record, fields: str = "", **more: Any) -> Record:
    made_event = made({**LEAST, **record}, fields, **more)
    return {name: value for name, value in made_event.items() if name not in ("id", "occurred_at", "activity")}


def params(record: Record, fields: str = "", **more: Any) -> Record:
    found: Record = event(record, fields, **more).get("params", {})
    return found


def test_the_least_record_is_an_event_of_nobody_known() -> None:
    """`details` are given, if empty, so that no template asks for parameters."""
    assert event({}) == {"actor": {"type": "unknown"}, "details": ""}


@pytest.mark.parametrize(("record", "path"), [({"what": "x"}, "occurred_at"), ({"at": AT, "what": "!"}, "activity")])
def test_a_record_without_time_or_name_is_rejected(record: Record, path: str) -> None:
    """Neither is guessed."""
    with pytest.raises(RejectedRecord) as rejected:
        made(record)
    assert rejected.value.errors[0]["path"] == path


def test_what_no_field_takes_goes_to_params_under_its_path() -> None:
    """Objects are flattened, plain lists stay lists, and nothing is nothing."""
    record = {
        "requestParameters": {"bucketName": "b", "x-amz-acl": True, "deep": {"HTTPStatus": 3}},
        "resources": [{"ARN": "r0"}, {"ARN": "r1", "tags": ["a", 2]}],
        "none": None,
        "empty": "",
        "list": [],
        "object": {},
        "fraction": 1.5,
        "big": 2**60,
    }
    assert params(record) == {
        "request_parameters_bucket_name": "b",
        "request_parameters_x_amz_acl": True,
        "request_parameters_deep_http_status": 3,
        "resources_0_arn": "r0",
        "resources_1_arn": "r1",
        "resources_1_tags": ["a", "2"],
        "fraction": "1.5",
        "big": str(2**60),
    }


def test_of_alternatives_only_the_one_that_was_taken_has_its_place() -> None:
    """The other goes to `params`: nothing is dropped because an expression names it."""
    assert event({"a": "mia", "b": "kim"}, '"actor.username" = "a || b"') == {
        "actor": {"type": "user", "username": "mia"},
        "details": "",
        "params": {"b": "kim"},
    }


def test_a_value_that_a_field_could_not_take_goes_to_params() -> None:
    """A status of no meaning, a time that is none, a kind of actor that Daybook has not."""
    fields = """
        status = {expr = "outcome", map = {OK = "success"}}
        "actor.type" = "kind"
        "target.name" = "name"
    """
    record = {"outcome": "maybe", "kind": "robot", "name": "x"}
    assert event(record, fields) == {"actor": {"type": "unknown"}, "details": "", "params": record}
    assert event({"outcome": "OK"}, fields) == {"actor": {"type": "unknown"}, "status": "success", "details": ""}


def test_a_value_has_its_place_only_where_its_own_field_took_it() -> None:
    """That an equal one stands elsewhere in the event says nothing of it."""
    assert params({"kind": "mia", "who": "mia"}, '"actor.type" = "kind"\n"actor.username" = "who"') == {"kind": "mia"}


def test_parts_of_a_text_that_was_put_together_have_their_place_in_it() -> None:
    """Also where a converter has spelled it anew."""
    fields = """
        details = "join(' ', [first, last])"
        "target.type" = {expr = "join('.', [sort, first])", convert = "slug"}
    """
    assert event({"first": "Ani", "last": "Lee", "sort": "A b"}, fields) == {
        "actor": {"type": "unknown"},
        "details": "Ani Lee",
        "target": {"type": "a-b-ani"},
    }


def test_uses_says_what_a_value_tells_in_other_words() -> None:
    """Only where that table is the one that counts."""
    fields = '"actor.type" = [{const = "system", when = "robot", uses = ["robot"]}, {const = "unknown"}]'
    assert "params" not in event({"robot": 1}, fields)


def test_lists_become_people_and_changes() -> None:
    """What Daybook would refuse in them is mended: a person without a name is none."""
    fields = 'people = "who[*].{id: id, name: name}"\nchanges = "mods[*].{field: f, from: a, to: b}"'
    record = {
        "who": [{"id": 7}, {"name": "Ani"}, {"other": "x"}],
        "mods": [{"f": "due", "a": "", "b": [1]}, {"f": "n", "a": 1, "b": False}, {"a": "lost"}],
    }
    assert event(record, fields) == {
        "actor": {"type": "unknown"},
        "details": "",
        "people": [{"id": "7"}, {"name": "Ani", "username": "Ani"}],
        "changes": [{"field": "due", "from": "", "to": "[1]"}, {"field": "n", "from": 1, "to": False}],
        "params": {"who_2_other": "x", "mods_2_a": "lost"},
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"actor.type" = {const = "user"}', {"actor": {"type": "unknown"}}),
        ('"actor.name" = {const = "Mia"}', {"actor": {"type": "user", "name": "Mia", "username": "Mia"}}),
        (
            '"actor.id" = {const = "1"}\n"actor.impersonator.email" = {const = "k@x.example"}',
            {"actor": {"type": "user", "id": "1", "impersonator": {"email": "k@x.example", "username": "k@x.example"}}},
        ),
        ('"target.id" = {const = "1"}', {"actor": {"type": "unknown"}}),
        (
            '"target.type" = {const = "user"}\n"target.name" = {const = "Mia"}',
            {"actor": {"type": "unknown"}, "target": {"type": "user", "name": "Mia", "username": "Mia"}},
        ),
        (
            '"target.type" = {const = "group"}\n"target.username" = {const = "Mia"}',
            {"actor": {"type": "unknown"}, "target": {"type": "group", "name": "Mia"}},
        ),
        (
            '"target.type" = {const = "doc"}\n"target.within.id" = {const = "1"}',
            {"actor": {"type": "unknown"}, "target": {"type": "doc"}},
        ),
    ],
)
def test_rules_of_several_fields_are_kept(fields: str, expected: Record) -> None:
    """A user has a name, an impersonator a user, and only a person a username."""
    assert event({}, fields) == {**expected, "details": ""}


@pytest.mark.parametrize(
    ("what", "activity"),
    [
        ("audit-log.viewed", "imported.audit-log.viewed"),
        ("work-item.time-adjusted", "work-item.time-adjusted.imported"),
        ("Some thing!", "Some-thing"),
    ],
)
def test_names_that_daybook_reserves_get_one_beside(what: str, activity: str) -> None:
    """The first two are counted."""
    report = Report()
    assert made({"at": AT, "what": what}, report=report)["activity"] == activity
    assert report.renamed_activities == ({what: 1} if "imported" in activity else {})


def test_fifty_parameters_have_room_and_the_others_are_counted() -> None:
    """By their path, without places in lists."""
    report = Report()
    found = params({f"f{number}": number for number in range(52)} | {"l": [{"x": 1}, {"x": 2}]}, report=report)
    assert len(found) == 50
    assert report.unplaced == {"f50": 1, "f51": 1, "l.x": 2}
    assert report.params["f0 → f0"] == 1


def test_a_long_list_is_divided() -> None:
    """A parameter has at most 100 texts."""
    found = params({"l": [f"v{number}" for number in range(250)]})
    assert [len(value) for value in found.values()] == [100, 100, 50]


def test_what_is_cut_is_counted() -> None:
    """Texts at their limits; ids keep what tells them apart."""
    report = Report()
    fields = '"target.type" = {const = "doc"}\n"target.id" = "id"\n"target.name" = "name"'
    found = event({"id": "i" * 600, "name": "n" * 600, "long": "x" * 5_000}, fields, report=report)
    assert re.fullmatch("i{495}~[0-9a-f]{16}", found["target"]["id"])
    assert found["target"]["name"] == "n" * 512
    assert found["params"] == {"id": "i" * 600, "name": "n" * 600, "long": "x" * 4_000}
    assert report.cut == {"target.id": 1, "target.name": 1, "params.long": 1}


def test_an_event_of_over_64_kb_is_cut_to_fit() -> None:
    """What was cut is counted."""
    report = Report()
    found = params({f"p{number}": "ü" * 4_000 for number in range(40)}, report=report)
    assert {len(value) for value in found.values()} == {512}
    assert report.cut["params.p0"] == 1


def test_characters_that_no_text_may_hold_are_replaced() -> None:
    """Whoever chose the text can't keep the event from the log."""
    fields = '"actor.id" = "id"\n"actor.user_type" = "kind"'
    found = event({"id": "a\x00b", "kind": "\x1b[31m", "other": "\ud800\x85\ttab"}, fields)
    assert found["actor"] == {"type": "user", "id": "a\ufffdb", "user_type": "\ufffd[31m"}
    assert found["params"]["other"] == "\ufffd\ufffd\ttab"


def test_what_the_mapping_ignores_is_counted() -> None:
    """By name."""
    report = Report()
    assert "params" not in event({"v": {"x": 1}, "w": None}, tail='[unplaced]\nignore = ["v", "w"]', report=report)
    assert report.ignored == {"v": 1}


def test_a_record_nested_too_deep_is_rejected() -> None:
    """Not the whole import."""
    deep: Any = 1
    for _ in range(2_000):
        deep = {"d": deep}
    with pytest.raises((RejectedRecord, RecursionError)):
        made({**LEAST, "deep": deep})


@pytest.mark.parametrize(
    ("places", "name"),
    [
        (("userIdentity", "ARN"), "user_identity_arn"),
        (("Ödd Näme (1)",), "odd_name_1"),
        (("a" * 30, "b" * 30), "[ab_]{26,33}_[0-9a-f]{6}"),
        (("名前",), "field_[0-9a-f]{6}"),
        (
            ("requestParameters", "serverSideEncryptionConfiguration", "rule"),
            "encryption_configuration_rule_[0-9a-f]{6}",
        ),
    ],
)
def test_names_of_parameters_are_of_40_letters_digits_and_lines(places: tuple[str, ...], name: str) -> None:
    """A name that is too long keeps its end, and is the same in every record."""
    assert re.fullmatch(name, parameter_name(places))
    assert len(parameter_name(places)) <= 40


def test_two_paths_with_one_name_are_told_apart() -> None:
    """The second has a number behind it."""
    assert params({"a.b": 1, "a": {"b": 2}, "a_b": 3}) == {"a_b": 1, "a_b_2": 2, "a_b_3": 3}
