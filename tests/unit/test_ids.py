"""Ids of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import LAST_MS
from daybook.events.identity import derived_identity
from daybook.ids import ALPHABET, FORM, event_id, identity_of, lowest_id, occurred_ms, shard
from daybook.tenant import EnvironmentKey

MOMENTS = st.integers(min_value=0, max_value=LAST_MS)
IDENTITIES = st.binary(min_size=16, max_size=16)
KEY = b"k" * 32


@given(MOMENTS, IDENTITIES)
def test_an_id_says_its_moment_and_identity(moment: int, identity: bytes) -> None:
    """36 characters of Crockford's alphabet, from which both come back."""
    written = event_id(moment, identity)
    assert FORM.fullmatch(written)
    assert occurred_ms(written) == moment
    assert identity_of(written) == identity


@given(MOMENTS, MOMENTS, IDENTITIES, IDENTITIES)
def test_ids_sort_by_time_then_identity(one: int, other: int, first: bytes, second: bytes) -> None:
    """As text, and as bytes."""
    ids = event_id(one, first), event_id(other, second)
    assert (ids[0] < ids[1]) == ((one, first) < (other, second))
    assert (ids[0].encode() < ids[1].encode()) == (ids[0] < ids[1])


@given(MOMENTS, IDENTITIES)
def test_nothing_of_a_moment_lies_below_its_lowest_id(moment: int, identity: bytes) -> None:
    """And everything of the moment before does."""
    assert lowest_id(moment) <= event_id(moment, identity) < lowest_id(moment + 1)


@given(IDENTITIES, st.integers(1, 64))
def test_the_shard_follows_from_the_identity(identity: bytes, shards: int) -> None:
    """Whatever the moment; one shard is number 0."""
    ids = event_id(0, identity), event_id(LAST_MS, identity)
    assert shard(ids[0], shards) == shard(ids[1], shards) == int.from_bytes(identity[-4:], "big") % shards
    assert shard(ids[0], 1) == 0


def test_the_alphabet_is_crockfords() -> None:
    """Without the letters that are taken for digits, and without U."""
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)
    assert sorted(ALPHABET) == list(ALPHABET)


def test_a_fixed_id() -> None:
    """The form never changes: ids are links that others keep."""
    assert event_id(1795365067123, bytes(range(16))) == "01M821HPBK00041061050R3GG28A1C60T3GF"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ACME01#0", "1"), ("ACME01#0", "2")),
        (("ACME01#0", "1"), ("ACME01#1", "1")),
        (("ACME01#0", "1"), ("ACME02#0", "1")),
        (("ACME01#1", "1"), ("ACME01#11", "")),
    ],
)
def test_an_identity_is_of_all_its_parts(one: tuple[str, str], other: tuple[str, str]) -> None:
    """However tenant, environment and the sender's id would read one after the other."""
    identities = [derived_identity(KEY, EnvironmentKey(key), client_id) for key, client_id in (one, other)]
    assert identities[0] != identities[1]
    assert derived_identity(KEY, EnvironmentKey(one[0]), one[1]) == identities[0]
    assert derived_identity(b"K" * 32, EnvironmentKey(one[0]), one[1]) != identities[0]
