"""`docs/reference/format.md` is complete: a reader written from it alone opens what is stored."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from daybook.events.mentions import known_by, known_by_token
from daybook.http.caller import User
from daybook.people.identities import Reference
from tests.support.fixed_events import DICTIONARY, FIXED, ON_THE_PAGE, PAGE, SECRET, example_of, written_page
from tests.support.ingest import settings
from tests.unit.events import independent_reader as reader

DICTIONARIES = {1: DICTIONARY.read_bytes()}


def on_the_page() -> dict[str, str]:
    """The worked example: `name: value`, or the value in lines between bars."""
    block = re.search(r"<!-- worked example -->\n```text\n(.*?)```\n<!-- end", PAGE.read_text("utf-8"), re.DOTALL)
    assert block
    values: dict[str, str] = {}
    name = ""
    for line in block[1].splitlines():
        if piece := re.fullmatch(r"  \|(.*)\|", line):
            values[name] += piece[1]
        else:
            name, _, value = line.partition(":")
            values[name] = value.strip()
    return values


def keys_in(values: dict[str, str]) -> dict[str, bytes]:
    return {name.removeprefix("key of "): bytes.fromhex(key) for name, key in values.items() if name[:7] == "key of "}


def opened(example: dict[str, Any], keys: dict[str, bytes] | None = None) -> reader.Event:
    canonical = reader.inflated(bytes.fromhex(example["packed"]), DICTIONARIES)
    every = {guid: bytes.fromhex(key) for guid, key in example["person_keys"].items()}
    return reader.Event(canonical, every if keys is None else keys)


def test_the_pages_example_is_the_fixed_one() -> None:
    """`python -m tests.support.fixed_events` writes both."""
    (path,) = [path for path in FIXED if path.stem == ON_THE_PAGE]
    text = PAGE.read_text("utf-8")
    assert written_page(text, example_of(path)) == text


def test_the_example_can_be_followed_step_by_step() -> None:
    """From the bytes on the page to the event as it was sent, and from the event to its id and keys."""
    page = on_the_page()
    code, number, secret = page["tenant's code"], int(page["environment's number"]), page["secret"].encode()
    sent = json.loads(page["sent"])
    canonical = reader.inflated(bytes.fromhex(page["z"]), DICTIONARIES)
    assert canonical.decode() == page["canonical bytes"]
    assert reader.leaf(canonical).hex() == page["leaf"]
    event = reader.Event(canonical, keys_in(page))
    content, actor = event.content, event.content["actor"]

    occurred_ms = reader.milliseconds(sent["occurred_at"])
    id_key = reader.tenant_key(secret, code, "event id")
    assert reader.derived_id(id_key, code, number, sent["id"], occurred_ms) == content["id"] == page["sk"]
    normal = reader.normal_form(sent)
    fingerprint = b"\1" + reader.tag(reader.tenant_key(secret, code, "fingerprint"), b"event" + normal)
    assert fingerprint.hex() == page["f"]

    left_ms = occurred_ms + (settings("generic").retention_days or 0) * 86_400_000
    assert int(page["expires_at"]) == -(-(left_ms + 86_400_000) // 1_000)

    home = f"{code}#{number}#0"
    hidden = reader.tag(reader.tenant_key(secret, code, "index"), reader.lp("hidden id", sent["target"]["id"])).hex()
    assert page["pk"] == home
    assert page["by_actor"] == f"{home}#{actor['id']}"
    assert page["by_activity"] == f"{home}#{sent['activity']}"
    assert page["by_target"] == f"{home}#invoice#^{hidden}"
    assert page["by_within"] == f"{home}#account#A-7"

    for name in ("details", "changes", "params"):
        assert event.text(content[name]) == sent[name]
    assert event.text(content["client_id"]) == sent["id"]
    assert event.text(content["target"]) == sent["target"]
    shown = event.person(actor["id"])
    assert (shown["username"], shown["client_id"], shown["name"]) == ("mike.mars", "u-17", "Mike Mars")
    assert event.person(actor["impersonator"]["id"])["username"] == "support.lee"
    assert content["context"]["of"] == actor["impersonator"]["id"]
    assert event.origin() == {"ip": "203.0.113.7"}
    assert [event.person(person["id"])["username"] for person in content["people"]] == [
        *("mike.mars", "support.lee", "jane.roe")
    ]
    assert content["details"] == "~0.1; approved ~~1,250 € for ~2.6;"


def test_what_is_left_of_the_forgotten() -> None:
    """Without a person's key the GUID stands in every place of theirs, and the others are as they were."""
    page = on_the_page()
    canonical = reader.inflated(bytes.fromhex(page["z"]), DICTIONARIES)
    everyone = keys_in(page)
    actor = json.loads(canonical)["actor"]["id"]
    event = reader.Event(canonical, {guid: key for guid, key in everyone.items() if guid != actor})
    assert event.person(actor) == {}
    assert event.text(event.content["details"]) == f"{actor} approved ~1,250 € for Jane.Roe"
    assert event.text(event.content["target"]["id"]) == f"1042-{actor}"
    assert event.origin() == {"ip": "203.0.113.7"}


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_every_fixed_event_opens(path: Path) -> None:
    """To what was sent, whatever the reader was written for."""
    example = example_of(path)
    sent = reader.without_empties(example["sent"])
    event = opened(example)
    content, actor = event.content, sent["actor"]
    for name in ("changes", "params"):
        assert event.text(content.get(name)) == sent.get(name)
    if "details" in sent:
        assert event.text(content["details"]) == sent["details"]
    shown = event.person(content["actor"]["id"]) if "id" in content["actor"] else content["actor"]
    for name, written in (("username", "username"), ("name", "name"), ("email", "email"), ("client_id", "id")):
        if written in actor:
            assert shown[name] == actor[written]
    context = sent.get("context", {})
    assert event.origin() == {name: context[name] for name in ("ip", "user_agent") if name in context}
    for name in ("session_id", "request_id"):
        assert event.text(content.get("context", {}).get(name)) == context.get(name)
    assert ("salt" in content) != any("sealed" in person for person in content.get("people", ()))
    known = settings(example["profile"])
    if "id" in sent:
        fingerprint = reader.tag(
            reader.tenant_key(SECRET, known.code, "fingerprint"), b"event" + reader.normal_form(sent)
        )
        assert example["stored"]["fingerprint"] == (b"\1" + fingerprint).hex()
    else:
        assert example["stored"]["fingerprint"] is None


