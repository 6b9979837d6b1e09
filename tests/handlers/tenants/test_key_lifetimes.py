"""When keys end, how they are rotated, and when they were last used."""

from dataclasses import replace
from typing import Any

import pytest

from authorize.credentials import ApiKeys
from daybook.access.api_keys import OPERATORS, Key, KeyOwner, parse
from daybook.clock import DAY, HOUR, MINUTE, format_time
from daybook.http.caller import Caller
from daybook.tenant import Tenant
from tests.support.calls import answered, authorized
from tests.support.tenancy import NOW, Tenancy

AUDITOR = {"role": "auditor", "label": "SIEM"}


def _made(acme: Tenancy, **changed: Any) -> dict[str, Any]:
    answer = acme.issue({**AUDITOR, **changed})
    assert answer["statusCode"] == 201, answer["body"]
    made: dict[str, Any] = answered(answer)
    return made


def _rotated(acme: Tenancy, key_id: str, **body: Any) -> dict[str, Any]:
    answer = acme.rotate(key_id, body)
    assert answer["statusCode"] == 201, answer["body"]
    made: dict[str, Any] = answered(answer)
    return made


def _ends(acme: Tenancy) -> dict[str, str | None]:
    """By the id of each listed key."""
    return {key["key_id"]: key["valid_until"] for key in answered(acme.keys())["keys"]}


def test_a_key_can_be_made_to_end(acme: Tenancy) -> None:
    """Any offset and precision is accepted; the answer, the list and the record have UTC milliseconds."""
    made = _made(acme, valid_until="2026-11-23T01:00:00.0009+01:00")
    assert made["valid_until"] == "2026-11-23T00:00:00.000Z"
    assert _ends(acme) == {made["key_id"]: made["valid_until"]}
    assert acme.log.records[-1][2]["valid_until"] == made["valid_until"]


def test_an_expired_key_stays_listed(acme: Tenancy) -> None:
    """Nothing deletes it but a revocation."""
    made = _made(acme, valid_until=format_time(NOW + 1))
    acme.now += 400 * DAY
    assert _ends(acme) == {made["key_id"]: made["valid_until"]}
    assert acme.revoke(made["key_id"])["statusCode"] == 204
    assert _ends(acme) == {}


@pytest.mark.parametrize(
    ("until", "code"),
    [
        ("tomorrow", "invalid_time"),
        ("2026-11-23", "invalid_time"),
        (format_time(NOW), "invalid_value"),
        ("1970-01-01T00:00:00Z", "invalid_value"),
        (5, "invalid_type"),
    ],
)
def test_a_key_ends_in_the_future(acme: Tenancy, until: Any, code: str) -> None:
    """A tenant's or the operators'; no key is made otherwise."""
    for answer in (
        acme.issue({**AUDITOR, "valid_until": until}),
        acme.make_operators_key({"label": "x", "valid_until": until}),
    ):
        assert (answer["statusCode"], answered(answer)["code"]) == (422, code)
        assert [error["path"] for error in answered(answer)["errors"]] == ["valid_until"]
    assert _ends(acme) == {}
    assert acme.log.records == []


@pytest.mark.every_store
def test_a_rotated_key_overlaps_with_the_new_one(acme: Tenancy) -> None:
    """Both are valid for that long. The new key is like the old one in all but its id, secret and age."""
    old = _made(acme, environment="test")
    acme.now += DAY
    new = _rotated(acme, old["key_id"], overlap_seconds=7_200)
    same = ("role", "environment", "label")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert new["created_at"] == format_time(acme.now)
    assert _ends(acme) == {old["key_id"]: format_time(acme.now + 2 * HOUR), new["key_id"]: None}
    for made in (old, new):
        key = parse(made["key"])
        assert key
        stored = acme.credentials.credential(key.id)
        assert stored
        assert stored.issued.is_valid_at(acme.now + 2 * HOUR - 1)
        assert stored.issued.is_valid_at(acme.now + 2 * HOUR) == (made is new)


def test_each_key_of_a_chain_of_rotations_names_the_first_one(acme: Tenancy) -> None:
    """To it belongs what each of them may use, as saved views do. The authorizer tells every function."""
    first = _made(acme)
    second = _rotated(acme, first["key_id"])
    third = _rotated(acme, second["key_id"])
    keys = ApiKeys(acme.credentials, lambda _: None, lambda: acme.now)
    callers = [keys.caller(each["key"]) for each in (first, second, third)]
    seen = [Caller.from_context(caller.context()) for caller in callers if caller]
    assert [(caller.credential, caller.first_key) for caller in seen] == [
        (each["key_id"], first["key_id"]) for each in (first, second, third)
    ]


def test_an_overlap_is_an_hour_unless_said(acme: Tenancy) -> None:
    """None at all ends the old key at once."""
    first, second = _made(acme), _made(acme)
    _rotated(acme, first["key_id"])
    _rotated(acme, second["key_id"], overlap_seconds=0)
    ends = _ends(acme)
    assert ends[first["key_id"]] == format_time(NOW + HOUR)
    assert ends[second["key_id"]] == format_time(NOW)


def test_a_new_key_is_given_as_much_time_as_the_old_one_was(acme: Tenancy) -> None:
    """Also if the old one has little time left, and again if the new one is rotated, because its answer was lost."""
    key = _made(acme, valid_until=format_time(NOW + 90 * DAY))
    for acme.now in (NOW + 60 * DAY, NOW + 60 * DAY + MINUTE, NOW + 150 * DAY):
        key = _rotated(acme, key["key_id"], overlap_seconds=0)
        assert key["valid_until"] == format_time(acme.now + 90 * DAY)


