"""What can't be an event's canonical bytes or keys is refused, and nothing made up crashes the verifier."""

import copy
import hashlib
import json
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.ids import event_id
from daybook_verify import rows
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.rows import canonical as canonical_rules
from daybook_verify.rows import names
from tests.support.page_script import IS_THERE, WHY_NOT
from tests.support.page_verifier import agree_on, ask

GUID, OTHER = "7e8b1406-d903-4c91-b7fb-69e769742c8d", "a5a4f007-abc4-4fe1-ab19-f685efde94ca"
KEY = bytes(range(64))
EVENT_ID = "01M821HPBK596JDW0Q5G8AY42AFE6D16QY4D"
PLACE = ("acme", "prod", EVENT_ID, GUID)
MANIFEST = {
    "view": "generic",
    "format": "csv",
    "mark": False,
    "tz": "Europe/London",
    "tenant_profile": "generic",
    "tenant_name": "Acme",
}


def rendered(manifest: dict[str, Any], canonical: bytes, keys: dict[str, bytes]) -> bytes:
    """By the auditor's program and by the console's page alike."""
    given = {"manifest": manifest, "canonical": canonical, "keys": keys}
    line: bytes = agree_on("row", lambda: rows.rendered(manifest, canonical, keys), **given)
    return line


def strict_json(canonical: bytes) -> Any:
    return agree_on("canonical", lambda: canonical_rules.strict_json(canonical), data=canonical)


def content_of(canonical: bytes) -> Any:
    return agree_on("content", lambda: rows.content_of(canonical), data=canonical)


def sealed(slots: Any, key: bytes = KEY, place: tuple[str, ...] = PLACE) -> str:
    plain = slots if isinstance(slots, bytes) else json.dumps(slots).encode()
    plain += b" " * (-len(plain) % 32)
    blob = AESSIV(key).encrypt(plain, [part.encode() for part in place])
    committed = hashlib.sha256(b"daybook 1 commitment" + key).digest()[:16]
    return urlsafe_b64encode(committed + blob).rstrip(b"=").decode()


def content(**changed: Any) -> dict[str, Any]:
    given = {
        "v": 1,
        "id": EVENT_ID,
        "tenant": "acme",
        "environment": "prod",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "received_at": "2026-11-22T16:31:08.000Z",
        "activity": "invoice:approve",
        "component": "invoice",
        "event": "approve",
        "category": "other",
        "variant": "one",
        "origin": "user",
        "status": "success",
        "visibility": "operations",
        "client_id": "~0.0;-1",
        "sender": {"credential": "k"},
        "actor": {"type": "user", "id": GUID, "roles": ["a"], "impersonator": {"id": OTHER, "name": "Lee"}},
        "source": {"type": "ADMIN"},
        "target": {"type": "user", "id": GUID, "within": {"type": "case", "id": "~0.0;"}},
        "params": {"amount": 5, "who": {"user": "~0.0;"}, "list": ["~~"]},
        "details": "~0.0; did it",
        "changes": [{"field": "f", "from": 1, "to": "~0.0;"}, {"field": "f", "from": True}],
        "context": {"of": OTHER, "session_id": "s", "request_id": "r"},
        "caused_by": "c",
        "adjusted": ["details"],
        "people": [{"id": GUID, "sealed": sealed(["mike"]), "declared": [{"name": "M"}]}, {"id": OTHER}],
    }
    return {name: value for name, value in (given | changed).items() if value is not None}


def line(of: dict[str, Any], keys: dict[str, bytes] | None = None) -> str:
    return rendered(MANIFEST, rfc8785.dumps(of), {GUID: KEY} if keys is None else keys).decode()


