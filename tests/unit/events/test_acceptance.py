"""Which events are accepted: the rules of the contract's "Sending events" that go beyond the event's form."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from daybook.catalogue.profile import Activity, Param, Variant, uncatalogued
from daybook.catalogue.tenant_catalogue import OwnActivity
from daybook.clock import DAY, MINUTE, format_time
from daybook.events.canonical import decode
from daybook.events.decoding import Sent
from daybook.events.item import MAX_PACKED_BYTES
from daybook.events.packing import unpack
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.tenant import TenantCode
from daybook.tenants.settings import Hold
from ingest.handler import ingest_over
from ingest.ingest import Result
from tests.support.ingest import NOW, SECRET, code_for, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, memory_wiring

MIKE = {"type": "user", "username": "mike.mars"}
SYSTEM = {"type": "system"}
ADJUSTMENT = [{"field": "seconds", "from": 660, "to": 600}]
PARTITION = f"{code_for('acme')}#0#0"


class OwnActivities:
    def __init__(self, own: Sequence[Activity]) -> None:
        self._own = {each.activity: OwnActivity(each, (each.category,)) for each in own}

    def own_activities(self, tenant: TenantCode) -> dict[str, OwnActivity]:  # noqa: ARG002  the store's signature
        return self._own


class TenantLog:
    def __init__(
        self,
        profile: str = "generic",
        caller_environment: str = "*",
        own: Sequence[Activity] = (),
        max_packed_bytes: int = MAX_PACKED_BYTES,
        **changed: Any,
    ) -> None:
        """`own`: the tenant's own activities."""
        self.events = MemoryEvents()
        self.people = MemoryIdentities()
        self.settings = settings(profile, catalogue_version=len(own), **changed)
        self.caller = Caller("producer", "acme", caller_environment, "k", "")
        replaced = {"events": self.events, "identities": self.people, "activities": OwnActivities(own)}
        self.ingest = ingest_over(
            memory_wiring(SECRET, lambda: NOW, seeded_bytes(), **replaced), max_packed_bytes=max_packed_bytes
        )

    def send(self, *events: dict[str, Any]) -> list[Result]:
        return self.ingest.store(self.settings, self.caller, Sent(list(events), 30), lambda: 10.0)

    def one(self, activity: str, actor: dict[str, Any] = MIKE, **fields: Any) -> Result:
        return self.send({"activity": activity, "actor": actor, **fields})[0]

    @property
    def content(self) -> dict[str, Any]:
        (event,) = self.events.events.values()
        content: dict[str, Any] = decode(unpack(event.packed))
        return content


def refused(result: Result) -> tuple[str | None, list[str]]:
    assert result.status == "rejected", result
    return result.code, [error.path for error in result.errors]


def test_an_id_needs_a_time() -> None:
    """Without a time a retry could not be told from a new event. Nothing is stored."""
    log = TenantLog()
    assert refused(log.one("a.b", id="1")) == ("id_needs_time", ["occurred_at"])
    assert not log.events.events


def test_without_a_time_it_is_the_arrivals() -> None:
    """Two such events stay two events, since nothing says that they are the same."""
    log = TenantLog()
    assert [log.one("a.b").status for _ in range(2)] == ["stored", "stored"]
    assert len(log.events.events) == 2


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (NOW + 5 * MINUTE, None),
        (NOW + 5 * MINUTE + 1, "in_future"),
        (NOW - 30 * DAY, None),
        (NOW - 30 * DAY - 1, "past_retention"),
    ],
)
def test_the_span_of_time(moment: int, code: str | None) -> None:
    """The limits are exact to the millisecond: 5 minutes ahead, and back to the edge of retention."""
    result = TenantLog(retention_days=30).one("a.b", occurred_at=format_time(moment))
    assert (result.status, result.code) == (("stored", None) if code is None else ("rejected", code))


