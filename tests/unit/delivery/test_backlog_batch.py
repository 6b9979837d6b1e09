"""Batches of keys for a failing stream: the same keys give the same batches, and merging loses no key."""

from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import HOUR, MINUTE, SECOND
from daybook.delivery import backlog_batch
from daybook.delivery.backlog_batch import KEYS_A_BATCH, batches_of, merged
from daybook.delivery.destination import MAX_DELAY_SECONDS, backoff_ms, delay_seconds
from daybook.events.item import partition
from tests.support.streams import destination

KEYS = st.lists(st.integers(0, 3_000).map("0#{:036}".format), max_size=1_200)


@given(KEYS, st.randoms())
def test_the_same_keys_make_the_same_batches(keys: list[str], chance: object) -> None:
    """In any order and with repeated keys. So a redelivered batch parks nothing twice."""
    again = [*keys, *keys[:7]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    made = list(batches_of(destination(), keys, 5))
    assert made == list(batches_of(destination(), again, 5))
    assert {key for batch in made for key in batch.keys} == set(keys)
    assert all(0 < len(batch.keys) <= KEYS_A_BATCH for batch in made)


@given(st.lists(st.tuples(KEYS, st.integers(0, 5 * HOUR)), max_size=12))
def test_merging_loses_no_key_and_gives_up_none_early(given_keys: list[tuple[list[str], int]]) -> None:
    """The result has as many batches or fewer. Each key is in one that was parked no earlier and at most an hour
    later.
    """
    before = [batch for keys, at in given_keys for batch in batches_of(destination(), keys, at)]
    after = merged(destination(), before)
    assert len(after) <= len(before)
    latest = {key: max(p.parked_at for p in after if key in p.keys) for batch in after for key in batch.keys}
    for batch in before:
        for key in batch.keys:
            assert latest[key] >= batch.parked_at
    assert {key for batch in before for key in batch.keys} == set(latest)


def test_a_message_holds_keys_alone() -> None:
    """A message keeps its content, and ten of them fit into one call."""
    (batch,) = batches_of(destination(), [f"12#{number:036}" for number in range(500)], 7)
    written = backlog_batch.write(batch)
    assert backlog_batch.read(written) == batch
    assert len(written) < 25_000
    assert batch.partitions[0] == (partition(destination().environment, 12), f"{0:036}")


def test_waits_double_from_5_seconds_to_15_minutes() -> None:
    assert [backoff_ms(step) // SECOND for step in (0, 1, 2, 7, 8, 100)] == [5, 10, 20, 640, 900, 900]


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 1))
def test_a_delay_is_one_that_sqs_takes(next_probe: int, now: int, chance: float) -> None:
    """The delay ends when the next probe may start or a little later, and after a minute at the latest."""
    failing = destination(status="failing", next_probe_ms=next_probe)
    delay = delay_seconds(failing, now, chance)
    assert 0 <= delay <= MAX_DELAY_SECONDS == 60
    assert delay == MAX_DELAY_SECONDS or now + delay * SECOND >= next_probe
    assert delay_seconds(destination(), now, chance) == 0


def test_while_a_probe_is_made_others_wait_for_its_outcome() -> None:
    """They do not wait for the next probe, which may be a quarter of an hour away."""
    probed = destination(status="failing", next_probe_ms=20 * MINUTE, probing_until_ms=20 * MINUTE)
    assert delay_seconds(probed, 19 * MINUTE, 0.0) == 2