@pytest.mark.parametrize(
    ("slots", "shown", "full_name"),
    [
        ([None], "Unknown", "Unknown"),
        ([None, "Jane Roe"], "Unknown", "Jane Roe"),
        ([None, "System"], "Unknown", '"System"'),
        (["Unknown"], '"Unknown"', '"Unknown"'),
    ],
)
def test_an_unknown_actor_without_a_username_has_no_quotation_marks(
    slots: list[str | None], shown: str, full_name: str
) -> None:
    """They are for a username that is like an alias."""
    somebody = [{"id": GUID, "sealed": sealed(slots)}]
    given: dict[str, Any] = dict.fromkeys(("client_id", "target", "params", "details", "changes", "context"))
    canonical = rfc8785.dumps(content(actor={"type": "unknown", "id": GUID}, people=somebody, **given))
    for view, name, expected in (("generic", "Actor", shown), ("jiffy", "UserName", full_name)):
        manifest = {**MANIFEST, "view": view, "format": "ndjson"}
        assert json.loads(rendered(manifest, canonical, {GUID: KEY}))[name] == expected


def test_the_event_of_these_tests_is_genuine() -> None:
    assert line(content()).split(",")[2:4] == [f"mike (by {OTHER})", "mike"]
    assert line(content(), {}).split(",")[4] == f"{GUID} did it"


@pytest.mark.parametrize(
    "canonical",
    [
        b"",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":9007199254740992}',
        b'{"a":null}',
        b'{"a":NaN}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000a"}',
        b'{"a":"\\u001F"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"\xc3\xa9":1}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}{}',
        b"{'a':1}",
        b"[" * 100_000,
        b"1" * 10_000,
    ],
)
def test_only_one_sequence_of_bytes_is_a_content(canonical: bytes) -> None:
    with pytest.raises(NotGenuine):
        strict_json(canonical)


VALUES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.integers(1 - 2**53, 2**53 - 1),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
)


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert strict_json(rfc8785.dumps(value)) == value


@given(st.integers(0), st.integers(1, 255))
def test_an_altered_byte_is_refused_or_another_content(place: int, mask: int) -> None:
    """Bytes that are taken are the canonical ones of what they say, which is another content than before."""
    genuine = bytearray(rfc8785.dumps(content()))
    genuine[place % len(genuine)] ^= mask
    try:
        altered = content_of(bytes(genuine))
    except (NotGenuine, CannotTell):
        return
    assert rfc8785.dumps(altered) == genuine
    assert altered != content()


@pytest.mark.parametrize("version", [0, 2, "1", True, None])
def test_another_version_can_not_be_told(version: Any) -> None:
    with pytest.raises(CannotTell):
        line(content(v=version))


@pytest.mark.parametrize(
    "changed",
    [
        {"occurred_at": "2026-11-22T16:31:07.124Z"},
        {"occurred_at": "2026-11-22T17:31:07.123+01:00"},
        {"received_at": "2026-02-30T16:31:07.123Z"},
        {"id": EVENT_ID.lower()},
        {"id": EVENT_ID[:-1] + "U"},
        {"id": EVENT_ID + "0"},
        {"status": "maybe"},
        {"actor": {"type": "user", "id": "nobody"}},
        {"people": [{"id": GUID}, {"id": GUID}, {"id": OTHER}]},
        {"target": {"type": "User"}},
        {"actor": {"type": "user"}},
        {"details": "~0.9;"},
        {"details": "~7.0;"},
        {"details": "~"},
        {"details": "~0.0"},
        {"details": f"~{'9' * 5_000}.0;"},
    ],
)
def test_a_content_that_the_format_does_not_allow(changed: dict[str, Any]) -> None:
    with pytest.raises(NotGenuine):
        line(content(**changed))


def person(blob: str) -> dict[str, Any]:
    return content(people=[{"id": GUID, "sealed": blob}, {"id": OTHER}])


@pytest.mark.parametrize(
    "keys",
    [
        {GUID: bytes(64)},
        {GUID: KEY[:63]},
        {GUID: KEY + b"\0"},
        {GUID: KEY, "nobody": KEY},
    ],
)
def test_a_key_that_is_not_the_event_s(keys: dict[str, bytes]) -> None:
    with pytest.raises(NotGenuine):
        line(content(), keys)


