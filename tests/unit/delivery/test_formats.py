"""The formats of a customer's stream, each compared with its own specification."""

import itertools
import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.typical import stored_forms
from daybook.aws.wiring import Tables
from daybook.delivery.formats import FORMATS
from daybook.delivery.records import InsertedEvent, Records
from events.typical import TYPICAL
from tests.support.format_rules import CHECKS
from tests.support.native_events import ALIASES, DEMO, NATIVE, StoredLog, demo_events, fixed_events
from tests.support.streams import destination
from tests.support.tenant_log import TenantLog

# Symbee Connect, "Change/Audit History Kinesis Event format": both examples as the document shows them.
DOCUMENTED = [
    b"""{
    "PlatformId": "AWS Connect",
    "CompanyId": "abccompany",
    "Environment": "prod",
    "TimeStamp": "2023-01-18T23:29:45Z",
    "SourceType": "ADMIN",
    "SourceUserId": "mike.mars",
    "ActivityAction": "LOGIN",
    "ActivityType": "ADMINUSER",
    "ActionTarget": "mike.mars",
    "ActionDetails": "Administration Portal login"
}""",
    b"""{
    "PlatformId": "AWS Connect",
    "CompanyId": "abccompany",
    "Environment": "prod",
    "TimeStamp": "2023-01-05T09:31:30Z",
    "SourceType": "ADMIN",
    "SourceUserId": "mike.mars",
    "ActivityAction": "UPD",
    "ActivityType": "WORKCODES",
    "ActionTarget": "Promised to Pay",
    "ActionDetails": ""
}""",
]
MIKE = {"type": "user", "username": "mike.mars"}
SENT: list[dict[str, Any]] = [
    {"activity": "adminuser.login", "actor": MIKE, "target": MIKE, "occurred_at": "2023-01-18T23:29:45Z"},
    {
        "activity": "workcodes.upd",
        "actor": MIKE,
        "target": {"type": "workcode", "name": "Promised to Pay"},
        "occurred_at": "2023-01-05T09:31:30Z",
    },
]


def published(product: str, events: list[dict[str, Any]], tenant: str, form: str) -> list[bytes]:
    """The records of events that were sent over HTTP and stored."""
    log = StoredLog(product, events, tenant)
    rows = [InsertedEvent(e.partition, e.id, e.packed, e.by_actor, e.by_target) for e in log.events.events.values()]
    to = destination(tenant, format=form, profile=product)
    return [record.data for record in Records(lambda _tenant, _guids: log.keys).of(to, rows).records]


def test_both_documented_examples_come_out_to_the_byte() -> None:
    """Through ingest, the store and the stream."""
    assert published("symbee", SENT, "abccompany", "symbee") == DOCUMENTED


def checked(form: str, native: dict[str, Any]) -> None:
    """By the format's own document. The bytes are the same each time, and the given event is not changed."""
    before = json.dumps(native)
    first = FORMATS[form](native, None, ALIASES)
    assert FORMATS[form](native, None, ALIASES) == first
    assert json.dumps(native) == before
    CHECKS[form](native, json.loads(first))


@given(NATIVE)
def test_any_event_is_a_valid_record_in_every_format(native: dict[str, Any]) -> None:
    for form in FORMATS:
        checked(form, native)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("product", DEMO)
def test_the_demos_events_are_valid_records(product: str, form: str) -> None:
    for native in demo_events(product):
        checked(form, native)


@pytest.mark.parametrize("form", FORMATS)
def test_the_fixed_examples_are_valid_records(form: str) -> None:
    """Also after everybody in them was forgotten."""
    for native in fixed_events():
        checked(form, native)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_daybooks_own_events_are_valid_records(dynamodb: Any, tables: Tables) -> None:
    """Searches and reads by an auditor and by operations, for destinations that ask for the log of the log."""
    log = TenantLog(dynamodb, tables)
    (event,) = log.sent({"activity": "document.updated"})
    for reader in (log.read, log.reader("operations")):
        reader(query={"actor": "mike.mars", "q": "text"})
        reader(f"/v1/events/{event}", parameters={"id": event})
    own = log.recorded()
    assert {native["actor"]["type"] for native in own} == {"api", "operations"}
    for native, form in itertools.product(own, FORMATS):
        checked(form, native)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["system", "api", "operations", "unknown"])
def test_an_actor_without_a_name_is_shown_by_its_alias(kind: str, form: str) -> None:
    (native,) = published("generic", [{"activity": "record.purged", "actor": {"type": kind}}], "acme", "native")
    checked(form, json.loads(native))


@pytest.mark.parametrize("form", FORMATS)
def test_the_largest_event_is_one_record_of_kinesis(form: str) -> None:
    """An event has at most 64 KB as it is sent, and no format makes much more of it. Kinesis takes 1 MiB."""
    sent = TYPICAL["jiffy"] | {"params": {f"p{n}": "a" * 4_000 for n in range(7)}, "details": '"' * 16_000}
    assert len(json.dumps(sent)) > 60_000
    (record,) = published("jiffy", [sent], "acme", form)
    assert len(record) < 128 * 1024


@given(st.text(alphabet="a:\x00\n\x7f\x85\ufdd0\ufffe\U0010ffff\U0001f600ä", min_size=1))
def test_a_cloudevents_subject_is_a_string_of_its_kind(name: str) -> None:
    """Characters that the String type forbids are percent-encoded. Nothing else is changed."""
    target = {"type": "document", "id": name, "name": None, "within": None}
    event = demo_events("symbee")[0] | {"target": target}
    subject = json.loads(FORMATS["cloudevents"](event, None, ALIASES))["subject"]
    assert unquote(subject) == f"document:{name}"
    assert set(subject) <= set("documentABCDEF0123456789%:a\U0001f600ä")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("product", TYPICAL)
def test_every_products_events_can_be_told_in_every_format(product: str, form: str) -> None:
    (record,) = published(product, [TYPICAL[product]], "acme", form)
    assert json.loads(record)
    assert stored_forms(product, [TYPICAL[product]])
