"""Records of what is done with Daybook, as they are stored."""

import json
from typing import Any
from unittest.mock import Mock

import pytest

from daybook.catalogue.profile import profile
from daybook.clock import DAY, format_time
from daybook.crypto.sealing import Unsealing
from daybook.errors import Throttled
from daybook.events.canonical import decode
from daybook.events.item import StoredEvent
from daybook.events.mentions import known_by
from daybook.events.packing import unpack
from daybook.events.people_fields import USERNAME
from daybook.events.reader import Opened
from daybook.http.problem import Problem
from daybook.http.request import Request
from daybook.ids import lowest_id, occurred_ms
from daybook.people.forgetter import Forgetter, mark_of, no_sweep
from daybook.people.identities import Person, Reference, id_row
from daybook.self_audit.recorder import AuditAction
from tests.support.calls import Context, authorized, call, operations
from tests.support.ingest import KEYS, NOW, SECRET, Sender, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, SettingsOf, memory_wiring

MIKE = Person("11111111-1111-4111-8111-111111111111", b"m" * 32)
JANE = Person("22222222-2222-4222-8222-222222222222", b"j" * 32)
ADDRESS_OF_CALLER = "203.0.113.7"
SEARCHED = AuditAction("searched", {"filters": [], "rows": 0, "more": False})


class Log:
    """A tenant's recorder over stores in memory."""

    def __init__(self, **changed: Any) -> None:
        """`changed`: of the tenant's settings."""
        self.now = NOW
        self.events, self.identities = MemoryEvents(), MemoryIdentities()
        self.settings = settings("generic", **changed)
        stores = {"events": self.events, "identities": self.identities, "control": SettingsOf(lambda _: self.settings)}
        self.wiring = memory_wiring(SECRET, lambda: self.now, seeded_bytes(), **stores)

    @property
    def stored(self) -> list[StoredEvent]:
        """In the order in which they were written."""
        return list(self.events.events.values())

    @property
    def contents(self) -> list[dict[str, Any]]:
        return [decode(unpack(stored.packed)) for stored in self.stored]

    def record(
        self,
        action: AuditAction = SEARCHED,
        authorizer: dict[str, str] | None = None,
        environment: str = "prod",
        address: str = ADDRESS_OF_CALLER,
        user_agent: str | None = "curl/8",
    ) -> str:
        event = call("GET", "/v1/events", authorizer=authorizer or authorized())
        event["requestContext"]["identity"] = {"sourceIp": address, "userAgent": user_agent}
        request = Request.from_gateway(event, Context())
        return self.wiring.recorder.record(self.settings, environment, request, action)

    def opened(self, content: dict[str, Any]) -> Opened:
        key = self.settings.environment_key(content["environment"])
        rows = self.identities.read(key, [id_row(person["id"]) for person in content["people"]])
        return Opened(content, {name.removeprefix("id#"): row["key"] for name, row in rows.items()})


def recorded(
    action: AuditAction, authorizer: dict[str, str] | None = None, **changed: Any
) -> tuple[StoredEvent, dict[str, Any]]:
    """The stored event and its content. `changed`: of the tenant's settings."""
    log = Log(**changed)
    event_id = log.record(action, authorizer)
    (stored,) = log.stored
    assert stored.id == event_id
    return stored, log.contents[0]


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
    assert "id" not in content["actor"]
    assert stored.by_actor.endswith(f"#{actor['type']}")


def test_the_callers_address_and_agent_are_sealed() -> None:
    """They are a person's, whom `context.of` names: the one who failed to sign in from there, say."""
    log = Log()
    log.record()
    (content,) = log.contents
    (person,) = content["people"]
    # Never the request id that the caller may choose.
    assert content["context"] == {"of": person["id"], "request_id": "e-1"}
    assert not [text for text in (ADDRESS_OF_CALLER, "curl") if text in json.dumps(content)]
    assert {name: log.opened(content).context()[name] for name in ("ip", "user_agent")} == {
        "ip": ADDRESS_OF_CALLER,
        "user_agent": "curl/8",
    }
    reference = known_by(ADDRESS_OF_CALLER, None, KEYS.of(log.settings.code).address)
    assert reference
    known = log.wiring.resolver.resolve(log.settings.environment_key("prod"), [reference], KEYS.of(log.settings.code))
    assert known[reference].guid == person["id"]


def test_an_address_is_one_person_of_an_environment() -> None:
    """With whatever credential or agent somebody calls from there."""
    log = Log()
    log.record()
    log.record(authorizer=operations(), user_agent=None)
    log.record(address="2001:db8::1")
    log.record(environment="test")
    log.record(address=f"::FFFF:{ADDRESS_OF_CALLER}")
    first, second, other, of_test, mapped = [content["context"]["of"] for content in log.contents]
    assert first == second == mapped
    assert len({first, other, of_test}) == 3