@pytest.mark.parametrize(
    "blob",
    [
        "",
        "AAAA",
        "=",
        "é",
        sealed(["mike"]) + "=",
        sealed(["mike"])[:-2] + "AA",
        sealed(["mike"])[:-8],
        sealed(["mike"], place=("acme", "test", EVENT_ID, GUID)),
        sealed(["mike"], place=("acme", "prod", EVENT_ID, OTHER)),
        sealed({"username": "mike"}),
        sealed([True]),
        sealed([1.5]),
        sealed([["mike"]]),
        sealed(["\ud800"]),
        sealed(b"no JSON"),
        sealed(b"[" * 100_000),
        sealed([5]),
    ],
)
def test_sealed_fields_that_are_not_the_event_s(blob: str) -> None:
    with pytest.raises(NotGenuine):
        line(person(blob))


def test_base64url_has_one_form() -> None:
    """The last character of a blob may hold bits that stand for nothing. They have to be zero."""
    blob = next(sealed(["mike" * length]) for length in range(40) if len(sealed(["mike" * length])) % 4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    with pytest.raises(NotGenuine):
        line(person(blob[:-1] + alphabet[alphabet.index(blob[-1]) + 1]))


@pytest.mark.parametrize(
    "slots",
    [
        ["~0.0;"],
        ["~0.6; ", None, None, None, None, None, "~0.0;"],
        ["~0.6;" * 90, *[None] * 5, *(f"~0.{slot};" * 90 for slot in range(7, 14)), "x" * 90],
    ],
)
def test_tokens_that_stand_for_too_much(slots: list[str | None]) -> None:
    """A circle, and a few hundred bytes that stand for more text than a machine can hold."""
    with pytest.raises(NotGenuine):
        line(person(sealed(slots)))


@pytest.mark.parametrize(
    "changed",
    [
        {"view": "other"},
        {"view": None},
        {"format": "xml"},
        {"tenant_profile": "other"},
        {"tz": "Mars/Olympus"},
        {"tz": "../../etc/passwd"},
        {"tz": ""},
        {"tenant_name": None},
        {"tenant_name": "\ud800"},
    ],
)
def test_a_file_of_a_kind_that_is_not_known(changed: dict[str, Any]) -> None:
    with pytest.raises(CannotTell):
        rendered(MANIFEST | changed, rfc8785.dumps(content()), {GUID: KEY})


def test_a_time_that_the_zone_does_not_have() -> None:
    last = content(id=event_id(253_402_300_799_999, bytes(16)), occurred_at="9999-12-31T23:59:59.999Z")
    assert rendered(MANIFEST, rfc8785.dumps(last), {}).startswith(b"9999")
    with pytest.raises(CannotTell):
        rendered(MANIFEST | {"tz": "Asia/Tokyo"}, rfc8785.dumps(last), {})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place within a value."""
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, name)
        yield from places(each, (*path, name))


PLACES = [*places(content())]
JUNK = VALUES | st.sampled_from(
    ["~0.0;", "~1.0;", GUID, OTHER, "nobody", "user", "~", "2026-11-22T16:31:07.123Z", -1, {}, []]
)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.none() | JUNK), min_size=1, max_size=3),
    st.sampled_from(["generic", "native"]),
)
def test_nothing_that_stands_somewhere_crashes_the_verifier(
    changes: list[tuple[tuple[Any, ...], Any]], view: str
) -> None:
    """Any place of a content is left out (None) or replaced: a line comes out, or one of the two errors."""
    given = copy.deepcopy(content())
    for path, value in changes:
        held: Any = given
        try:
            for step in path[:-1]:
                held = held[step]
            _ = held[path[-1]]
            if value is None:
                del held[path[-1]]
            else:
                held[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # the place went with an earlier change
    try:
        shown = rendered(MANIFEST | {"view": view}, rfc8785.dumps(given), {GUID: KEY})
    except (NotGenuine, CannotTell):
        return
    assert shown.endswith(b"\r\n")


@pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
def test_the_page_folds_letters_as_the_program_does() -> None:
    """Where a letter folds to ASCII, and so could look like an alias: newer letters may fold otherwise."""
    known = [
        chr(each) for each in range(0x20, 0x20000) if unicodedata.category(chr(each)) not in ("Cn", "Cs", "Lo", "Co")
    ]
    for letter, (folded, _) in zip(known, ask("letters", texts=[f"x{each}y" for each in known]), strict=True):
        assert folded == names.letters(f"x{letter}y") or not f"{folded}{names.letters(letter)}".isascii(), letter
