"""The formats of a customer's stream, each compared with its own specification."""

import json
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.typical import stored_forms
from daybook.catalogue.profile import profile
from daybook.delivery.formats import FORMATS, ocsf
from daybook.delivery.records import InsertedEvent, Records
from daybook.tenant import Tenant
from events.typical import TYPICAL
from tests.support.ingest import NOW, SECRET, Sender, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, SettingsOf, memory_wiring
from tests.support.streams import destination

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

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MAYBE = st.none() | TEXT
PERSON = st.fixed_dictionaries(
    {
        "id": TEXT,
        "client_id": MAYBE,
        "username": MAYBE,
        "name": MAYBE,
        "email": MAYBE,
        "forgotten": st.booleans(),
    }
)
NATIVE = st.fixed_dictionaries(
    {
        "id": st.just("01M82P121H2WMHET3C1ACVVHCE4TPPJCN44H"),
        "client_id": MAYBE,
        "sender": st.none() | st.fixed_dictionaries({"credential": TEXT}),
        "tenant": st.just("acme"),
        "environment": st.just("prod"),
        "occurred_at": st.just("2026-11-22T16:31:07.123Z"),
        "received_at": st.just("2026-11-22T16:31:08.000Z"),
        "activity": st.sampled_from(["clusters.update", "user.login", "x.doc-deleted", "other", "a.b.item-added"]),
        "component": MAYBE,
        "event": TEXT.filter(bool),
        "category": TEXT,
        "variant": MAYBE,
        "origin": st.sampled_from(["user", "system"]),
        "status": st.sampled_from(["success", "failure"]),
        "actor": st.fixed_dictionaries(
            {
                "type": st.sampled_from(["user", "system", "api", "operations", "unknown"]),
                "id": MAYBE,
                "client_id": MAYBE,
                "username": TEXT.filter(bool),
                "name": MAYBE,
                "email": MAYBE,
                "user_type": MAYBE,
                "roles": st.none() | st.lists(TEXT, max_size=3),
                "forgotten": st.booleans(),
                "impersonator": st.none() | PERSON,
            }
        ),
        "source": st.none() | st.fixed_dictionaries({"type": TEXT}),
        "target": st.none()
        | st.fixed_dictionaries(
            {
                "type": st.just("user"),
                "id": TEXT.filter(bool),
                "name": MAYBE,
                "within": st.none(),
                "client_id": MAYBE,
                "username": TEXT.filter(bool),
                "forgotten": st.booleans(),
            }
        )
        | st.fixed_dictionaries(
            {
                "type": st.just("document"),
                "id": MAYBE,
                "name": MAYBE,
                "within": st.none() | st.fixed_dictionaries({"type": st.just("case"), "id": TEXT}),
            }
        ),
        "params": st.none() | st.dictionaries(st.sampled_from(["a", "b"]), TEXT | st.integers(0, 2**53 - 1)),
        "details": MAYBE,
        "people": st.none() | st.lists(PERSON, max_size=1),
        "changes": st.none() | st.lists(st.fixed_dictionaries({"field": TEXT, "from": MAYBE, "to": MAYBE}), max_size=2),
        "context": st.fixed_dictionaries({"ip": MAYBE, "user_agent": MAYBE, "session_id": MAYBE, "request_id": MAYBE}),
        "caused_by": MAYBE,
        "adjusted": st.none() | st.lists(TEXT, min_size=1, max_size=2),
    }
)
ALIASES = profile("generic").aliases


def published(product: str, events: list[dict[str, Any]], tenant: str, form: str) -> list[bytes]:
    """The records of events that were sent over HTTP and stored."""
    store, identities = MemoryEvents(), MemoryIdentities()
    own = settings(product, tenant=Tenant(tenant), retention_days=None)
    control = SettingsOf(lambda _: own)
    wiring = memory_wiring(SECRET, lambda: NOW, seeded_bytes(), events=store, identities=identities, control=control)
    send = Sender(wiring, tenant)
    for event in events:
        answer = send(event)
        assert answer["statusCode"] == 201, answer["body"]
    rows = [InsertedEvent(e.partition, e.id, e.packed, e.by_actor, e.by_target) for e in store.events.values()]
    keys = {key.removeprefix("id#"): row["key"] for (_, key), row in identities.rows.items() if key.startswith("id#")}
    to = destination(tenant, format=form, profile=product)
    return [record.data for record in Records(lambda _tenant, _guids: keys).of(to, rows).records]


def test_both_documented_examples_come_out_to_the_byte() -> None:
    """Through ingest, the store and the stream."""
    assert published("symbee", SENT, "abccompany", "symbee") == DOCUMENTED


@given(NATIVE)
def test_symbee_has_the_ten_fields_in_order_and_texts_alone(native: dict[str, Any]) -> None:
    record = json.loads(FORMATS["symbee"](native, None, ALIASES))
    assert list(record) == list(json.loads(DOCUMENTED[0]))
    assert all(isinstance(value, str) for value in record.values())
    assert record["ActionDetails"] == (native["details"] or "")
    assert (record["CompanyId"], record["Environment"]) == ("acme", "prod")