@pytest.mark.parametrize(
    ("edge_ms", "age_ms", "message"),
    [
        (NOW - 100 * DAY, 100 * DAY, None),
        (NOW - 100 * DAY, 100 * DAY + 1, f"is before {format_time(NOW - 100 * DAY)}, where the legal hold begins"),
        (NOW - 500 * DAY, 180 * DAY, None),
        (NOW - 500 * DAY, 180 * DAY + 1, "is more than 180 days ago"),
    ],
)
def test_a_hold_accepts_nothing_that_no_retention_would(edge_ms: int, age_ms: int, message: str | None) -> None:
    """A hold accepts events from its edge on, but none older than the profile's longest retention. A forgotten person's
    tombstone lasts no longer than that, so an older event would name the person anew. The refusal names the limit.
    """
    log = TenantLog("carear", retention_days=90, hold=Hold(NOW, edge_ms, ""))
    result = log.one("experiences.add", occurred_at=format_time(NOW - age_ms))
    assert [error.message for error in result.errors] == ([] if message is None else [message])
    assert result.code == (None if message is None else "past_retention")


def test_the_refusal_of_what_is_too_old_says_how_old() -> None:
    result = TenantLog("carear", retention_days=90).one("experiences.add", occurred_at=format_time(NOW - 91 * DAY))
    assert [error.message for error in result.errors] == ["is more than 90 days ago"]


def test_nothing_before_auditing_began() -> None:
    """The limit is exact to the millisecond."""
    log = TenantLog(audit_since=NOW - 5)
    assert log.one("a.b", occurred_at=format_time(NOW - 5)).status == "stored"
    assert refused(log.one("a.b", occurred_at=format_time(NOW - 6))) == ("before_audit", ["occurred_at"])


def test_kept_for_ever() -> None:
    """No event is past retention, and none expires."""
    log = TenantLog("enate", retention_days=None)
    assert log.one("a.b", occurred_at="1970-01-01T00:00:00Z").status == "stored"
    assert next(iter(log.events.events.values())).expires_at is None


@pytest.mark.parametrize("alias", ["System", "SYSTEM", "api", " System", "Sys\u200btem", "\uff33ystem"])
@pytest.mark.parametrize("place", ["actor", "id", "api", "target", "people", "params"])
def test_a_name_that_looks_like_an_alias_is_stored(alias: str, place: str) -> None:
    """Nobody can avoid the log by such a name, wherever it appears, in any case, width or disguise."""
    places: dict[str, dict[str, Any]] = {
        "actor": {"actor": {"type": "user", "username": alias}},
        "id": {"actor": {"type": "user", "id": alias}},
        "api": {"actor": {"type": "api", "username": alias}},
        "target": {"actor": SYSTEM, "target": {"type": "user", "username": alias}},
        "people": {"actor": SYSTEM, "people": [{"username": "x.y"}, {"username": alias}]},
        "params": {"actor": SYSTEM, "params": {"who": {"user": alias}}},
    }
    log = TenantLog()
    assert log.one("a.b", **places[place]).status == "stored"


def test_a_user_called_like_an_alias_is_no_alias() -> None:
    """The event is indexed under the person, not under the type of those whom the alias stands for."""
    log = TenantLog()
    log.one("a.b", {"type": "user", "username": "System"})
    (form,) = log.events.events.values()
    assert "alias" not in log.content["actor"]
    assert form.by_actor.endswith(f"#{log.content['actor']['id']}")


def test_a_long_username_is_stored() -> None:
    """Its length in bytes does not matter. In a parameter that only the catalogue types as a person, it is cut."""
    for sent in ({"actor": {"type": "user", "username": "漢" * 256}}, {"params": {"who": {"user": "漢" * 256}}}):
        assert TenantLog().one("a.b", **sent).status == "stored"
    log = TenantLog("jiffy")
    result = log.one("user.invite", variant="member", params={"user": "x" * 300})
    assert (result.status, list(result.adjusted)) == ("stored", ["params.user"])
    assert log.content["adjusted"] == ["params.user"]


LONG = "jane.roe" + "b" * 255 + "@corp.example"


