"""What the records of each format of a customer's stream have to be, by the format's own document."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from daybook.clock import parse_time
from tests.support.ocsf.validator import faults_in

Native = Mapping[str, Any]
Record = dict[str, Any]

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

SYMBEE = (
    "PlatformId",
    "CompanyId",
    "Environment",
    "TimeStamp",
    "SourceType",
    "SourceUserId",
    "ActivityAction",
    "ActivityType",
    "ActionTarget",
    "ActionDetails",
)


def check_symbee(native: Native, record: Record) -> None:
    """The document's ten fields in its order, all texts, the time in UTC and in whole seconds."""
    assert tuple(record) == SYMBEE
    assert all(isinstance(value, str) for value in record.values())
    assert record["PlatformId"] == "AWS Connect"
    assert (record["CompanyId"], record["Environment"]) == (native["tenant"], native["environment"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["TimeStamp"], re.ASCII)
    assert parse_time(record["TimeStamp"]) == parse_time(native["occurred_at"]) // 1_000 * 1_000
    assert record["SourceType"]
    assert record["SourceUserId"]
    for name in ("ActivityAction", "ActivityType"):
        assert not record[name] or record[name].isalnum(), record[name]
        assert record[name] == record[name].upper()
    assert record["ActionDetails"] == (native["details"] or "")


def check_native(native: Native, record: Record) -> None:
    """The event as it is read, field by field, in the contract's order."""
    assert record == native
    assert list(record) == list(native)


def check_cloudevents(native: Native, record: Record) -> None:
    """CloudEvents 1.0.2 and its JSON format: attributes, their names and their types."""
    attributes = record.keys() - {"data"}
    assert {"id", "source", "specversion", "type"} <= attributes
    assert attributes <= {"id", "source", "specversion", "type", "subject", "time", "datacontenttype"}
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name, re.ASCII) for name in attributes)
    for name in attributes:
        assert isinstance(record[name], str), name
        assert record[name], name
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in record[name])
        assert not any(0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in record[name])
    assert record["specversion"] == "1.0"
    assert re.fullmatch(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", record["source"], re.ASCII)
    assert RFC_3339.fullmatch(record["time"])
    assert record["datacontenttype"] == "application/json"
    assert ("subject" in record) == (native["target"] is not None)
    assert record["data"] == native


def check_ocsf(native: Native, record: Record) -> None:
    """Valid by the whole compiled schema, with a real address and every fact of the event."""
    assert faults_in(record) == []
    assert record["time"] == parse_time(native["occurred_at"])
    _check_address(native["context"]["ip"], record)
    held = list(_leaves(record))
    for path, value in _facts(native):
        assert value in held, path


def _check_address(sent: str | None, record: Record) -> None:
    """Either the record says all of it, or it has what was sent beside it."""
    endpoint, kept = record.get("src_endpoint", {}), record["unmapped"].get("ip")
    ip, port = endpoint.get("ip"), endpoint.get("port")
    assert "src_endpoint" not in record or ip_address(ip).compressed == ip
    written = {None, ip, f"[{ip}]", f"{ip}:{port}", f"[{ip}]:{port}"} if ip else {None}
    assert kept == sent or (kept is None and sent in written)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


# These appear in other words or as numbers.
_TOLD = {
    ".occurred_at",
    ".received_at",
    ".status",
    ".actor.type",
    ".actor.forgotten",
    ".target.forgotten",
    ".target.type",
    ".context.ip",
}


def _facts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _facts(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from _facts(each, path)
    elif value not in (None, "") and path not in _TOLD:
        yield path, value


CHECKS: Mapping[str, Callable[[Native, Record], None]] = {
    "symbee": check_symbee,
    "native": check_native,
    "cloudevents": check_cloudevents,
    "ocsf": check_ocsf,
}