def token(subject: str = "248289761001", issuer: str = "https://id.example", **names: str) -> dict[str, str]:
    named = {"username": "mike.mars", "name": "Mike Mars", "email": "mike@mars.example"} | names
    return authorized("auditor", credential=subject, label="", issuer=issuer, subject=subject, **named)


def test_a_caller_with_a_token_is_a_user() -> None:
    """Known by a GUID. Names, address and agent are sealed as the person's own, and the subject is nowhere."""
    log = Log()
    log.record(authorizer=token())
    (stored,), (content,) = log.stored, log.contents
    guid = content["actor"]["id"]
    assert content["actor"] == {"type": "user", "id": guid}
    assert [person["id"] for person in content["people"]] == [guid]
    assert stored.by_actor.endswith(f"#{guid}")
    assert not [text for text in ("ike", "ars", "248", ADDRESS_OF_CALLER, "curl") if text in json.dumps(content)]
    native = log.opened(content).native(profile("generic").aliases)
    expected = {"type": "user", "id": guid, "username": "mike.mars", "name": "Mike Mars", "email": "mike@mars.example"}
    assert native["actor"].items() >= expected.items()
    assert (native["context"]["ip"], native["context"]["user_agent"]) == (ADDRESS_OF_CALLER, "curl/8")


def test_a_caller_with_a_token_is_issuer_and_subject() -> None:
    """Whatever the token calls them, and from wherever they call."""
    log = Log()
    log.record(authorizer=token())
    log.record(authorizer=token(username="m.mars", name="", email=""), address="2001:db8::1")
    log.record(authorizer=token("other"))
    log.record(authorizer=token(issuer="https://login.example"))
    log.record(authorizer=token(), environment="test")
    first, again, *others = [content["actor"]["id"] for content in log.contents]
    assert first == again
    assert len({first, *others}) == 4


def test_a_caller_takes_nobodys_name() -> None:
    """At many issuers users choose their names. Who has a name among the product's people keeps it, and their GUID."""
    log = Log()
    environment, keys = log.settings.environment_key("prod"), KEYS.of(log.settings.code)
    named = Reference(username="mike.mars")
    before = log.wiring.resolver.resolve(environment, [named], keys)
    log.now += DAY
    log.record(authorizer=token())
    log.now += DAY
    assert log.wiring.resolver.resolve(environment, [named], keys) == before
    assert log.contents[0]["actor"]["id"] != before[named].guid


def test_a_forgotten_caller_is_a_new_person_in_later_records() -> None:
    """The earlier records show the GUID alone."""
    log = Log()
    log.record(authorizer=token())
    guid = log.contents[0]["actor"]["id"]
    log.now += 1
    forgetter = Forgetter(log.identities, KEYS.of(log.settings.code), no_sweep)
    forgetter.forget(log.settings.environment_key("prod"), mark_of(guid, lowest_id(log.now), 365))
    log.now += 1
    log.record(authorizer=token())
    before, after = [log.opened(content).native(profile("generic").aliases) for content in log.contents]
    assert (before["actor"]["username"], before["actor"]["name"], before["context"]["ip"]) == (guid, None, None)
    assert after["actor"]["id"] != guid
    assert after["actor"]["username"] == "mike.mars"


def test_what_a_caller_sends_names_the_same_person() -> None:
    """Of each event's own environment. So does who asked for an export."""
    log = Log()
    event = {"activity": "a.b", "actor": {"type": "system"}}
    sender: dict[str, Any] = {name: value for name, value in token().items() if name not in ("role", "throttled")}
    sent = [{**event, "environment": environment} for environment in ("prod", "test")]
    assert Sender(log.wiring)({"events": sent}, **sender)["statusCode"] == 201
    for environment in ("prod", "test"):
        log.record(authorizer=token(), environment=environment)
    of_prod, of_test, *recorded = log.contents
    assert [each["sender"]["credential"] for each in (of_prod, of_test)] == [each["actor"]["id"] for each in recorded]
    request = Request.from_gateway(call("GET", "/v1/events", authorizer=token()), Context())
    assert log.wiring.recorder.credential(log.settings, "prod", request) == recorded[0]["actor"]["id"]
    assert "248" not in json.dumps(log.contents)


def test_without_an_address_the_agent_is_the_person() -> None:
    """And without both there is none. API Gateway always gives an address."""
    log = Log()
    log.record(address="")
    log.record(address="", user_agent=None)
    agent, nobody = log.contents
    assert log.opened(agent).context()["user_agent"] == "curl/8"
    assert "of" not in nobody.get("context", {})
    assert "people" not in nobody


def test_a_forgotten_address_is_gone_from_earlier_records_and_a_new_person_in_later_ones() -> None:
    """A warm recorder remembers to whom the address was bound. It never seals under a key that is deleted."""
    log = Log()
    log.record()
    environment = log.settings.environment_key("prod")
    guid = log.contents[0]["context"]["of"]
    log.now += 1
    forgetter = Forgetter(log.identities, KEYS.of(log.settings.code), no_sweep)
    forgetter.forget(environment, mark_of(guid, lowest_id(log.now), 365))
    log.now += 1
    log.record()
    before, after = log.contents
    assert log.opened(before).context()["ip"] is None
    assert log.opened(after).context()["ip"] == ADDRESS_OF_CALLER
    assert after["context"]["of"] != guid


