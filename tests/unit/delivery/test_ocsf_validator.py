"""The tests' OCSF validator finds each kind of fault. Otherwise it would prove nothing about records."""

import copy
import json
from typing import Any

import pytest

from daybook.delivery.formats import FORMATS
from tests.support.native_events import ALIASES, demo_events
from tests.support.ocsf.compact import COMPACT, written
from tests.support.ocsf.validator import SCHEMA, faults_in, faults_of_item

NATIVE = next(each for each in demo_events("symbee") if each["activity"] == "workcodes.upd")
VALID: dict[str, Any] = json.loads(FORMATS["ocsf"](NATIVE, None, ALIASES))
ABSENT = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The valid record with one value put at a path, or taken away."""
    record = copy.deepcopy(VALID)
    *way, last = path.split(".")
    inner = record
    for name in way:
        inner = inner.setdefault(name, {})
    if value is ABSENT:
        del inner[last]
    else:
        inner[last] = value
    return record


def test_a_valid_record_has_no_fault() -> None:
    assert faults_in(VALID) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("time", ABSENT, "time: is required"),
        ("metadata.product", ABSENT, "metadata.product: is required"),
        ("entity", ABSENT, "entity: is required"),
        ("colour", "red", "colour: is unknown"),
        ("actor.user.colour", "red", "actor.user.colour: is unknown"),
        ("cloud", {"provider": "AWS"}, "cloud: is unknown"),
        ("metadata.profiles", ["cloud"], "cloud: is required"),
        ("metadata.profiles", "cloud", "metadata.profiles: is no array"),
        ("metadata.labels", ["a", 1], "metadata.labels[1]: is no string_t"),
        ("time", "2026", "time: is no long_t"),
        ("time", 2**63, "time: is no long_t"),
        ("time", True, "time: is no long_t"),
        ("time", None, "time: is no long_t"),
        ("message", 1, "message: is no string_t"),
        ("message", None, "message: is no string_t"),
        ("actor", "mike", "actor: is no object"),
        ("metadata.is_truncated", 1, "metadata.is_truncated: is no boolean_t"),
        ("src_endpoint.port", 65_536, "src_endpoint.port: is out of the range of port_t"),
        ("src_endpoint.ip", "unknown", "src_endpoint.ip: does not match the regular expression of ip_t"),
        ("src_endpoint.ip", f"::1%{'a' * 40}", "src_endpoint.ip: is longer than ip_t allows"),
        ("actor.user.email_addr", "mike", "actor.user.email_addr: does not match the regular expression of email_t"),
        ("actor.user.type_id", 7, "actor.user.type_id: is no value of the enumeration"),
        ("actor.user.type", "Boss", "actor.user.type_id: has type 'Boss' beside it, which is not 'Admin'"),
        ("status", "Failure", "status_id: has status 'Failure' beside it, which is not 'Success'"),
        ("entity.type", ABSENT, "entity.type_id: is Other, and type does not say what"),
        ("http_request.http_method", "BREW", "http_request.http_method: is no value of the enumeration"),
        ("actor.user.credential_uid", "c", "actor.user.credential_uid: is deprecated since 1.6.0"),
        ("actor.invoked_by", "c", "actor.invoked_by: is deprecated since 1.2.0"),
        ("metadata.product", {}, "metadata.product.: has 0 of ['name', 'uid'], which breaks at_least_one"),
        ("class_uid", 3003, "class_uid: is another class"),
        ("type_uid", 300_499, "type_uid: does not follow from class_uid and activity_id"),
        ("metadata.version", "1.9.0", "metadata.version: is another version"),
    ],
)
def test_a_fault_is_found(path: str, value: Any, fault: str) -> None:
    assert fault in faults_in(changed(path, value))


@pytest.mark.parametrize("count", [0, 2])
def test_just_one_is_just_one(count: int) -> None:
    """No object of a class's usual records has that constraint."""
    item = next(each for each in SCHEMA["objects"].values() if "just_one" in each.get("constraints", {}))
    given: dict[str, Any] = {name: {} for name in item["constraints"]["just_one"][:count]}
    assert any("just_one" in fault for fault in faults_of_item(given, item, "", frozenset()))


def test_the_file_is_as_its_script_writes_it() -> None:
    """A change by hand would show."""
    assert COMPACT.read_text("utf-8") == written(SCHEMA)


def test_every_object_and_type_is_there() -> None:
    """The schema is whole: nothing that it names is missing."""
    items = [SCHEMA["class"], *SCHEMA["objects"].values()]
    attributes = [each for item in items for each in item["attributes"].values()]
    named = {each["object_type"] for each in attributes if each["type"] == "object_t"}
    assert named == set(SCHEMA["objects"])
    assert {each["type"] for each in attributes} - {"object_t"} <= set(SCHEMA["types"])
    assert {kind for item in items for kind in item.get("constraints", {})} <= {"at_least_one", "just_one"}
