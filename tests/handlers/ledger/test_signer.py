"""What is signed, and what never is."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND
from daybook.ledger.checkpoints import parse
from daybook.ledger.logs import Log
from daybook.ledger.merkle import EMPTY, leaf_hash
from daybook.ledger.notes import COSIGNATURE, ED25519, BadNote, open_note, parse_key, sign_note
from daybook.ledger.signing import key_lines
from daybook.observability import LOGS_SIGNED, SIGNING_REFUSED
from tests.support.ledger import append_of, delta_of, log_of, stored
from tests.support.memory_dynamodb import MemoryDynamoDB
from tests.support.set_clock import SetClock
from tests.support.signing import NEXT_PAIR, PAIR, HeldKey, MemoryArchive, SigningHouse
from tests.support.wiring import wiring_over

NOON = 1_764_158_400_000
YEAR = 365 * DAY


@pytest.fixture
def time() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def house(dynamodb: Any, tables: Tables, time: SetClock) -> SigningHouse:
    return SigningHouse(wiring_over(dynamodb, tables, time))


def times(house: SigningHouse, log: Log) -> list[int | None]:
    """What the signatures of the newest checkpoint say, in their order."""
    newest = house.wiring.checkpoints.newest(log)
    assert newest is not None
    keys = [parse_key(line) for line in key_lines(log, house.wiring.published_keys.published())]
    return [each.time_s for each in open_note(newest.note, keys)[1]]


def restored(house: SigningHouse, log: Log, entries: list[int], create: Callable[[Any], Tables]) -> SigningHouse:
    """Another house whose table has only these appends, while the archive is the same."""
    client = MemoryDynamoDB()
    other = SigningHouse(wiring_over(client, create(client), house.wiring.clock, seed=2), archive=house.archive)
    other.begin(log)
    for number, count in enumerate(entries):
        other.grow(log, count, 0 if not number else None)
    return other


@pytest.fixture
def create(definitions: dict[str, Any]) -> Callable[[Any], Tables]:
    def made(client: Any) -> Tables:
        for field, definition in definitions.items():
            client.create_table(TableName=field, **definition)
        return Tables(**{field: field for field in definitions})

    return made


def test_a_log_that_has_grown_is_signed(house: SigningHouse, time: SetClock) -> None:
    """By a key that is named as the log is, and by one that says when. The table and S3 have the same note. An empty
    log, and one that rests, are not signed.
    """
    log = house.begin()
    house.signer.sign(log)
    assert house.archive.notes == {}
    for entries, size in ((1, 1), (1, 2), (998, 1_000)):
        head = house.grow(log, entries)
        time.now += 1_234
        house.signer.sign(log)
        house.signer.sign(log)
        signed = house.wiring.checkpoints.newest(log)
        assert signed is not None
        assert (signed.size, signed.edge, signed.at_ms) == (size, head.edge, time.now // SECOND * SECOND)
        assert house.archive.notes[log.name, size] == signed.note
        lines = key_lines(log, house.wiring.published_keys.published())
        text, signatures = open_note(signed.note, [parse_key(line) for line in lines])
        assert parse(text) == (log.origin, size, head.root)
        assert [(each.key.name, each.key.key_type, each.time_s) for each in signatures] == [
            (log.origin, ED25519, None),
            ("daybook/time", COSIGNATURE, time.now // SECOND),
        ]
    assert len(house.archive.notes) == house.counted[LOGS_SIGNED] == 3
    assert house.counted[SIGNING_REFUSED] == 0


def test_a_clock_that_goes_back_does_not_take_the_times_with_it(house: SigningHouse, time: SetClock) -> None:
    """Otherwise a later checkpoint would claim to be the earlier one."""
    log = house.begin()
    for moment in (NOON, NOON - DAY, NOON + SECOND):
        time.now = moment
        house.grow(log, 1)
        house.signer.sign(log)
    at = [house.wiring.checkpoints.at(log, size) for size in (1, 2, 3)]
    assert [each and each.at_ms for each in at] == [NOON, NOON, NOON + SECOND]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([2], id="shorter"),
        pytest.param([2, 1], id="as long, with another entry"),
        pytest.param([1, 2, 3], id="longer, with other entries"),
        pytest.param([2, 4], id="longer, without that size"),
        pytest.param([], id="empty"),
    ],
)
def test_a_restored_log_that_lacks_what_was_signed_is_not_signed(
    house: SigningHouse, create: Callable[[Any], Tables], entries: list[int]
) -> None:
    """However far it has grown since. A new log begins, which names it, and that one is signed."""
    log = house.begin()
    house.grow(log, 2)
    house.grow(log, 1, 100)
    house.signer.sign(log)
    other = restored(house, log, entries, create)
    other.signer.sign(log)
    assert len(house.archive.notes) == 1
    assert other.wiring.checkpoints.newest(log) is None
    assert other.counted == {SIGNING_REFUSED: 1}
    successor = other.wiring.logs.current(log.key)
    assert successor is not None
    assert (successor.generation, successor.previous) == (2, log.name)
    assert successor.origin == f"daybook/{successor.name}" != log.origin
    other.grow(successor, 3)
    other.signer.sign(successor)
    assert other.counted == {SIGNING_REFUSED: 1, LOGS_SIGNED: 1}
    assert other.archive.newest(successor)
    assert times(other, successor) == [None, NOON // SECOND]


def test_a_restored_log_that_has_what_was_signed_is_signed(
    house: SigningHouse, create: Callable[[Any], Tables]
) -> None:
    """It lacks no more than the row of the checkpoint, which comes back with the note that S3 has."""
    log = house.begin()
    house.grow(log, 2, 0)
    house.signer.sign(log)
    other = restored(house, log, [2], create)
    other.signer.sign(log)
    signed = other.wiring.checkpoints.newest(log)
    assert signed is not None
    assert signed.note == house.archive.notes[log.name, 2]
    other.grow(log, 1)
    other.signer.sign(log)
    assert other.counted == {LOGS_SIGNED: 2}


def test_where_the_bucket_is_empty_the_tables_newest_checkpoint_counts(house: SigningHouse) -> None:
    """As on a laptop, whose S3 forgets when it ends."""
    log = house.begin()
    house.grow(log, 2)
    house.signer.sign(log)
    house.archive.notes.clear()
    house.signer.sign(log)
    assert house.archive.notes == {}
    house.grow(log, 1)
    house.signer.sign(log)
    assert list(house.archive.notes) == [(log.name, 3)]
    assert house.counted == {LOGS_SIGNED: 2}


def test_entries_that_were_changed_are_not_signed(house: SigningHouse) -> None:
    """The hashes of the table are not believed: what came since the newest checkpoint is hashed anew."""
    log = house.begin()
    house.grow(log, 3)
    house.signer.sign(log)
    events = [stored(number) for number in (50, 51)]
    append = append_of(house.wiring.appends.head(log), events)
    other = append_of(house.wiring.appends.head(log), [stored(50), stored(52)])
    changed = append.__class__(append.start, other.entries, append.edge, append.root, append.at_ms, append.nonce)
    assert house.wiring.appends.put(log, changed, delta_of(events))
    house.signer.sign(log)
    assert list(house.archive.notes) == [(log.name, 3)]
    assert house.counted == {LOGS_SIGNED: 1, SIGNING_REFUSED: 1}


def test_a_checkpoint_of_somebody_elses_is_no_ground_to_sign_on(house: SigningHouse) -> None:
    """Whoever may write into the bucket can't make the log follow from what Daybook did not sign."""
    log = house.begin()
    house.grow(log, 1)
    house.signer.sign(log)
    known = house.ring.signers(log.origin, 1)[0][0]
    text, _ = open_note(house.archive.notes[log.name, 1], [known])
    forger = HeldKey("forger")
    house.archive.notes[log.name, 5] = sign_note(text, [(known._replace(public=forger.public), forger.sign, None)])
    house.grow(log, 1)
    with pytest.raises(BadNote):
        house.signer.sign(log)
    assert (log.name, 2) not in house.archive.notes