@pytest.mark.parametrize("form", FORMATS)
@given(NATIVE)
def test_the_same_event_makes_the_same_bytes(form: str, native: dict[str, Any]) -> None:
    """The record is valid JSON and the same each time, and the given event is not changed."""
    before = json.dumps(native)
    first = FORMATS[form](native, None, ALIASES)
    assert json.loads(first)
    assert FORMATS[form](native, None, ALIASES) == first
    assert json.dumps(native) == before


@given(NATIVE)
def test_native_is_the_event_as_it_is_read(native: dict[str, Any]) -> None:
    """Field by field, in the contract's order."""
    record = json.loads(FORMATS["native"](native, None, ALIASES))
    assert record == native
    assert list(record) == list(native)


@given(NATIVE)
def test_a_cloudevent_has_what_1_0_asks_for(native: dict[str, Any]) -> None:
    """Required attributes are non-empty strings, names are in lower-case letters, and nothing is null."""
    record = json.loads(FORMATS["cloudevents"](native, None, ALIASES))
    assert record["specversion"] == "1.0"
    assert all(isinstance(record[name], str) and record[name] for name in ("id", "source", "type", "time"))
    assert all(name.isalnum() and name == name.lower() for name in record)
    assert None not in record.values()
    assert ("subject" in record) == (native["target"] is not None)
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in record.get("subject", ""))
    assert not any(0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in record.get("subject", ""))
    assert record["data"] == native


@given(NATIVE, st.text(alphabet="a:\x00\n\x7f\x85\ufdd0\ufffe\U0010ffff\U0001f600ä", min_size=1))
def test_a_cloudevents_subject_is_a_string_of_its_kind(native: dict[str, Any], name: str) -> None:
    """Characters that the String type forbids are percent-encoded. Nothing else is changed."""
    target = {"type": "document", "id": name, "name": None, "within": None, "client_id": None}
    subject = json.loads(FORMATS["cloudevents"](native | {"target": target}, None, ALIASES))["subject"]
    assert unquote(subject) == f"document:{name}"
    assert set(subject) <= set("documentABCDEF0123456789%:a\U0001f600ä")


SCHEMA = json.loads(Path(__file__).with_name("ocsf-3004.json").read_text())


def check(value: Any, shape: str, path: str = "") -> None:
    """Checks a value against the excerpt of OCSF's schema beside this file."""
    kinds = {"string": str, "integer": int, "long": int, "json": object}
    if shape in kinds:
        assert isinstance(value, kinds[shape]), path
        return
    described = SCHEMA[shape]
    unknown = set(value) - set(described["attributes"])
    assert not unknown, f"{path}: {unknown}"
    assert set(described.get("required", [])) <= set(value), path
    one_of = described.get("at_least_one")
    assert not one_of or set(one_of) & set(value), f"{path}: none of {one_of}"
    for name, kind in described["attributes"].items():
        if name in value:
            check(value[name], kind, f"{path}.{name}")
            assert value[name] in described.get("enums", {}).get(name, [value[name]]), f"{path}.{name}"


@given(NATIVE)
def test_ocsf_is_a_valid_entity_management_event(native: dict[str, Any]) -> None:
    """Required attributes, types, enumerations and constraints match the schema. No attribute is unknown to the
    class.
    """
    record = json.loads(FORMATS["ocsf"](native, None, ALIASES))
    check(record, "entity_management")
    assert record["type_uid"] == record["class_uid"] * 100 + record["activity_id"]
    assert record["time"] == 1_795_365_067_123


@given(NATIVE)
def test_ocsf_keeps_every_fact(native: dict[str, Any]) -> None:
    """Every field of the event is somewhere in the record."""
    record = json.loads(FORMATS["ocsf"](native, None, ALIASES))
    held = list(leaves(record))
    for path, value in facts(native):
        assert value in held, path


def leaves(value: Any) -> Any:
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


# These appear in other words or as numbers.
TOLD = {
    ".occurred_at",
    ".received_at",
    ".status",
    ".actor.type",
    ".actor.forgotten",
    ".target.forgotten",
    ".target.type",
}


def facts(value: Any, path: str = "") -> Any:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from facts(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from facts(each, path)
    elif value not in (None, "") and path not in TOLD:
        yield path, value


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        ("experiences.add", 1),
        ("audit-log.viewed", 2),
        ("clusters.update", 3),
        ("user-account.deleted", 4),
        ("chat-opened", 99),
        ("user-administration.role-changed", 3),
        ("doc_deleted", 4),
        ("user.signed_in", 99),
        ("repo:create", 1),
        ("s3.amazonaws.com:DeleteObject", 4),
        ("GetUserHTTP", 99),
        ("WORKCODES.UPD", 3),
        ("HTTPRequestAdded", 1),
    ],
)
def test_the_verb_says_what_was_done(activity: str, expected: int) -> None:
    assert ocsf.activity_id(activity) == expected


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("product", TYPICAL)
def test_every_products_events_can_be_told_in_every_format(product: str, form: str) -> None:
    (record,) = published(product, [TYPICAL[product]], "acme", form)
    assert json.loads(record)
    assert stored_forms(product, [TYPICAL[product]])
