"""What OCSF records say: activities, administrators, addresses, impersonators. That they are valid: test_formats.py."""

import json
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.delivery.formats import FORMATS, ocsf
from daybook.delivery.formats.administrators import names_administrator
from daybook.delivery.formats.ocsf_types import endpoint, is_email
from tests.support.native_events import ALIASES, EMAILS, demo_events
from tests.support.ocsf.validator import SCHEMA, VERSION, faults_of_type

ACTIVITIES = SCHEMA["class"]["attributes"]["activity_id"]["enum"]
(ACTED,) = [event for event in demo_events("symbee") if event["activity"] == "adminuser.login"][:1]
USER = {"type": "user", "id": "g", "user_type": None, "roles": None, "impersonator": None, "email": None}
PERSON = {"id": "g2", "client_id": None, "username": "lee", "name": None, "email": "no e-mail", "forgotten": False}


def record_of(**changed: Any) -> dict[str, Any]:
    """The record of an event of Symbee's demo with these fields. Of `actor` and `context` the others stay."""
    native = ACTED | {"source": None, "status": "success", "actor": ACTED["actor"] | USER}
    native |= {name: native[name] | value if name in ("actor", "context") else value for name, value in changed.items()}
    made: dict[str, Any] = json.loads(FORMATS["ocsf"](native, None, ALIASES))
    return made


def test_the_version_is_the_schemas() -> None:
    """Records name the version whose schema the tests hold them against."""
    assert ocsf.VERSION == VERSION


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


def test_every_activity_of_the_class_has_its_own_name() -> None:
    """So an event is Other only where the class has no activity for it."""
    for number, each in ACTIVITIES.items():
        if number not in ("0", "99"):
            assert ocsf.activity_id(f"thing.{each['caption'].lower()}") == int(number)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Admin", True),
        ("ADMIN", True),
        ("super-admin", True),
        ("SuperAdmin", True),
        ("superadmin", True),
        ("admin_readonly", True),
        ("ADMIN2", True),
        ("Tenant Admin", True),
        ("Database Administrators", True),
        ("Admin/Member", True),
        ("root", True),
        ("Non-Admin", False),
        ("not an admin", False),
        ("Release Manager", False),
        ("administration", False),
        ("badminton", False),
        ("portal", False),
        ("", False),
    ],
)
def test_a_label_names_an_administrator_by_a_word(label: str, expected: bool) -> None:
    assert names_administrator(label) is expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (1, "User")),
        ({"actor": {"user_type": "Admin"}}, (2, "Admin")),
        ({"actor": {"roles": ["Agent", "Administrator"]}}, (2, "Admin")),
        ({"actor": {"roles": ["Agent"], "user_type": "Member"}}, (1, "User")),
        ({"source": {"type": "super-admin"}}, (2, "Admin")),
        ({"source": {"type": "portal"}}, (1, "User")),
        ({"source": {"type": "ADMIN"}, "status": "failure"}, (1, "User")),
        ({"source": {"type": "ADMIN"}, "actor": {"impersonator": PERSON}}, (1, "User")),
        ({"actor": {"type": "operations", "id": None}}, (2, "Admin")),
        ({"actor": {"type": "system", "id": None, "roles": ["Admin"]}}, (3, "System")),
        ({"actor": {"type": "api", "id": None, "roles": ["admin"]}}, (4, "Service")),
        ({"actor": {"type": "unknown"}, "source": {"type": "ADMIN"}}, (0, "Unknown")),
    ],
)
def test_the_type_of_an_actor(changed: dict[str, Any], expected: tuple[int, str]) -> None:
    """Administrators by their roles, their user type, or the interface through which they succeeded."""
    user = record_of(**changed)["actor"]["user"]
    assert (user["type_id"], user["type"]) == expected


def test_an_impersonator_is_unmapped() -> None:
    """With everything that the event says, and never as the actor."""
    record = record_of(actor={"impersonator": PERSON}, context={"ip": "203.0.113.7"})
    assert record["unmapped"]["impersonator"] == PERSON
    assert record["actor"]["user"]["uid"] == "g"
    assert record["src_endpoint"] == {"ip": "203.0.113.7"}


