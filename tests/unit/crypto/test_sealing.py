"""People's fields, sealed for one event."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.crypto.sealing import Place, SealBroken, event_key, open_sealed, seal
from daybook.tenant import Tenant

PLACE = Place(Tenant("acme"), "prod", "01M821HPBK00041061050R3GG28A1C60T3GF", "cedbfcd1-ebe8-43ca-8549-d610e466d7fb")
PERSON_KEY = bytes(range(32))
KEY = event_key(PERSON_KEY, PLACE)
FIELDS: list[Any] = ["mike.mars", "Mike Mars", None, "u-1", "203.0.113.7", None, 5, True]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.lists(st.none() | TEXTS | st.booleans() | st.integers(-(2**53), 2**53), max_size=9))
def test_what_was_sealed_opens(fields: list[Any]) -> None:
    """With the event's key for that person, to the very fields."""
    assert open_sealed(seal(fields, KEY, PLACE), KEY, PLACE) == fields


def test_the_same_fields_have_the_same_blob() -> None:
    """A retry writes the same bytes; no randomness is needed."""
    assert seal(FIELDS, KEY, PLACE) == seal(FIELDS, KEY, PLACE)


@pytest.mark.parametrize("part", range(4))
def test_a_blob_opens_nowhere_else(part: int) -> None:
    """Nor do equal fields show as equal: the blob of any other place is another."""
    tenant, *others = (f"{value}x" if place == part else value for place, value in enumerate(PLACE))
    elsewhere = Place(Tenant(tenant), *others)
    other_key = event_key(PERSON_KEY, elsewhere)
    assert other_key != KEY
    assert seal(FIELDS, other_key, elsewhere) != seal(FIELDS, KEY, PLACE)
    for key, place in ((other_key, elsewhere), (KEY, elsewhere), (other_key, PLACE)):
        with pytest.raises(SealBroken):
            open_sealed(seal(FIELDS, KEY, PLACE), key, place)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_an_altered_blob_does_not_open(at: int, change: int) -> None:
    """Whichever byte it is, the commitment's included."""
    sealed = seal(FIELDS, KEY, PLACE)
    blob = bytearray(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    blob[at % len(blob)] ^= change
    with pytest.raises(SealBroken):
        open_sealed(base64.urlsafe_b64encode(blob).decode().rstrip("="), KEY, PLACE)


@pytest.mark.parametrize("length", [0, 15, 31, 60])
def test_a_blob_cut_short_does_not_open(length: int) -> None:
    """Wherever it is cut."""
    with pytest.raises(SealBroken):
        open_sealed(seal(FIELDS, KEY, PLACE)[:length], KEY, PLACE)


def test_lengths_show_in_steps_of_32() -> None:
    """16 bytes of commitment and 16 of SIV before a multiple of 32."""
    lengths = set()
    for count in range(100):
        sealed = seal(["x" * count], KEY, PLACE)
        lengths.add(len(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))))
    assert lengths == {64, 96, 128, 160}


def test_the_commitment_stands_in_front() -> None:
    """The same for all that one key seals, another for every other key."""
    one, other = seal(["a"], KEY, PLACE), seal(["b" * 99], KEY, PLACE)
    assert one[:21] == other[:21]
    assert seal(["a"], event_key(bytes(32), PLACE), PLACE)[:21] != one[:21]


def test_a_fixed_blob() -> None:
    """The form never changes: what was sealed years ago must open."""
    sealed = "iwJBKW11sSs3CRccUxHn_8X2jhc_aw6ObPJWpRswOTUNfXYG3JQzzpHpDgr2AoqfbovPg9v-cbeiWBovwXlsaQ"
    assert seal(["mike.mars", "Mike Mars"], KEY, PLACE) == sealed
    assert open_sealed(sealed, KEY, PLACE) == ["mike.mars", "Mike Mars"]
