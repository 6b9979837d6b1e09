"""Makes `entity_management-1.8.0.json` from OCSF's compiled schema: one class with all that its records can hold.

The compiled schema is what https://schema.ocsf.io/1.8.0/export/v2/schema answers. The package `ocsf-json-schema`
1.2.0 carries that answer as `ocsf_json_schema/ocsf/1.8.0.json`. With its path:

    python -m tests.support.ocsf.compact path/to/1.8.0.json

Captions and descriptions are left out, except the captions of enumerated values. Nothing else is: every object that
the class reaches is there with every attribute, those of profiles included.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

CLASS = "entity_management"
COMPACT = Path(__file__).with_name("entity_management-1.8.0.json")

_TYPE = ("type", "regex", "range", "max_len", "values")
_DEPRECATED = "@deprecated"


def compact(exported: bytes) -> dict[str, Any]:
    schema = json.loads(exported)
    described = schema["classes"][CLASS]
    return {
        "notice": "Open Cybersecurity Schema Framework, Apache License 2.0 (see LICENSE). Shortened by compact.py.",
        "source": "https://schema.ocsf.io/1.8.0/export/v2/schema",
        "source_sha256": hashlib.sha256(exported).hexdigest(),
        "version": schema["version"],
        "uid": described["uid"],
        "types": {
            name: {key: each[key] for key in _TYPE if key in each}
            for name, each in sorted(schema["dictionary"]["types"]["attributes"].items())
        },
        "class": _item(described),
        "objects": {name: _item(schema["objects"][name]) for name in sorted(_reached(schema, described))},
    }


def _reached(schema: Mapping[str, Any], described: Mapping[str, Any]) -> set[str]:
    """The objects of an item's attributes, and of theirs."""
    found: set[str] = set()
    waiting = list(_objects_of(described))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _objects_of(schema["objects"][name])
    return found


def _objects_of(item: Mapping[str, Any]) -> Iterator[str]:
    return (each["object_type"] for each in item["attributes"].values() if "object_type" in each)


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {name: _attribute(each) for name, each in sorted(item["attributes"].items())}
    return {"attributes": attributes} | _kept(item, "constraints", _DEPRECATED)


def _attribute(each: Mapping[str, Any]) -> dict[str, Any]:
    made = _kept(each, "type", "object_type", "requirement", "is_array", "profiles", "sibling")
    made |= _kept(each, _DEPRECATED)
    if "enum" in each:
        made["enum"] = {value: _kept(each["enum"][value], "caption", _DEPRECATED) for value in sorted(each["enum"])}
    return made


def _kept(of: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Of a deprecation only since when, not the advice."""
    kept = {name: of[name] for name in names if of.get(name) is not None}
    if _DEPRECATED in kept:
        kept["deprecated"] = kept.pop(_DEPRECATED)["since"]
    return kept


_DEPTH = {"types": 1, "class": 2, "objects": 3}


def written(made: Mapping[str, Any]) -> str:
    """JSON with a line for each type and each attribute, so that a diff shows what changes."""
    return _lines(made, lambda name, value: _lines_to(value, _DEPTH.get(name, 0))) + "\n"


def _lines_to(value: Any, depth: int) -> str:
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return _lines(value, lambda _, inner: _lines_to(inner, depth - 1))


def _lines(members: Mapping[str, Any], inner: Callable[[str, Any], str]) -> str:
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {inner(name, each)}" for name, each in members.items()) + "\n}"


if __name__ == "__main__":
    COMPACT.write_text(written(compact(Path(sys.argv[1]).read_bytes())), "utf-8")
