"""Records of what is done with Daybook, as they are stored."""

from typing import Any

import pytest

from daybook.clock import DAY, format_time
from daybook.crypto.sealing import Unsealing
from daybook.events.canonical import decode
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.events.people_fields import USERNAME
from daybook.http.request import Request
from daybook.people.identities import Person
from daybook.self_audit.recorder import AuditAction, Recorder
from tests.support.calls import Context, authorized, call, operations
from tests.support.ingest import KEYS, NOW, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents

MIKE = Person("11111111-1111-4111-8111-111111111111", b"m" * 32)
JANE = Person("22222222-2222-4222-8222-222222222222", b"j" * 32)
SEARCHED = AuditAction("searched", {"filters": [], "rows": 0, "more": False})


def recorded(
    action: AuditAction, authorizer: dict[str, str] | None = None, user_agent: str = "curl/8", **changed: Any
) -> tuple[StoredEvent, dict[str, Any]]:
    """The stored event and its content. `changed`: of the tenant's settings."""
    event = call("GET", "/v1/events", authorizer=authorizer or authorized())
    event["requestContext"]["identity"]["userAgent"] = user_agent
    store = MemoryEvents()
    recorder = Recorder(store, KEYS, lambda: NOW, seeded_bytes())
    event_id = recorder.record(settings("generic", **changed), "prod", Request.from_gateway(event, Context()), action)
    (stored,) = store.events.values()
    assert stored.id == event_id
    return stored, decode(unpack(stored.packed))


@pytest.mark.parametrize(
    ("authorizer", "actor"),
    [
        (authorized(), {"type": "api", "client_id": "k1", "username": "The key"}),
        (authorized(label=""), {"type": "api", "client_id": "k1", "username": "k1"}),
        (operations(), {"type": "operations", "client_id": "ops"}),
    ],
)
def test_the_caller_is_the_actor(authorizer: dict[str, str], actor: dict[str, str]) -> None:
    """An API key by its id and label, operations without a label. Neither is a person."""
    stored, content = recorded(SEARCHED, authorizer)
    assert content["actor"].items() >= actor.items()
    assert stored.by_actor.endswith(f"#{content['actor']['alias']}")
    assert "people" not in content


def test_everyone_who_had_a_name_is_sealed() -> None:
    """Two people had the name that was searched for. The text has a token, and each person has the name sealed."""
    action = AuditAction("searched", {"filters": ["actor=mike"]}, people={"mike": [MIKE, JANE]})
    _, content = recorded(action._replace(params={**SEARCHED.params, **action.params}))
    assert content["params"]["filters"] == ["actor=~0.0;"]
    opened = {
        person.guid: Unsealing(content["tenant"], "prod").open(sealed["sealed"], key, content["id"], person.guid)
        for person, sealed in zip((MIKE, JANE), content["people"], strict=True)
        if (key := person.key) is not None
    }
    assert {guid: fields[USERNAME] for guid, fields in opened.items()} == {MIKE.guid: "mike", JANE.guid: "mike"}


@pytest.mark.parametrize("changed", [{"mode": "strict"}, {"audit_since": NOW + DAY}], ids=str)
def test_no_rule_for_senders_keeps_a_record_out(changed: dict[str, Any]) -> None:
    """Neither the catalogue mode, nor the time at which auditing began, nor a name that is an alias."""
    _, content = recorded(AuditAction("group-changed", {"group": "System"}, people={"System": [MIKE]}), **changed)
    assert content["activity"] == "audit-log.group-changed"


def test_what_is_too_long_is_cut() -> None:
    """A record must be written whatever was asked for."""
    long = AuditAction("searched", {**SEARCHED.params, "filters": ["x" * 5_000, *["y"] * 200]})
    _, content = recorded(long, user_agent="a\x00b" + "z" * 2_000)
    assert [len(text) for text in content["params"]["filters"]] == [4_000] + [1] * 99
    assert content["context"]["user_agent"] == "a b" + "z" * 1_021


def test_what_is_unclean_is_replaced() -> None:
    """A label, a credential and a parameter are held to the limits of what senders send."""
    action = AuditAction("group-changed", {"group": "a\x00b\x1b"})
    _, content = recorded(action, authorized(credential="k" * 200, label="L\x00" + "L" * 5_000))
    assert content["params"]["group"] == "a b "
    assert (content["actor"]["client_id"], content["actor"]["username"]) == ("k" * 128, "L " + "L" * 254)


def test_a_record_of_each_minute_has_an_id_that_can_be_derived() -> None:
    """Equal actions of one minute have one id, at the minute's beginning; others have ids of their own."""
    same = SEARCHED._replace(once_a_minute=b"same")
    first, content = recorded(same)
    assert recorded(same)[0].id == first.id
    assert recorded(SEARCHED._replace(once_a_minute=b"other"))[0].id != first.id
    assert content["occurred_at"].endswith(":00.000Z")
    assert content["received_at"] == format_time(NOW)
