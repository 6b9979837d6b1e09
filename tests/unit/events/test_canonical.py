"""Canonical bytes, leaves and the packed form."""

import hashlib
import itertools
import random
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.typical import stored_forms
from daybook.events import packing
from daybook.events.canonical import canonical, decode, leaf
from daybook.events.packing import pack, unpack
from events.typical import TYPICAL

INTEGERS = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(min_codepoint=1, max_codepoint=127))
CONTENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
FIRST_DICTIONARY = "19997505a3c1a1b2cd434e51675526c61be7b7616bb42df043333f7486e6e04d"

RFC_8785 = {
    "3.2.2, the types that contents have": (
        {"literals": [None, True, False], "string": '€$\u000f\nA\'B"\\\\"/'},
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    "3.2.2.2, each escape": (
        {"a": '\b\t\n\f\r"\\\x00\x1f\x7f/'},
        '{"a":"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f\x7f/"}',
    ),
    "3.2.3, the names in ASCII, sorted": (
        {"1": "One", "\r": "Carriage Return", "a": {"b": 1, "B": 2}},
        '{"\\r":"Carriage Return","1":"One","a":{"B":2,"b":1}}',
    ),
    "3.2.3, values beyond ASCII stay as they are": (
        {"a": "\u20ac", "b": "\ufb33", "c": "\U0001f600", "d": "\u0080", "e": "\u00f6"},
        '{"a":"\u20ac","b":"\ufb33","c":"\U0001f600","d":"\u0080","e":"\u00f6"}',
    ),
    "3.2.4, the bytes": ({"euro": "€"}, bytes.fromhex("7b226575726f223a22e282ac227d").decode()),
    "appendix B, integers": (
        {"a": [0, -0, 9007199254740991, -9007199254740991]},
        '{"a":[0,0,9007199254740991,-9007199254740991]}',
    ),
}


@pytest.mark.parametrize("case", RFC_8785)
def test_the_bytes_are_the_rfcs(case: str) -> None:
    """These are RFC 8785's own examples, limited to the types that a content can have."""
    value, expected = RFC_8785[case]
    assert canonical(value) == expected.encode()


@given(CONTENTS)
def test_the_bytes_are_the_oracles(content: Any) -> None:
    """The bytes agree for any content."""
    assert canonical(content) == rfc8785.dumps(content)


def test_half_a_surrogate_pair_has_no_bytes() -> None:
    """It is refused, not replaced."""
    with pytest.raises(UnicodeEncodeError):
        canonical({"a": "\ud800"})


def test_the_leaf_is_rfc_6962s() -> None:
    """It hashes a zero byte and the content. The value for an empty content is the RFC's own test vector."""
    assert leaf(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf(b"x") == hashlib.sha256(b"\x00x").digest()


@given(st.binary(max_size=3000) | CONTENTS.map(canonical))
def test_what_was_packed_unpacks(encoded: bytes) -> None:
    """Every byte is the same."""
    assert unpack(pack(encoded)) == encoded


@pytest.mark.parametrize(
    "encoded", [bytes(64 * 1024), hashlib.shake_256(b"").digest(64 * 1024)], ids=["zeros", "noise"]
)
def test_the_largest_event_unpacks(encoded: bytes) -> None:
    """64 KB of the most and the least compressible bytes. Packing adds less than half a percent."""
    packed = pack(encoded)
    assert unpack(packed) == encoded
    assert len(packed) < len(encoded) * 1.005


def test_an_earlier_dictionary_still_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes packed with the first dictionary still open when there is a second. New events use the second."""
    encoded = b'{"activity":"user.login"}'
    first = pack(encoded)
    monkeypatch.setattr(packing, "DICTIONARIES", ("1.txt", "1.txt"))
    monkeypatch.setattr(packing, "_NEWEST", 2)
    assert (first[0], pack(encoded)[0]) == (1, 2)
    assert unpack(first) == unpack(pack(encoded)) == encoded


def test_the_first_dictionary_is_frozen() -> None:
    """Every event stored with it is lost if a byte of it changes."""
    frozen = (Path(packing.__file__).parent / "dictionaries" / "1.txt").read_bytes()
    assert len(frozen) <= 4_000
    assert hashlib.sha256(frozen).hexdigest() == FIRST_DICTIONARY


def test_the_whole_dictionary_is_within_reach() -> None:
    """Zlib looks back 3,834 bytes, so an event can still refer to the dictionary's first bytes."""
    dictionary = (Path(packing.__file__).parent / "dictionaries" / "1.txt").read_bytes()
    assert len(pack(dictionary[:60])) <= 1 + 7


def _spelled(value: Any, chance: random.Random) -> Any:
    """The same event with other texts and numbers: of many scripts, with escapes, and of every size."""
    if isinstance(value, dict):
        return {name: inner if name in _FIXED_TEXTS else _spelled(inner, chance) for name, inner in value.items()}
    if isinstance(value, list):
        return [_spelled(each, chance) for each in value]
    if isinstance(value, str):
        return value + "".join(chance.choices(_LETTERS, k=chance.randrange(6)))
    return chance.randrange(-(2**53) + 1, 2**53) if type(value) is int and not chance.randrange(3) else value


_LETTERS = 'az09 "\\/~<>&\u00e9\u0301\u0416\u6f22\u05d0\u2028\ufb33\U0001f600\t\n'
_FIXED_TEXTS = frozenset({"activity", "type", "variant", "status", "origin", "occurred_at", "environment", "roles"})


@pytest.mark.parametrize(
    "count",
    [
        1_000,
        pytest.param(5_000, marks=pytest.mark.long),
        pytest.param(100_000, marks=(pytest.mark.long, pytest.mark.nightly)),
    ],
)
def test_the_content_of_any_event_has_the_oracles_bytes(count: int) -> None:
    """Events of all five products with texts and numbers of all kinds, as ingest writes them."""
    chance = random.Random(count)  # noqa: S311  the same each time
    compared = 0
    for product in itertools.cycle(TYPICAL):
        event = {name: value for name, value in TYPICAL[product].items() if name not in ("id", "params")}
        sent = [_spelled(event | {"details": "d"}, chance) for _ in range(500)]
        for form in stored_forms(product, sent):
            encoded = unpack(form.packed)
            assert rfc8785.dumps(decode(encoded)) == encoded
            compared += 1
        if compared >= count:
            break