def test_an_unknown_format_is_not_guessed_at() -> None:
    """A first byte that names no dictionary, and a version that the page does not describe."""
    page = on_the_page()
    z = bytes.fromhex(page["z"])
    with pytest.raises(KeyError):
        reader.inflated(b"\2" + z[1:], DICTIONARIES)
    with pytest.raises(AssertionError):
        reader.Event(page["canonical bytes"].replace('"v":1', '"v":2').encode(), {})


@pytest.mark.parametrize(
    ("ip", "canonical"),
    [
        ("2001:DB8:0::1", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("64:ff9b::203.0.113.9", "64:ff9b::cb00:7109"),
        ("::FFFF:203.0.113.9", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.009", "203.0.113.009"),
        ("FE80::1%Eth0", "fe80::1%Eth0"),
        ("caf\u0065\u0301.example", "caf\u00e9.example"),
    ],
)
def test_an_address_is_one_person_however_it_is_spelled(ip: str, canonical: str) -> None:
    """The form under the keyed hash is permanent. An agent of the same text is somebody else."""
    key = reader.tenant_key(SECRET, settings("generic").code, "address")
    of_address, of_agent = known_by(ip, canonical, key), known_by(None, canonical, key)
    assert of_address == Reference(address=reader.tag(key, reader.lp("address", canonical)).hex())
    assert of_agent == Reference(address=reader.tag(key, reader.lp("agent", canonical)).hex())


def test_a_caller_with_a_token_is_issuer_and_subject() -> None:
    """The form under the keyed hash is permanent. Names are no part of it."""
    key = reader.tenant_key(SECRET, settings("generic").code, "address")
    user = User("https://id.example", "248289761001", "mike", "Mike Mars", "mike@mars.example")
    hashed = reader.tag(key, reader.lp("oidc", user.issuer, user.subject)).hex()
    assert known_by_token(user, key) == Reference(caller=hashed)