@pytest.mark.parametrize(
    "sent",
    [
        {"actor": {"type": "user", "username": LONG}},
        {"actor": {"type": "unknown", "username": LONG}},
        {"actor": {"type": "user", "username": "j1", "name": LONG}},
        {"actor": {"type": "user", "username": "j1", "email": LONG}},
        {"actor": {"type": "user", "username": "j1", "impersonator": {"id": 1, "name": LONG}}},
        {"people": [{"username": "j2"}, {"username": "j1", "email": LONG}]},
        {"params": {"user": LONG, "other": LONG}},
        {"params": {"who": {"user": LONG}, "user": "j1"}},
        {"target": {"type": "user", "username": LONG}},
        {"target": {"type": "user", "username": "j1", "name": LONG * 3}},
    ],
)
def test_a_name_that_was_cut_is_in_no_text(sent: dict[str, Any]) -> None:
    """Not even what was cut off it."""
    log = TenantLog("jiffy")
    long = sent.get("target", {}).get("name", LONG)
    texts = {
        "params": {"user": "j1", "note": f"to {long}", "notes": [long]} | sent.get("params", {}),
        "details": f"Login failed for {long}: {long.upper()} {long[:-3]}",
        "changes": [{"field": "mail", "from": long[:-9], "to": long}],
    }
    target = {"type": "mailbox", "id": f"mbx:{long[:500]}"}
    result = log.one("user.invite", **{"variant": "member", "target": target, **sent, **texts})
    assert result.status == "stored"
    (form,) = log.events.events.values()
    assert "bbbb" not in json.dumps(log.content).lower() + str(form.by_target).lower()


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"actor": {"type": "user"}}, "actor.username"),
        ({"actor": {"type": "user", "name": "Mike"}}, "actor.username"),
        ({"actor": SYSTEM, "target": {"type": "user"}}, "target.username"),
        ({"actor": SYSTEM, "people": [{"username": "x"}, {"name": "Mike"}]}, "people[1].username"),
    ],
)
def test_a_person_is_named_by_something(sent: dict[str, Any], path: str) -> None:
    """A person needs a username or an id."""
    assert refused(TenantLog().one("a.b", **sent)) == ("missing_field", [path])


def test_only_a_user_as_target_has_a_username() -> None:
    """On any other target the username would be lost."""
    sent = {"type": "case", "id": "1", "username": "mike"}
    assert refused(TenantLog().one("a.b", target=sent)) == ("invalid_value", ["target.username"])


@pytest.mark.parametrize("actor_type", ["system", "api", "operations", "unknown"])
def test_others_need_nothing(actor_type: str) -> None:
    """They are shown by the profile's alias, and indexed under their type: a profile may change its aliases."""
    log = TenantLog()
    assert log.one("a.b", {"type": actor_type}).status == "stored"
    alias = {"system": "System", "api": "API", "operations": "Operations", "unknown": "Unknown"}[actor_type]
    assert log.content["actor"] == {"type": actor_type, "alias": alias}
    assert next(iter(log.events.events.values())).by_actor == f"{PARTITION}#{actor_type}"
    assert not log.people.rows


def test_an_unknown_actor_with_only_an_address_is_one_person() -> None:
    """Tenant and address identify the person. The event is shown and indexed as unknown; the address is sealed."""
    log = TenantLog()
    log.send(
        *(
            {"activity": "a.b", "actor": {"type": "unknown"}, "context": {"ip": ip}}
            for ip in ("1.2.3.4", "1.2.3.4", "1.2.3.5")
        )
    )
    contents = [decode(unpack(form.packed)) for form in log.events.events.values()]
    guids = [content["actor"]["id"] for content in contents]
    assert guids[0] == guids[1] != guids[2]
    assert {form.by_actor for form in log.events.events.values()} == {f"{PARTITION}#unknown"}
    assert not any("1.2.3" in repr(row) + repr(content) for row in log.people.rows for content in contents)


def test_what_the_catalogue_lacks_is_open() -> None:
    """The category is `other`; component and event are split at the id's last dot."""
    log = TenantLog()
    log.one("billing.invoices.paid")
    expected = {"category": "other", "component": "billing.invoices", "event": "paid", "origin": "user"}
    assert {name: log.content[name] for name in expected} == expected
    log = TenantLog()
    log.one("paid")
    assert "component" not in log.content
    assert log.content["event"] == "paid"


def test_strict_mode_takes_only_the_catalogue() -> None:
    """The activity decides."""
    log = TenantLog(mode="strict")
    assert refused(log.one("billing.paid")) == ("unknown_activity", ["activity"])
    assert log.one("user.login").status == "stored"


@pytest.mark.parametrize(
    "activity", ["audit-log.searched", "audit-log.anything", "Audit-Log.searched", "AUDIT-LOGS", "audit-log"]
)
def test_daybooks_own_activities_are_reserved(activity: str) -> None:
    """Nobody can write into the log of the log, and no name looks as if somebody could."""
    assert refused(TenantLog().one(activity)) == ("reserved_activity", ["activity"])
    assert TenantLog().one("my-audit-log.searched").status == "stored"


