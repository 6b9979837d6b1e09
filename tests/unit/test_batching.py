"""Items in batches."""

from hypothesis import given
from hypothesis import strategies as st

from daybook.batching import batched


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_are_slices(items: list[int], size: int) -> None:
    """In order, each of the size but the last."""
    assert [*batched(items, size)] == [tuple(items[at : at + size]) for at in range(0, len(items), size)]


def test_a_batch_is_read_when_it_is_asked_for() -> None:
    """What is read from a store is not read ahead."""
    items = iter(range(10))
    assert next(batched(items, 3)) == (0, 1, 2)
    assert next(items) == 3
