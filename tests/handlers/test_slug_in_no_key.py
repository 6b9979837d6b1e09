"""A tenant's slug may change one day, so it stands in the list of tenants, in the tenant's settings and in content."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from daybook.access.api_keys import IssuedKey, KeyOwner, new_key
from daybook.aws.wiring import Tables
from daybook.clock import SECOND, format_time
from daybook.tenant import Tenant
from tests.support.calls import answered
from tests.support.exports import Exporter
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW, Sender
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness
from tests.support.tenant_log import Reader

SLUG = "zanzibar-42"
MIKE = {"type": "user", "id": "u-1", "username": "mike.mars", "email": "mike@mars.example"}
EVENTS: tuple[dict[str, Any], ...] = (
    {"actor": MIKE, "target": {"type": "doc", "id": "7", "within": {"type": "box", "id": "8"}}},
    {"actor": {**MIKE, "username": "michael"}, "environment": "test", "target": {"type": "user", "username": "jane"}},
    {"actor": {"type": "unknown"}, "context": {"ip": "192.0.2.7"}},
    {"actor": {"type": "system"}, "activity": "own.one"},
)
OWN = {"category": "Own", "variants": [{}]}
HOLDS_THE_SLUG = {("control", "tenants"): {"sk", "settings"}, ("control", "settings"): {"settings"}}
"""The attributes that may hold it, by table and the row's partition or sort key."""


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    log = ManagedLog(dynamodb, tables, tenant=SLUG)
    assert log.settings.code.isupper() or log.settings.code.isdigit()
    return log


def used(log: ManagedLog) -> list[str]:
    """Does what a tenant can do, and returns the texts that went into queues and the bucket."""
    publishing = StreamHarness(log)
    publishing.set_up(tenant=SLUG, subscription="s-1", generation="g-1")
    publishing.streams.break_down(SLUG)
    log.done("PUT", "/v1/catalogue/{activity}", OWN, activity="own.one")
    log.sent(*EVENTS)
    publishing.publish()
    for environment in ("prod", "test"):
        in_environment: dict[str, Any] = {"query": {"environment": environment}}
        for members in (["jane"], ["jane", "never.seen"]):
            log.done("PUT", "/v1/groups/{name}", {"members": members}, name="team", **in_environment)
        log.done("PUT", "/v1/groups/{name}", {"members": []}, name="gone", **in_environment)
        log.done("DELETE", "/v1/groups/{name}", name="gone", **in_environment)
    log.done("PUT", "/v1/settings/retention", {"days": 90})
    log.done("PUT", "/v1/settings/legal-hold", {"reason": "a case"})
    exporter = Exporter(log.dynamodb, log.tables, log.clock, tenant=SLUG)
    exporter.export({"filters": {"actor": "mike.mars"}})
    forgetting = Forgetting(log)
    forgetting.report("u-1")
    key = new_key()
    issued = IssuedKey(key.id, SLUG, "producer", "prod", "billing", "2026-11-22T16:31:07.123Z")
    log.wiring.issued_keys.put_key(KeyOwner(log.settings.code, SLUG), key, issued)
    log.now += 30 * SECOND
    log.page()
    queued = [repr(message) for queue in (log.restamps, exporter.queue, forgetting.queue) for message in queue.sent]
    parked = [body.decode() for body, _ in publishing.queue.messages]
    assert len(queued) > 2
    assert parked
    return [*queued, *parked, *exporter.files.files]


def texts(value: Any) -> Iterator[str]:
    """Every text within an attribute in DynamoDB's form, and its numbers and bytes as text."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    else:
        yield value if isinstance(value, str) else repr(value)


def test_no_key_holds_the_slug(log: ManagedLog) -> None:
    """No attribute either, but for the settings, a credential's tenant, and events' content, which is packed. The keys
    begin with the code, so a session can be pinned to a tenant.
    """
    outside = used(log)
    code, seen = log.settings.code, set()
    for table in ("events", "identities", "control", "credentials"):
        for item in log.dynamodb.scan(TableName=getattr(log.tables, table))["Items"]:
            pk, sk = item["pk"]["S"], item["sk"]["S"]
            holding = {name for name, value in item.items() if any(SLUG in text for text in texts(value))}
            if table == "credentials":
                assert holding == {"tenant"}
                continue
            allowed = HOLDS_THE_SLUG.get((table, pk)) or HOLDS_THE_SLUG.get((table, sk)) or set()
            assert holding <= allowed, item
            assert pk == "tenants" or pk.split("#")[0] == code
            seen.add((table, pk.removeprefix(code), sk.partition("#")[0] if table != "events" else ""))
    assert not [text for text in outside if SLUG in text]
    assert {sk for table, _, sk in seen if table == "control"} >= {
        *("settings", "activity", "group", "group-members", "group-gone", "key"),
        *("export", "restamp", "sweep", SLUG),
    }
    assert {pk for table, pk, _ in seen if table == "identities"} == {"#0", "#1"}
    assert {"#parked", "#streams"} <= {pk for table, pk, _ in seen if table == "control"}


@pytest.mark.every_store
def test_after_a_renaming_everything_is_found(log: ManagedLog) -> None:
    """By its new name the tenant has its events, people and groups. A retry meets its first try."""
    once = {"id": "once", "occurred_at": format_time(NOW), "activity": "a.b", "actor": MIKE}
    (first,) = answered(log.send(once))["results"]
    log.put_group("team", "mike.mars")
    renamed = Tenant("tanganyika")
    log.control.change_tenant(log.settings.code, lambda now: replace(now, tenant=renamed))
    sender, reader = Sender(log.wiring.replacing(), renamed), Reader(log.wiring.replacing(), renamed)
    assert answered(sender(once))["results"] == [first]
    found = answered(reader(query={"group": "team"}))["events"]
    assert [(event["id"], event["actor"]["email"]) for event in found] == [(first["id"], MIKE["email"])]
    exporter = Exporter(log.dynamodb, log.tables, log.clock, tenant=renamed)
    exporter.code = log.settings.code
    assert "mike.mars" in exporter.export({"filters": {"actor": "mike.mars"}})[1].decode()
    assert Forgetting(log).forget("u-1")["actor_id"] == found[0]["actor"]["id"]