def test_params_of_the_named_variant_are_needed() -> None:
    """The refusal names all missing parameters. Details can replace them."""
    sent: dict[str, Any] = {"variant": "name", "params": {"old_name": "a"}}
    code, paths = refused(TenantLog("jiffy").one("clusters.update", **sent))
    assert code == "missing_params"
    assert paths == ["params.new_name", "params.app", "params.app_group"]
    assert TenantLog("jiffy").one("clusters.update", **sent, details="renamed").status == "stored"


def test_an_unknown_variant_is_named() -> None:
    """The message lists the variants that exist."""
    result = TenantLog("jiffy").one("clusters.update", variant="colour")
    assert refused(result) == ("unknown_variant", ["variant"])
    assert "name" in result.errors[0].message


def test_a_tie_asks_for_the_variant() -> None:
    """Two variants have the same parameters, so the message lists both."""
    result = TenantLog("enate").one("process.set-live", {**MIKE, "roles": ["Release Manager"]})
    assert refused(result) == ("variant_needed", ["variant"])
    assert "case, ticket" in result.errors[0].message


def test_the_sentence_is_rendered_once() -> None:
    """The sentence comes from the parameters, with a token for a person. Parameters of no variant are kept too."""
    log = TenantLog("jiffy")
    assert log.one("user.invite", variant="member", params={"user": "jane.roe", "extra": 5}).status == "stored"
    assert log.content["details"] == "~1.0; invited"
    assert log.content["params"] == {"user": "~1.0;", "extra": 5}
    assert log.content["variant"] == "member"


def worded(template: str) -> Activity:
    """One of the tenant's own activities with this template."""
    return replace(uncatalogued("own.one"), variants=(Variant("default", "", template, (Param("a", "text"),)),))


@pytest.mark.parametrize(
    ("template", "param", "size"),
    [
        ("{a}" * 32, "x" * 4_000, 128_000),
        ("{a}" * 33, "x" * 4_000, 132_000),
        ("x" * 3_072 + "{a}" * 32, "x" * 4_000, 131_072),
        ("x" * 3_073 + "{a}" * 32, "x" * 4_000, 131_073),
        ("x" * 2_687 + "ü" * 193 + "{a}" * 32, "x" * 4_000, 131_073),
        ("{a}" * 17, "\U0001f980" * 2_000, 136_000),
        ("{a}" * 9, ["é" * 4_000, "é" * 4_000], 144_036),
        ("{a}" * 64, 2**53 - 1, 1_024),
        ("{a}" * 64, {"user": "x" * 256}, 16_384),
    ],
)
def test_a_sentence_is_bounded_whatever_is_filled_in(template: str, param: Any, size: int) -> None:
    """The limit is 128 KB of UTF-8. Only that event is refused; the sender can give short details instead."""
    log = TenantLog(own=[worded(template)])
    before, result, after = log.send(
        *({"activity": name, "actor": MIKE, "params": {"a": param}} for name in ("a.b", "own.one", "a.b"))
    )
    assert before.status == after.status == "stored"
    if size <= 128 * 1024:
        assert result.status == "stored"
    else:
        assert refused(result) == ("too_large", ["details"])
    assert log.one("own.one", params={"a": param}, details="in short").status == "stored"


def test_what_is_more_than_an_item_holds_is_refused_on_its_own() -> None:
    """The other events are stored, and a retry of an event that was stored before succeeds."""
    large = {"activity": "a.b", "actor": MIKE, "params": {"x": seeded_bytes(3)(1_000).hex()}}
    known = {**large, "id": "1", "occurred_at": format_time(NOW)}
    log = TenantLog()
    stored = log.send(known)[0]
    bounded = TenantLog(max_packed_bytes=800)
    bounded.events.events, bounded.people.rows = log.events.events, log.people.rows
    again, first, second, small = bounded.send(
        known, {**known, "id": "2"}, {**known, "id": "2"}, {"activity": "a.b", "actor": MIKE}
    )
    assert again == stored
    assert refused(first) == refused(second) == ("too_large", [""])
    assert small.status == "stored"


def test_details_win_over_the_sentence() -> None:
    """Empty details win too."""
    log = TenantLog("jiffy")
    log.one("user.login", details="")
    assert log.content["details"] == ""