class Interrupted(Exception):  # noqa: N818  what a kill looks like from outside
    pass


@pytest.mark.parametrize("kept", [False, True])
def test_a_signer_that_is_killed_leaves_nothing_that_the_next_one_has_to_mend(house: SigningHouse, kept: bool) -> None:
    """Before or behind the write to S3: of one size there is one note."""
    log = house.begin()
    head = house.grow(log, 2)

    class Killed(MemoryArchive):
        def keep(self, log: Log, size: int, note: str) -> str:
            if kept:
                house_archive.keep(log, size, note)
            raise Interrupted

    house_archive, house.archive = house.archive, Killed()
    with pytest.raises(Interrupted):
        house.signer.sign(log)
    house.archive = house_archive
    assert house.wiring.checkpoints.newest(log) is None
    house.signer.sign(log)
    signed = house.wiring.checkpoints.newest(log)
    assert signed is not None
    assert (signed.size, signed.edge) == (2, head.edge)
    assert house.archive.notes == {(log.name, 2): signed.note}


def test_two_signers_at_once_agree(house: SigningHouse, time: SetClock) -> None:
    """One signs a larger head while the other has read a smaller one; of one size both show the first one's note."""
    log = house.begin()
    house.grow(log, 2)

    class Overtaken(MemoryArchive):
        def keep(self, log: Log, size: int, note: str) -> str:
            house.archive = shared
            time.now += 5 * SECOND
            house.signer.sign(log)
            house.grow(log, 3)
            house.signer.sign(log)
            return shared.keep(log, size, note)

    shared, house.archive = house.archive, Overtaken()
    house.signer.sign(log)
    assert sorted(size for _, size in shared.notes) == [2, 5]
    small, large = (house.wiring.checkpoints.at(log, size) for size in (2, 5))
    assert small is not None
    assert large is not None
    assert (small.note, large.note) == (shared.notes[log.name, 2], shared.notes[log.name, 5])
    assert house.wiring.checkpoints.newest(log) == large
    assert small.at_ms == NOON + 5 * SECOND
    assert house.counted[SIGNING_REFUSED] == 0


