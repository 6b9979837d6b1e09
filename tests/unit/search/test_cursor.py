"""Cursors: each opens for its owner within a day, and nothing else does."""

import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import DAY, HOUR, MINUTE
from daybook.crypto.generations import Generation, Generations
from daybook.http.problem import Problem
from daybook.search.cursor import MAX_PEOPLE, Owner, Position, read_cursor, write_cursor
from daybook.tenant import EnvironmentKey

KEYS = Generations((Generation(7, 0, bytes(range(32))),))
NOW = 1_795_365_068_000
OWNER = Owner(EnvironmentKey("AC0001#0"), "k1", b"the query")
GUID = "0b5c1a2e-7d3f-4c11-9a55-1f2e3d4c5b6a"
POSITION = Position("01JD0000000000000000000000000000000A", NOW, NOW - 90 * DAY, ((GUID,), ()), ((GUID,),))
CURSOR = write_cursor(POSITION, OWNER, KEYS, NOW)
ALPHABET = string.ascii_letters + string.digits + "-_+/="


def mismatches(cursor: str, owner: Owner = OWNER, now_ms: int = NOW, keys: Generations = KEYS) -> bool:
    try:
        read_cursor(cursor, owner, keys, now_ms)
    except Problem as problem:
        return (problem.status, problem.code) == (400, "cursor_mismatch")
    return False


def guids(count: int) -> tuple[str, ...]:
    return tuple(str(uuid.UUID(int=number)) for number in range(count))


@given(
    st.builds(
        Position,
        st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=36, max_size=36),
        st.integers(NOW - DAY, NOW),
        st.integers(0, NOW),
        st.none() | st.lists(st.lists(st.uuids().map(str), max_size=3).map(tuple), max_size=20).map(tuple),
        members=st.none() | st.just(()) | st.just(((GUID, GUID), (), (GUID,))),
        groups=st.just(()),  # only for a large group, which another test covers
        given=st.integers(0, 10_000),
        mark=st.binary(max_size=8),
    )
)
def test_a_cursor_reads_back_as_it_was_written(position: Position) -> None:
    """Every position of the last day comes back unchanged."""
    assert read_cursor(write_cursor(position, OWNER, KEYS, NOW), OWNER, KEYS, NOW) == position


def test_no_character_of_a_cursor_can_be_altered() -> None:
    """Whichever character is replaced by whichever other, even one that base64 would read as the same bits."""
    for place, was in enumerate(CURSOR):
        for character in ALPHABET.replace(was, ""):
            assert mismatches(CURSOR[:place] + character + CURSOR[place + 1 :]), (place, character)


def test_a_cursor_cannot_be_cut_or_lengthened() -> None:
    """Every shorter one, and one with anything appended, is refused."""
    assert all(mismatches(CURSOR[:length]) for length in range(len(CURSOR)))
    assert all(mismatches(CURSOR[length:]) for length in range(1, len(CURSOR)))
    assert all(mismatches(CURSOR + more) for more in ("A", "=", "==", "AAAA", " ", "\n", CURSOR))


def test_a_signature_is_valid_for_one_position_only() -> None:
    """One cursor's signature followed by another's content is not a cursor."""
    other = write_cursor(POSITION._replace(edge_ms=0), OWNER, KEYS, NOW)
    assert all(mismatches(CURSOR[:cut] + other[cut:]) for cut in range(3, 27))


@pytest.mark.parametrize(
    "owner",
    [
        OWNER._replace(environment=EnvironmentKey("AC0002#0")),
        OWNER._replace(environment=EnvironmentKey("AC0001#1")),
        OWNER._replace(caller="k2"),
        OWNER._replace(query=b"another query"),
        OWNER._replace(environment=EnvironmentKey("AC0001#"), caller="0k1"),
    ],
)
def test_a_cursor_is_valid_for_its_owner_only(owner: Owner) -> None:
    """A cursor of another tenant, environment, credential or query is refused, however the parts are divided."""
    assert mismatches(CURSOR, owner)


def test_a_cursor_of_another_deployment_is_refused() -> None:
    """The signature depends on the deployment's secret."""
    assert mismatches(CURSOR, keys=Generations((Generation(7, 0, bytes(32)),)))


def test_a_cursor_lasts_a_day_from_the_first_page() -> None:
    """To the millisecond. A clock slightly behind the one that wrote it does no harm."""
    assert not mismatches(CURSOR, now_ms=NOW + DAY)
    assert not mismatches(CURSOR, now_ms=NOW - 500)
    assert mismatches(CURSOR, now_ms=NOW + DAY + 1)


def test_a_replaced_key_is_good_for_the_day_that_its_cursors_last() -> None:
    """The new key is used from its own moment on. A day later nobody can use the old one to forge a cursor."""
    begins = NOW + HOUR
    keys = Generations((*KEYS.each, Generation(8, begins, bytes(32))))
    assert not mismatches(CURSOR, keys=keys)
    assert write_cursor(POSITION, OWNER, keys, begins - 1) == CURSOR
    new = write_cursor(POSITION, OWNER, keys, begins)
    assert new != CURSOR
    assert not mismatches(new, keys=keys)
    assert mismatches(new), "the number is not known yet"
    last = begins + DAY + MINUTE
    forged = write_cursor(POSITION._replace(moment_ms=last), OWNER, KEYS, last)
    assert not mismatches(forged, now_ms=last, keys=keys)
    assert mismatches(forged, now_ms=last + 1, keys=keys)


@given(st.text(max_size=200) | st.text(ALPHABET, max_size=400))
def test_garbage_is_refused(garbage: str) -> None:
    """Anything that is not a cursor, in any script, is a mismatch and nothing worse."""
    assert mismatches(garbage)


@pytest.mark.parametrize("garbage", ["A" * 10_240, "=" * 10_240, "ü" * 10_240, CURSOR * 80])
def test_long_garbage_is_refused(garbage: str) -> None:
    """As much as a request line may hold."""
    assert mismatches(garbage)


def test_a_cursor_of_64_people_is_far_below_the_gateways_limit() -> None:
    """At most 2 KB of the 10 KB for request line and headers. With more people the cursor names none."""
    many = write_cursor(POSITION._replace(people=(guids(MAX_PEOPLE - 1), *((),) * 99)), OWNER, KEYS, NOW)
    assert len(many) <= 2_048
    more = write_cursor(POSITION._replace(people=(guids(MAX_PEOPLE + 1),), members=None), OWNER, KEYS, NOW)
    assert len(more) < 200
    assert read_cursor(more, OWNER, KEYS, NOW).people is None


@pytest.mark.parametrize("members", [MAX_PEOPLE, MAX_PEOPLE + 1, 10_000])
def test_too_many_members_are_left_out_but_not_the_named_people(members: int) -> None:
    """Only the members are left out; the groups' versions stand for them."""
    position = POSITION._replace(members=(guids(members - 1), guids(1)), groups=(7, 9))
    assert read_cursor(write_cursor(position, OWNER, KEYS, NOW), OWNER, KEYS, NOW) == position._replace(members=None)