def test_somebodys_doing_needs_somebody() -> None:
    """Origin `user` excludes the system and unknown actors."""
    for actor in (SYSTEM, {"type": "unknown"}, {"type": "unknown", "username": "mike.mars"}):
        assert refused(TenantLog("enate").one("work-item.opened", actor)) == ("actor_required", ["actor.type"])
    for actor_type in ("api", "operations"):
        assert TenantLog("enate").one("work-item.opened", {"type": actor_type}).status == "stored"
    sent = {"params": {"from": "Open", "to": "Done"}, "variant": "completed"}
    assert refused(TenantLog("enate").one("work-item.status-changed", SYSTEM, **sent))[0] == "actor_required"


def test_a_success_needs_the_role() -> None:
    """A failure is stored, because the attempt is evidence."""
    sent: dict[str, Any] = {"variant": "case"}
    assert refused(TenantLog("enate").one("process.set-live", **sent)) == ("role_required", ["actor.roles"])
    assert (
        refused(TenantLog("enate").one("process.set-live", {**MIKE, "roles": ["release manager"]}, **sent))[0]
        == "role_required"
    )
    assert TenantLog("enate").one("process.set-live", **sent, status="failure").status == "stored"
    assert (
        TenantLog("enate").one("process.set-live", {**MIKE, "roles": ["x", "Release Manager"]}, **sent).status
        == "stored"
    )


def test_a_source_outside_the_profiles_is_out_of_scope() -> None:
    """The rule applies only if the profile has a list."""
    assert refused(TenantLog("carear").one("x.y", source={"type": "mobile"})) == ("out_of_scope", ["source.type"])
    assert TenantLog("carear").one("x.y", source={"type": "portal"}).status == "stored"
    assert TenantLog("carear").one("x.y").status == "stored"
    assert TenantLog("symbee").one("x.y", source={"type": "anything"}).status == "stored"


@pytest.mark.parametrize(
    ("activity", "params", "code"),
    [
        ("a.b", {"who": {}}, "invalid_value"),
        ("a.b", {"who": {"user": "x", "id": "1"}}, "invalid_value"),
        ("a.b", {"who": {"id": "1", "occurred_at": "2026-11-22T16:00:00Z"}}, "invalid_value"),
        ("work.time-adjusted", {"session": {"user": "x"}}, "invalid_value"),
        ("work.time-adjusted", {"session": {"id": "1"}}, "invalid_value"),
        ("work.time-adjusted", {"session": 5}, "invalid_type"),
    ],
)
def test_which_objects_a_parameter_may_be(activity: str, params: dict[str, Any], code: str) -> None:
    """The object is a person or, where the catalogue expects an event, a reference to one."""
    assert refused(TenantLog().one(activity, params=params, changes=ADJUSTMENT)) == (
        code,
        [f"params.{next(iter(params))}"],
    )


@pytest.mark.parametrize("value", [5, True, ["x", 5], {"id": "1"}])
def test_a_person_as_parameter_is_a_username(value: Any) -> None:
    """The rule applies where the catalogue types the parameter as a person."""
    result = TenantLog("jiffy").one("user.invite", variant="member", params={"user": value})
    assert result.status == "rejected"
    assert result.errors[0].path.startswith("params.user")


def test_references_become_daybooks_ids() -> None:
    """The id is computed from the sender's id and time, in the event's own environment."""
    log = TenantLog()
    (first,) = log.send(
        {"id": "e-1", "occurred_at": "2026-11-22T16:00:00.5Z", "activity": "work.opened", "actor": MIKE}
    )
    reference = {"id": "e-1", "occurred_at": "2026-11-22T17:00:00.500+01:00"}
    log.events.events.clear()
    log.one("work.time-adjusted", caused_by=reference, params={"session": reference}, changes=ADJUSTMENT)
    assert log.content["caused_by"] == log.content["params"]["session"] == first.id
    log.events.events.clear()
    log.one(
        "work.time-adjusted", caused_by=first.id, environment="test", params={"session": first.id}, changes=ADJUSTMENT
    )
    assert log.content["caused_by"] == log.content["params"]["session"] == first.id


def test_environments() -> None:
    """The default is the key's own, else the tenant's first. An unknown one is refused; a foreign one is a 403."""
    log = TenantLog()
    log.one("a.b")
    assert log.content["environment"] == "prod"
    log = TenantLog(caller_environment="test")
    log.one("a.b")
    assert log.content["environment"] == "test"
    with pytest.raises(Problem) as denied:
        log.one("a.b", environment="prod")
    assert (denied.value.status, denied.value.code) == (403, "environment_denied")
    assert refused(TenantLog().one("a.b", environment="nowhere")) == ("unknown_environment", ["environment"])


