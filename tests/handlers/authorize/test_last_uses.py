"""How often the last use of a key is written, and that it fails nothing."""

from dataclasses import dataclass, field

from authorize.last_uses import LastUses
from daybook.clock import HOUR, MINUTE


@dataclass
class FakeStore:
    broken: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)

    def note_use(self, key_id: str, hour: int) -> None:
        self.asked.append((key_id, hour))
        if self.broken:
            raise ConnectionError


def test_the_store_is_asked_once_an_hour_for_each_key() -> None:
    """However often the keys are used."""
    store, now = FakeStore(), [10 * HOUR]
    uses = LastUses(store, lambda: now[0])
    for _ in range(120):
        uses.note("k1")
        uses.note("k2")
        now[0] += MINUTE
    assert store.asked == [("k1", 10), ("k2", 10), ("k1", 11), ("k2", 11)]


def test_a_store_that_fails_is_asked_again_after_a_minute() -> None:
    """For any key: a store that does not answer would delay each of them."""
    store, now = FakeStore(broken=True), [10 * HOUR]
    uses = LastUses(store, lambda: now[0])
    for key in ("k1", "k2", "k1"):
        uses.note(key)
    now[0] += MINUTE
    store.broken = False
    for key in ("k1", "k2", "k1"):
        uses.note(key)
    assert store.asked == [("k1", 10), ("k1", 10), ("k2", 10)]
