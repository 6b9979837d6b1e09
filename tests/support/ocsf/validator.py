"""Finds what a record breaks of OCSF's compiled schema.

It follows the schema server's own validator, and is stricter: what is only a warning there is a fault here (regular
expressions, deprecated attributes, siblings that differ from their enumeration's caption), and null is no value.
Missing recommended attributes are no faults.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("entity_management-1.8.0.json")
_INTEGERS = {"integer_t", "long_t"}
_OTHER = 99
_LONG = range(-(2**63), 2**63)

SCHEMA: Mapping[str, Any] = json.loads(_FILE.read_text("utf-8"))
VERSION: str = SCHEMA["version"]


def faults_in(record: Mapping[str, Any]) -> list[str]:
    return [*_of_whole(record), *faults_of_item(record, SCHEMA["class"], "", _profiles(record))]


def _profiles(record: Mapping[str, Any]) -> frozenset[str]:
    """Those that the record says it applies: their attributes are defined in it, and no others."""
    return frozenset(record.get("metadata", {}).get("profiles", ()))


def _of_whole(record: Mapping[str, Any]) -> Iterator[str]:
    if record.get("class_uid") != SCHEMA["uid"]:
        yield "class_uid: is another class"
    elif record.get("type_uid") != SCHEMA["uid"] * 100 + record.get("activity_id", 0):
        yield "type_uid: does not follow from class_uid and activity_id"
    if record.get("metadata", {}).get("version") != VERSION:
        yield "metadata.version: is another version"


def faults_of_item(
    item: Mapping[str, Any], schema: Mapping[str, Any], path: str, profiles: frozenset[str]
) -> Iterator[str]:
    attributes = {
        name: each
        for name, each in schema["attributes"].items()
        if not each.get("profiles") or not profiles.isdisjoint(each["profiles"])
    }
    if not attributes:
        return  # an object without attributes, such as `unmapped`, may hold any
    yield from _of_constraints(item, schema.get("constraints", {}), path)
    for name in item.keys() - attributes.keys():
        yield f"{path}{name}: is unknown"
    for name, each in attributes.items():
        if name in item:
            yield from _of_attribute(item, name, each, path, profiles)
        elif each["requirement"] == "required":
            yield f"{path}{name}: is required"


def _of_constraints(item: Mapping[str, Any], constraints: Mapping[str, list[str]], path: str) -> Iterator[str]:
    for kind, names in constraints.items():
        present = len(item.keys() & set(names))
        allowed = {"at_least_one": present >= 1, "just_one": present == 1}[kind]
        if not allowed:
            yield f"{path}: has {present} of {names}, which breaks {kind}"


def _of_attribute(
    item: Mapping[str, Any], name: str, schema: Mapping[str, Any], path: str, profiles: frozenset[str]
) -> Iterator[str]:
    value, is_array = item[name], schema.get("is_array", False)
    if "deprecated" in schema:
        yield f"{path}{name}: is deprecated since {schema['deprecated']}"
    if is_array and not isinstance(value, list):
        yield f"{path}{name}: is no array"
        return
    for place, each in enumerate(value if is_array else [value]):
        here = f"{path}{name}[{place}]" if is_array else f"{path}{name}"
        if schema["type"] != "object_t":
            yield from (f"{here}: {fault}" for fault in faults_of_type(each, schema["type"]))
        elif not isinstance(each, dict):
            yield f"{here}: is no object"
        else:
            described = SCHEMA["objects"][schema["object_type"]]
            if "deprecated" in described:
                yield f"{here}: its object is deprecated since {described['deprecated']}"
            yield from faults_of_item(each, described, f"{here}.", profiles)
        if "enum" in schema:
            yield from (f"{here}: {fault}" for fault in _of_enum(each, schema))
    if "enum" in schema and not is_array:
        yield from (f"{path}{name}: {fault}" for fault in _of_sibling(item, value, schema))


def faults_of_type(value: Any, name: str) -> Iterator[str]:
    """By a type's name. A type inherits what its own type asks for."""
    described = SCHEMA["types"][name]
    if "type" in described:
        inherited = list(faults_of_type(value, described["type"]))
        yield from inherited
        if inherited:
            return
    elif not _is_primitive(value, name):
        yield f"is no {name}"
        return
    if "values" in described and value not in described["values"]:
        yield f"is no value of {name}"
    if "range" in described and not described["range"][0] <= value <= described["range"][1]:
        yield f"is out of the range of {name}"
    if "max_len" in described and len(value) > described["max_len"]:
        yield f"is longer than {name} allows"
    if "regex" in described and not _compiled(described["regex"]).search(value):
        yield f"does not match the regular expression of {name}"


def _is_primitive(value: Any, name: str) -> bool:
    if name == "json_t":
        return True
    if name == "float_t":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name in _INTEGERS:
        return isinstance(value, int) and not isinstance(value, bool) and value in _LONG
    return isinstance(value, {"string_t": str, "boolean_t": bool}[name])


_compiled = cache(re.compile)


def _of_enum(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    described = schema["enum"].get(str(value))
    if described is None:
        yield "is no value of the enumeration"
    elif "deprecated" in described:
        yield f"is a value that is deprecated since {described['deprecated']}"


def _of_sibling(item: Mapping[str, Any], value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """The text beside an enumerated value is its caption. Beside 99 it is the source's own, and may not be missing."""
    name = schema.get("sibling")
    if name is None or str(value) not in schema["enum"]:
        return
    if value == _OTHER and name not in item:
        yield f"is Other, and {name} does not say what"
    if value != _OTHER and item.get(name, caption := schema["enum"][str(value)]["caption"]) != caption:
        yield f"has {name} {item[name]!r} beside it, which is not {caption!r}"
