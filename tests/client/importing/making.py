"""Mappings and events of the tests, and how Daybook itself reads an event."""

import json
from typing import Any

from daybook.events.decoding import Received, decode_events, read_event
from daybook_client.importing.identity import Identities
from daybook_client.importing.making import Maker
from daybook_client.importing.mapping import Mapping, parse_mapping
from daybook_client.importing.report import Report

FIELDS = 'occurred_at = {expr = "at", convert = "time"}\nactivity = "what"\n'
AT = "2026-11-20T10:00:00.000Z"
LEAST = {"at": AT, "what": "opened"}


def mapping_of(fields: str = "", *, head: str = "", tail: str = "") -> Mapping:
    return parse_mapping(f'name = "made-up"\n{head}\n[fields]\n{FIELDS}{fields}\n{tail}')


def made(
    record: dict[str, Any], fields: str = "", *, head: str = "", tail: str = "", report: Report | None = None
) -> dict[str, Any]:
    """The event of a record, which Daybook has taken as it stands."""
    mapping = mapping_of(fields, head=head, tail=tail)
    maker = Maker(mapping, report or Report(), zone=None, environment=None)
    event, size = maker.make(record, Identities(mapping.name, mapping.id).of(record))
    assert size == len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
    taken = read_by_daybook(event)
    assert taken.adjusted == ()
    return event


def read_by_daybook(event: dict[str, Any]) -> Received:
    """Raises `Rejected` where the event breaks the contract."""
    sent = decode_events(json.dumps({"events": [event]}).encode())
    return read_event(sent.events[0], sent.levels)
