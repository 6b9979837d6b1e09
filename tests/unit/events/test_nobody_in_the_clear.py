"""People in places where senders don't declare them: none is stored in the clear, and none looks like an alias."""

import time
from typing import Any

import pytest
from msgspec import structs

from daybook.events.packing import unpack
from tests.unit.events.test_acceptance import MIKE, TenantLog, refused


def stored_bytes(log: TenantLog) -> bytes:
    """Everything that is stored of the events: keys and content."""
    return b"".join(
        repr(structs.replace(event, packed=b"")).encode() + unpack(event.packed) for event in log.events.events.values()
    )


def test_a_persons_parameter_beside_details() -> None:
    """If details replace a template, a parameter that any variant types as a person is a person."""
    log = TenantLog("jiffy")
    assert log.one("user.invite", details="by hand", params={"user": "jane.roe"}).status == "stored"
    assert b"jane.roe" not in stored_bytes(log)
    assert len(log.content["people"]) == 2


@pytest.mark.parametrize("name", ["4711007", "mike.mars"])
def test_a_name_of_digits_is_a_name(name: str) -> None:
    """The name is found in texts and in ids."""
    log = TenantLog()
    actor = {"type": "user", "username": name}
    target = {"type": "account", "id": f"acct-{name}"}
    assert log.one("a.b", actor, details=f"User {name} did", target=target).status == "stored"
    assert name.encode() not in stored_bytes(log)


@pytest.mark.parametrize("field", ["name", "email"])
def test_an_unknown_actor_is_named_by_a_username(field: str) -> None:
    """A person with only a name could not be reached by a forgetting."""
    log = TenantLog()
    assert refused(log.one("a.b", {"type": "unknown", field: "mike@mars.example"})) == (
        "missing_field",
        ["actor.username"],
    )


def test_an_unknown_actors_user_agent_is_sealed() -> None:
    """The user agent is sealed even if no address came with it."""
    log = TenantLog()
    assert log.one("a.b", {"type": "unknown"}, context={"user_agent": "Odd Browser/7"}).status == "stored"
    assert b"Odd Browser" not in stored_bytes(log)


@pytest.mark.parametrize("kind", ["user", "User", "USER"])
def test_a_target_that_is_a_person_in_any_case(kind: str) -> None:
    """The type is kept as it was sent. The key and the content hold the GUID."""
    log = TenantLog()
    target = {"type": kind, "username": "jane.roe", "name": "Jane Roe", "within": {"type": kind, "id": "jane.roe"}}
    assert log.one("a.b", target=target).status == "stored"
    assert b"jane" not in stored_bytes(log).lower()
    (form,) = log.events.events.values()
    guid = log.content["people"][1]["id"]
    assert log.content["target"] == {"type": kind, "id": guid, "within": {"type": kind, "id": guid}}
    assert (form.by_target or "").endswith(f"#user#{guid}")
    assert (form.by_within or "").endswith(f"#user#{guid}")


@pytest.mark.parametrize("kind", ["user", "User"])
def test_a_user_with_only_a_name_is_no_target(kind: str) -> None:
    """Nobody could be forgotten by it. It is refused in whatever case, and never stored in the clear."""
    log = TenantLog()
    assert refused(log.one("a.b", target={"type": kind, "name": "Jane Doe"})) == ("missing_field", ["target.username"])


def test_an_impersonator_is_a_person() -> None:
    """Sealed, with the address and the user agent: they are of the person who really acted."""
    log = TenantLog()
    by = {"id": "u-7", "username": "support.lee", "name": "Lee Support", "email": "lee@support.example"}
    context = {"ip": "203.0.113.7", "user_agent": "Odd Browser/7"}
    assert log.one("a.b", {**MIKE, "impersonator": by}, context=context, details="by support.lee").status == "stored"
    written = stored_bytes(log).lower()
    assert not any(text.encode() in written for text in ("support", "203.0.113", "odd browser", "u-7"))
    actor, impersonator = log.content["people"]
    assert log.content["actor"]["impersonator"] == {"id": impersonator["id"]}
    assert log.content["context"] == {"of": impersonator["id"]}
    assert log.content["actor"]["id"] == actor["id"]
    (form,) = log.events.events.values()
    assert form.by_actor.endswith(f"#{actor['id']}")


def test_a_parameter_is_a_person_if_any_variant_types_it_so() -> None:
    """Whichever variant is chosen: the variants of other wordings name the same person."""
    log = TenantLog("jiffy")
    sent = {"app": "Invoices", "app_group": "Demo", "user": "jane.roe"}
    assert refused(log.one("apps.update", params=sent)) == ("variant_needed", ["variant"])
    assert log.one("apps.update", params=sent, variant="image").status == "stored"
    assert b"jane" not in stored_bytes(log)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ({"type": "user", "id": "😀" * 512}, "target.id"),
        ({"type": "user", "id": "a" * 129}, "target.id"),
        ({"type": "thing", "id": "1", "within": {"type": "user", "id": "é" * 512}}, "target.within.id"),
    ],
)
def test_a_users_id_is_as_short_as_an_actors(target: dict[str, Any], path: str) -> None:
    """It becomes part of a key of at most 1,024 bytes. A refused event creates no person."""
    log = TenantLog()
    assert refused(log.one("a.b", target=target)) == ("invalid_length", [path])
    assert not log.people.rows


def test_a_name_in_a_thousand_cases_costs_its_length() -> None:
    """Each spelling is kept as written, and none is searched for among all the others."""
    name = "abcdefghijkl"
    words = ["".join(c.upper() if case >> place & 1 else c for place, c in enumerate(name)) for case in range(1 << 11)]
    log = TenantLog()
    started = time.process_time()
    assert log.one("a.b", {"type": "user", "username": name}, details=" ".join(words)).status == "stored"
    # The limit is hundreds of times the usual cost. Only a cost quadratic in the number of words comes near it.
    assert time.process_time() - started < 5
    assert name.encode() not in stored_bytes(log).lower()