def test_a_known_address_takes_one_read() -> None:
    """The first record from an address takes more, and later ones no insert."""
    log = Log()
    calls: list[str] = []
    read, insert = log.identities.read, log.identities.insert
    log.identities.read = lambda *given: calls.append("read") or read(*given)  # type: ignore[func-returns-value, method-assign]
    log.identities.insert = lambda *given: calls.append("insert") or insert(*given)  # type: ignore[func-returns-value, method-assign]
    log.record()
    first = len(calls)
    log.record(authorizer=authorized(credential="k2"))
    assert "insert" in calls[:first]
    assert calls[first:] == ["read"]


def test_the_person_is_durable_before_the_record() -> None:
    """Where the person can't be stored, nothing is recorded, and the caller is told to try again."""
    log = Log()

    def throttled(*_: Any) -> frozenset[str]:
        assert not log.stored
        raise Throttled

    log.identities.insert = throttled  # type: ignore[assignment, method-assign]
    with pytest.raises(Problem) as refused:
        log.record()
    assert (refused.value.status, refused.value.code) == (503, "not_recorded")
    assert not log.stored


def test_each_record_is_an_event_of_its_own_time() -> None:
    """Also of the same action by the same caller in the same millisecond. No sender's id, key or repeat is in it."""
    log = Log()
    ids = [log.record(), log.record()]
    log.now += 17
    ids.append(log.record())
    assert len(set(ids)) == 3
    times = [
        (content["occurred_at"], occurred_ms(event_id)) for content, event_id in zip(log.contents, ids, strict=True)
    ]
    assert times == [(format_time(at), at) for at in (NOW, NOW, NOW + 17)]
    assert not [content for content in log.contents if content.keys() & {"client_id", "sender"}]


def test_everyone_who_had_a_name_is_sealed() -> None:
    """Two people had the name that was searched for. The text has a token, and each person has the name sealed."""
    action = AuditAction("searched", {"filters": ["actor=mike"]}, people={"mike": [MIKE, JANE]})
    _, content = recorded(action._replace(params={**SEARCHED.params, **action.params}))
    assert content["params"]["filters"] == ["actor=~0.0;"]
    opened = {
        person.guid: Unsealing(content["tenant"], "prod").open(sealed["sealed"], key, content["id"], person.guid)
        for person, sealed in zip((MIKE, JANE), content["people"], strict=False)  # the caller is the last
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
    log = Log()
    log.record(long, user_agent="a\x00b" + "z" * 2_000)
    (content,) = log.contents
    assert [len(text) for text in content["params"]["filters"]] == [4_000] + [1] * 99
    assert log.opened(content).context()["user_agent"] == "a b" + "z" * 1_021


def test_what_is_unclean_is_replaced() -> None:
    """A label, a credential and a parameter are held to the limits of what senders send."""
    action = AuditAction("group-changed", {"group": "a\x00b\x1b"})
    _, content = recorded(action, authorized(credential="k" * 200, label="L\x00" + "L" * 5_000))
    assert content["params"]["group"] == "a b "
    assert (content["actor"]["client_id"], content["actor"]["username"]) == ("k" * 128, "L " + "L" * 254)


def test_where_an_earlier_record_can_not_be_looked_for_the_call_is_refused() -> None:
    """Otherwise it would be unrecorded, or recorded as often as the table is slow."""
    log = Log()
    log.wiring = log.wiring.replacing(indexes=Mock(newest_ids=Mock(side_effect=Throttled)))
    request = Request.from_gateway(call("GET", "/v1/feed", authorizer=authorized()), Context())
    with pytest.raises(Problem) as refused:
        log.wiring.recorder.record_once(log.settings, "prod", request, SEARCHED, question=["a"], period_ms=DAY)
    assert (refused.value.status, refused.value.code) == (503, "not_recorded")
    assert not log.stored


def test_what_is_recorded_once_is_found_by_another_instance() -> None:
    """Among others of the activity: in the same period, by the same caller, about the same question."""
    log = Log()
    found: list[str] = []
    asked = Mock(side_effect=lambda *_: found)
    request = Request.from_gateway(call("GET", "/v1/feed", authorizer=authorized()), Context())
    for at_ms, question in ((5, "a"), (6, "a"), (7, "b"), (DAY + 1, "a")):
        log.now = NOW // DAY * DAY + at_ms
        log.wiring = log.wiring.replacing(indexes=Mock(newest_ids=asked))
        log.wiring.recorder.record_once(log.settings, "prod", request, SEARCHED, question=[question], period_ms=DAY)
        found = [each.id for each in log.stored]
    assert [occurred_ms(each.id) - NOW // DAY * DAY for each in log.stored] == [5, 7, DAY + 1]
