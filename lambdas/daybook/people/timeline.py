"""Who held a username when: the people who hold it and those who were forgotten.

A bare name means whoever held it last at that moment. If nobody held it yet, it means the first who did later. A person
who was forgotten is a holder for moments before the forgetting. For moments since, nobody from before is meant: it is
the first who held the name later, or else a new person. So both cases follow one rule: the last holder until the
moment, if that person still holds it then, else the first one after it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Holding(NamedTuple):
    from_ms: int
    guid: str
    forgotten_ms: int | None = None
    had_id: bool = True
    """Of a forgotten person: whether an unknown client id would not have adopted them."""

    def stands_at(self, moment_ms: int) -> bool:
        return self.forgotten_ms is None or moment_ms < self.forgotten_ms


class Timeline:
    """The holders of one name. `gone` comes from tombstones; whoever is in it is ignored among the living."""

    def __init__(self, living: Iterable[Holding], gone: Iterable[Holding] = ()) -> None:
        self.gone = [_until_forgotten(each) for each in gone]
        self.living: dict[str, list[int]] = {}
        forgotten = {each.guid for each in self.gone}
        for from_ms, guid, *_ in living:
            if guid not in forgotten:
                self.add(guid, from_ms)

    def add(self, guid: str, from_ms: int) -> None:
        froms = self.living.setdefault(guid, [])
        if from_ms not in froms:
            froms.append(from_ms)

    def at(self, moment_ms: int) -> Holding | None:
        """Whom the bare name means at that moment; None: nobody who is known."""
        if not self.gone and len(self.living) == 1:  # the usual case
            guid, froms = next(iter(self.living.items()))
            return Holding(froms[0], guid)
        last = max(
            (each for each in self._all() if each.from_ms <= moment_ms),
            key=lambda each: (each.from_ms, each.stands_at(moment_ms), each.guid),
            default=None,
        )
        if last is not None and last.stands_at(moment_ms):
            return last
        return min(
            (each for each in self._all() if each.from_ms > moment_ms and each.stands_at(moment_ms)),
            key=lambda each: (each.from_ms, each.guid),
            default=None,
        )

    def _all(self) -> Iterator[Holding]:
        yield from self.gone
        for guid, froms in self.living.items():
            for from_ms in froms:
                yield Holding(from_ms, guid)


def _until_forgotten(gone: Holding) -> Holding:
    """An event stamped ahead of the time may have shown the name after its holder was forgotten."""
    return gone if gone.forgotten_ms is None else gone._replace(from_ms=min(gone.from_ms, gone.forgotten_ms))