def test_the_keys_of_a_rotation_sign_together_for_a_year(house: SigningHouse, time: SetClock) -> None:
    """Then the new ones alone. The lines of the old keys stay, and with them every old checkpoint verifies."""
    log = house.begin()
    heads = []
    for pairs, moment in (
        ((PAIR,), NOON - 9 * YEAR),
        ((PAIR, NEXT_PAIR), NOON),
        ((PAIR, NEXT_PAIR), NOON + YEAR - 1),
        ((PAIR, NEXT_PAIR), NOON + YEAR),
    ):
        house.pairs, time.now = pairs, moment
        heads.append(house.grow(log, 1))
        house.signer.sign(log)
    published = house.wiring.published_keys.published()
    assert [key.id for key in published] == ["head-1", "time-1", "head-2", "time-2"]
    lines = [parse_key(line) for line in key_lines(log, published)]
    assert [key.public for key in lines] == [key.public for key in (PAIR[0], NEXT_PAIR[0], PAIR[1], NEXT_PAIR[1])]
    old, new = (lines[0], lines[2]), (lines[1], lines[3])
    signed = [open_note(house.archive.notes[log.name, size], lines) for size in (1, 2, 3, 4)]
    assert [[each.key for each in signatures] for _, signatures in signed] == [
        [*old],
        *[[old[0], new[0], old[1], new[1]]] * 2,
        [*new],
    ]
    assert [parse(text).root for text, _ in signed] == [head.root for head in heads]


def test_no_key_signs_before_it_is_published(house: SigningHouse) -> None:
    """Otherwise a checkpoint could be out that nobody can verify."""
    log = house.begin()
    house.grow(log, 1)

    class Unpublished(MemoryArchive):
        def keep(self, log: Log, size: int, note: str) -> str:
            lines = key_lines(log, house.wiring.published_keys.published())
            assert len(open_note(note, [parse_key(line) for line in lines])[1]) == 2
            return super().keep(log, size, note)

    house.archive = Unpublished()
    house.signer.sign(log)
    assert house.archive.notes


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=8))
def test_every_checkpoint_is_the_beginning_of_the_next(
    definitions: dict[str, Any], growth: list[tuple[int, bool]]
) -> None:
    """Whatever is appended between them."""
    client = MemoryDynamoDB()
    for field, definition in definitions.items():
        client.create_table(TableName=field, **definition)
    house = SigningHouse(wiring_over(client, Tables(**{field: field for field in definitions})))
    log, leaves = house.begin(), 0
    roots = {0: EMPTY.root}
    edge = EMPTY
    for entries, is_signed in growth:
        if entries:
            head = house.grow(log, entries)
            (append,) = house.wiring.appends.appends(log, leaves, head.size)
            data = append.entries
            edge = edge.extended(leaf_hash(data[place : place + 75]) for place in range(0, len(data), 75))
            leaves = head.size
            roots[leaves] = edge.root
        if is_signed:
            house.signer.sign(log)
    for (_, size), note in house.archive.notes.items():
        text, _ = open_note(note, house.ring.verifiers(log.origin))
        assert parse(text) == (log.origin, size, roots[size])
    assert house.counted[SIGNING_REFUSED] == 0


def test_another_tenants_log_has_other_key_lines(house: SigningHouse) -> None:
    """The name in a line is the log's, so that a checkpoint of one log is none of another."""
    logs = [house.begin(log_of(seed=seed)) for seed in (1,)] + [house.begin(log_of(log_of().key, seed=9))]
    other = log_of(seed=9)
    published = house.wiring.published_keys
    house.grow(logs[0], 1)
    house.signer.sign(logs[0])
    lines = [parse_key(line) for line in key_lines(other, published.published())]
    with pytest.raises(BadNote):
        open_note(house.archive.notes[logs[0].name, 1], lines[:1])