@pytest.mark.parametrize(
    ("sent", "ip", "port", "kept"),
    [
        ("203.0.113.7", "203.0.113.7", None, False),
        ("203.0.113.7:443", "203.0.113.7", 443, False),
        ("203.0.113.7:0443", "203.0.113.7", 443, True),
        ("203.0.113.7:65535", "203.0.113.7", 65535, False),
        ("203.0.113.7:65536", None, None, True),
        ("203.0.113.7:", None, None, True),
        ("203.0.113.7:٣", None, None, True),
        ("203.0.113.07", None, None, True),
        ("203.0.113.7\n", None, None, True),
        ("2001:db8::1", "2001:db8::1", None, False),
        ("2001:DB8:0::1", "2001:db8::1", None, True),
        ("[2001:db8::1]", "2001:db8::1", None, True),
        ("[2001:db8::1]:443", "2001:db8::1", 443, False),
        ("fe80::1%eth0", "fe80::1", None, True),
        ("[fe80::1%eth0]:443", "fe80::1", 443, True),
        ("::ffff:203.0.113.7", "203.0.113.7", None, True),
        ("203.0.113.7, 198.51.100.4", None, None, True),
        ("unknown", None, None, True),
        ("", None, None, True),
    ],
)
def test_an_address_is_valid_or_unmapped(sent: str, ip: str | None, port: int | None, kept: bool) -> None:
    """The port is apart. What the two leave out is kept as it was sent."""
    record = record_of(context={"ip": sent})
    expected = {name: value for name, value in (("ip", ip), ("port", port)) if value is not None}
    assert record.get("src_endpoint", {}) == expected
    assert record["unmapped"].get("ip") == (sent if kept else None)


@given(st.ip_addresses(v=4), st.integers(0, 65_535))
def test_every_ipv4_address_is_one(address: IPv4Address, port: int) -> None:
    assert endpoint(f"{address}") == ({"ip": f"{address}"}, None)
    assert endpoint(f"{address}:{port}") == ({"ip": f"{address}", "port": port}, None)


@given(st.ip_addresses(v=6), st.integers(0, 65_535))
def test_every_ipv6_address_is_one(address: IPv6Address, port: int) -> None:
    """In whatever spelling; in the IPv4 spelling where it is such an address."""
    ip = str(address.ipv4_mapped or address)
    for spelled in (f"{address}", address.exploded, f"[{address}]", f"{address}%1"):
        assert endpoint(spelled)[0] == {"ip": ip}
    assert endpoint(f"[{address}]:{port}")[0] == {"ip": ip, "port": port}
    assert not list(faults_of_type(ip, "ip_t"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mike@mars.example", True),
        ("mike.mars+audit@mail.mars.example", True),
        ("o'hara@xn--mrs-qla.example", True),
        ("a@b.c", True),
        (f"{'a' * 64}@x.example", True),
        (f"{'a' * 65}@x.example", False),
        (f"a@{'x.' * 126}example", False),
        (f"a@{'x' * 64}.example", False),
        ("mike", False),
        ("mike@mars", False),
        ("mike@mars.", False),
        ("mike@@mars.example", False),
        ("a..b@mars.example", False),
        (".a@mars.example", False),
        ("a,b@mars.example", False),
        ("a@-mars.example", False),
        ("a@203.0.113.7", False),
        ("mike@mars.example\n", False),
        ("Mike <mike@mars.example>", False),
        ('"mike mars"@mars.example', False),
        ("mäx@mars.example", False),
        ("", False),
    ],
)
def test_an_email_is_valid_or_unmapped(text: str, expected: bool) -> None:
    record = record_of(actor={"email": text})
    assert record["actor"]["user"].get("email_addr") == (text if expected else None)
    assert record["unmapped"].get("email") == (None if expected else text)


@given(EMAILS)
def test_what_is_taken_for_an_email_is_ocsfs(text: str) -> None:
    """Never the other way round: OCSF's regular expression takes `a,b@c..d`, too."""
    assert not is_email(text) or not list(faults_of_type(text, "email_t"))