def test_no_overlap_makes_a_key_live_longer(acme: Tenancy) -> None:
    """The old key keeps the end that it was made with, where that comes first."""
    old = _made(acme, valid_until=format_time(NOW + MINUTE))
    _rotated(acme, old["key_id"], overlap_seconds=7_200)
    assert _ends(acme)[old["key_id"]] == format_time(NOW + MINUTE)


@pytest.mark.parametrize("until", [None, format_time(NOW + MINUTE)])
def test_a_key_is_rotated_once(acme: Tenancy, until: str | None) -> None:
    """Also if its end stays the same, and after the new key is revoked. Nothing more is recorded or made."""
    old = _made(acme, valid_until=until)
    new = _rotated(acme, old["key_id"])
    acme.revoke(new["key_id"])
    before = list(acme.log.records)
    answer = acme.rotate(old["key_id"], {})
    assert (answer["statusCode"], answered(answer)["code"]) == (409, "key_replaced")
    assert acme.log.records == before
    assert list(_ends(acme)) == [old["key_id"]]


def test_an_expired_key_is_not_rotated(acme: Tenancy) -> None:
    """Else whoever has an old list could make a valid key of what has ended."""
    old = _made(acme, valid_until=format_time(NOW + MINUTE))
    acme.now += MINUTE
    before = list(acme.log.records)
    answer = acme.rotate(old["key_id"], {})
    assert (answer["statusCode"], answered(answer)["code"]) == (409, "key_expired")
    assert (acme.log.records, list(_ends(acme))) == (before, [old["key_id"]])


@pytest.mark.large
def test_a_thousand_keys_are_the_most(acme: Tenancy) -> None:
    """Expired ones count: a longer list could not be answered. One revocation makes room for one key."""
    old = _made(acme)["key_id"]
    operators = answered(acme.make_operators_key({"label": "x"}))["key_id"]
    settings = acme.control.settings(Tenant("acme"))
    for owner, like in ((KeyOwner(settings.code, "acme"), old), (OPERATORS, operators)):
        issued = acme.wiring.issued_keys.key_of(owner, like)
        for number in range(999):
            other = replace(issued, id=f"{like}{number}", valid_until=format_time(1))
            acme.wiring.issued_keys.put_key(owner, Key(other.id, "s" * 32), other)
    before = list(acme.log.records)
    for answer in (acme.issue(AUDITOR), acme.rotate(old, {}), acme.make_operators_key({"label": "x"})):
        assert (answer["statusCode"], answered(answer)["code"]) == (422, "too_many_keys")
    assert acme.log.records == before
    assert len(_ends(acme)) == len(answered(acme.operators_keys())["keys"]) == 1_000
    acme.revoke(f"{old}0")
    assert acme.rotate(old, {})["statusCode"] == 201


def test_a_rotation_is_recorded_with_both_keys(acme: Tenancy) -> None:
    """One event says which key replaces which, and until when the old one is valid."""
    old = _made(acme)
    new = _rotated(acme, old["key_id"], overlap_seconds=0)
    assert acme.log.records[-1][1:] == (
        "key-created",
        {
            "key_id": new["key_id"],
            "key_label": "SIEM",
            "role": "auditor",
            "environment": "*",
            "replaced": old["key_id"],
            "replaced_until": format_time(NOW),
        },
    )
    acme.log.broken = True
    assert acme.rotate(new["key_id"], {})["statusCode"] == 503
    assert len(_ends(acme)) == 2


@pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1, 10**30, 1.5, "3600", True, None])
def test_what_no_overlap_is_is_422(acme: Tenancy, overlap: Any) -> None:
    """Nothing is recorded or changed."""
    old = _made(acme)
    before = list(acme.log.records)
    answer = acme.rotate(old["key_id"], {"overlap_seconds": overlap})
    assert answer["statusCode"] == 422
    assert [error["path"] for error in answered(answer)["errors"]] == ["overlap_seconds"]
    assert acme.log.records == before
    assert _ends(acme) == {old["key_id"]: None}


def test_a_key_out_of_reach_is_not_rotated(acme: Tenancy) -> None:
    """403 for an admin of another environment, 404 for another tenant's or none, 403 for other roles."""
    acme.create(tenant="acme-2")
    key_id = _made(acme)["key_id"]
    assert acme.rotate(key_id, {}, authorizer=authorized(environment="test"))["statusCode"] == 403
    assert acme.rotate(key_id, {}, authorizer=authorized("auditor"))["statusCode"] == 403
    assert acme.rotate(key_id, {}, authorizer=authorized(tenant="acme-2"))["statusCode"] == 404
    for missing in ("unknown", "K1", "a#b", "k" * 3_000):
        assert acme.rotate(missing, {})["statusCode"] == 404
    assert acme.rotate(key_id, {}, tenant="acme-2")["statusCode"] == 404


@pytest.mark.every_store
def test_a_list_says_when_each_key_was_last_used(acme: Tenancy) -> None:
    """To the hour; null for a key that never was."""
    used, unused = _made(acme), _made(acme)
    acme.wiring.last_uses.note_use(used["key_id"], NOW // HOUR)
    last = {key["key_id"]: key["last_used_at"] for key in answered(acme.keys())["keys"]}
    assert last == {used["key_id"]: "2026-11-22T16:00:00.000Z", unused["key_id"]: None}