def test_a_thousand_people() -> None:
    """Each person counts once, however often they are named. With one more, nothing is stored."""

    def events(people: int) -> list[dict[str, Any]]:
        named = [{"id": f"u{number}", "username": f"user-{number}"} for number in range(people)]
        sent: list[dict[str, Any]] = [
            {"activity": "a.b", "actor": {"type": "user", **named[0]}, "people": named[start : start + 50]}
            for start in range(0, people, 50)
        ]
        return [*sent, {"activity": "a.b", "actor": {"type": "user", "username": "USER-1"}}]

    log = TenantLog()
    assert {result.status for result in log.send(*events(1_000))} == {"stored"}
    log = TenantLog()
    with pytest.raises(Problem) as refusal:
        log.send(*events(1_001))
    assert (refusal.value.status, refusal.value.code) == (413, "too_many_people")
    assert not log.events.events
    assert not log.people.rows


def test_a_user_as_targets_changes_are_the_users() -> None:
    """Every value is sealed, except true and false, which reveal nothing."""
    log = TenantLog()
    changes = [{"field": "level", "from": 3, "to": "gold"}, {"field": "active", "from": True, "to": False}]
    log.one("a.b", target={"type": "user", "id": "u-2"}, changes=changes)
    assert log.content["changes"] == [
        {"field": "level", "from": "~1.6;", "to": "~1.7;"},
        {"field": "active", "from": True, "to": False},
    ]


@pytest.mark.parametrize(
    ("target", "by_target", "by_within"),
    [
        ({"type": "case", "id": "7"}, "case#7", None),
        ({"type": "case", "id": "a#b#c", "within": {"type": "box", "id": "x#"}}, "case#a#b#c", "box#x#"),
        ({"type": "case", "name": "only a name"}, None, None),
        ({"type": "case", "id": "^~"}, "case#^~", None),
        ({"type": "case", "id": "é" * 256}, "case#" + "é" * 256, None),
        ({"type": "case", "id": "é" * 257}, f"case#~{sha256(('é' * 257).encode()).hexdigest()}", None),
    ],
)
def test_targets_as_they_stand_in_keys(target: dict[str, Any], by_target: str | None, by_within: str | None) -> None:
    """The last part of a key may have any characters. An id over 512 bytes is replaced by its hash."""
    log = TenantLog()
    log.one("a.b", target=target)
    (form,) = log.events.events.values()
    keys = [None if key is None else key.removeprefix(f"{PARTITION}#") for key in (form.by_target, form.by_within)]
    assert keys == [by_target, by_within]


def test_a_target_named_like_somebody_is_keyed_by_the_guid() -> None:
    """An id that is the name becomes the GUID; one that contains the name, a keyed hash. Both are stable."""
    log = TenantLog()
    guid = ""
    for target_id, is_guid in (("MIKE.MARS", True), ("of-mike.mars", False), ("of-Mike.Mars", False)):
        log.events.events.clear()
        log.one("a.b", target={"type": "case", "id": target_id})
        guid = log.content["actor"]["id"]
        (form,) = log.events.events.values()
        key = (form.by_target or "").removeprefix(f"{PARTITION}#case#")
        assert (key == guid) == is_guid
        assert is_guid or (key[0], len(key)) == ("^", 33)


@pytest.mark.parametrize("tenants", [("acme", "acme-1"), ("acme-1", "acme")])
def test_look_alike_tenants_share_no_key(tenants: tuple[str, str]) -> None:
    """No target id that a sender chooses can make their keys overlap."""
    keys = []
    for tenant in tenants:
        log = TenantLog(tenant=tenant)
        for target_id in ("1", "1#0#0#case#1", "#", f"{code_for('acme-1')}#0#0"):
            log.one("a.b", target={"type": "case", "id": target_id, "within": {"type": "box", "id": target_id}})
        forms = log.events.events.values()
        keys.append(
            {
                key
                for form in forms
                for key in (form.partition, form.by_actor, form.by_activity, form.by_target, form.by_within)
            }
        )
        assert all((key or "").startswith(f"{code_for(tenant)}#0#0") for key in keys[-1])
    assert not keys[0] & keys[1]
