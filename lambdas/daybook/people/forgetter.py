"""Forgets a person: deletes the identity's rows and leaves a tombstone for each text that was bound to the person.

Events, proofs and archives stay as they are and show the GUID from then on. One transaction deletes the key's row and
writes the tombstones. A transaction holds at most 100 items; the remaining rows follow, name by name. A caller who asks
for the same person again, by the GUID or by any of the names, continues where the last call stopped.

A concurrent request that has already read the person may still write rows of theirs. Therefore a sweep is requested
before anything is deleted. It looks once more when such requests are over (`daybook.jobs.sweep`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from daybook.ids import occurred_ms
from daybook.people.identities import called_row, claim_row, ext_row, folded, had_row, id_row, name_row, renamed_row
from daybook.people.person_rows import IdentityRows, PersonRows, look_for
from daybook.people.tombstones import adoptable, events_of, lasts_until, tombstone
from daybook.tenant import EnvironmentKey

MAX_ITEMS = 100  # TransactWriteItems' own limit

_MAX_ROUNDS = 6


class Deletion(NamedTuple):
    """One row. Without `only_of` and `must_be_there` the row may be gone already."""

    sort_key: str
    only_of: str | None = None
    """The GUID that the row must name."""
    must_be_there: bool = False


class Mark(NamedTuple):
    """What tombstones say: who was forgotten, which event records it, and when the tombstones expire (TTL, seconds)."""

    guid: str
    event_id: str
    lasts: int | None


class ConcurrentChange(Exception):  # noqa: N818  a state of the store
    """A condition failed: another request changed these rows in the meantime."""


class ForgettingStore(IdentityRows, Protocol):
    def erase(
        self, environment: EnvironmentKey, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark
    ) -> None:
        """One transaction of at most 100 items. Raises `ConcurrentChange`."""


AskForSweep = Callable[[EnvironmentKey, Mark, Sequence[str]], None]
"""Requests a sweep and hands it these binders: once the rows are deleted, nothing leads to them."""


class _Name(NamedTuple):
    deletions: list[Deletion]
    remembered: list[str]


def mark_of(guid: str, event_id: str, longest_retention_days: int | None) -> Mark:
    """`event_id`: the event that records the forgetting."""
    return Mark(guid, event_id, lasts_until(occurred_ms(event_id), longest_retention_days))


def no_sweep(_tenant: EnvironmentKey, _mark: Mark, _binders: Sequence[str]) -> None:
    """Requests no sweep: for callers without concurrent requests."""


class Forgetter:
    def __init__(self, store: ForgettingStore, gone_key: bytes, ask_for_sweep: AskForSweep) -> None:
        self._store = store
        self._key = gone_key
        self._ask_for_sweep = ask_for_sweep

    def forgetting_event(self, environment: EnvironmentKey, guid: str) -> str | None:
        """The event by which this person was forgotten, or None."""
        stone = tombstone(self._key, environment, id_row(guid))
        return events_of(self._store.read(environment, [stone]).get(stone, {})).get(guid)

    def forgotten_under(self, environment: EnvironmentKey, text: str) -> list[str]:
        """The GUIDs of the people who were forgotten under this username or client id."""
        stones = [tombstone(self._key, environment, binder) for binder in (ext_row(text), name_row(folded(text)))]
        return sorted({guid for row in self._store.read(environment, stones).values() for guid in events_of(row)})

    def has_rows(self, environment: EnvironmentKey, guid: str, candidates: Iterable[str] = ()) -> bool:
        """Whether any row of this person is left. `candidates`: binders that may be theirs."""
        return look_for(self._store, environment, guid, candidates=candidates).is_left

    def forget(
        self, environment: EnvironmentKey, mark: Mark, *, candidates: Iterable[str] = (), known: Iterable[str] = ()
    ) -> list[str]:
        """Deletes all rows of the person; none is left on return. Any caller may repeat the call after any failure.

        The event of the mark must be durable already. `candidates`: binders that may be the person's; `known`: binders
        that are. Returns the known binders and those that were found. Raises `ConcurrentChange` if other requests kept
        changing the rows, and whatever requesting a sweep raises, before anything is deleted.
        """
        candidates, known = list(candidates), dict.fromkeys(known)
        promised: set[str] | None = None
        for _ in range(_MAX_ROUNDS):
            person = look_for(self._store, environment, mark.guid, candidates=candidates, known=known)
            if not person.is_left:
                break
            known |= dict.fromkeys(person.binders)
            if promised is None or not promised.issuperset(known):
                self._ask_for_sweep(environment, mark, list(known))
                promised = set(known)
            try:
                self._erase(environment, mark, person)
            except ConcurrentChange:
                continue
        else:
            if look_for(self._store, environment, mark.guid, candidates=candidates, known=known).is_left:
                raise ConcurrentChange
        return list(known)

    def _erase(self, environment: EnvironmentKey, mark: Mark, person: PersonRows) -> None:
        """Deletes the key first, together with the tombstones. Tombstones that do not fit into that transaction are
        written before it: until the key is gone, they affect only events that arrive late. If the key is gone
        already, the event that deleted it counts.
        """
        if not person.has_key:
            mark = mark._replace(event_id=self.forgetting_event(environment, mark.guid) or mark.event_id)
        head, remembered, names = _rows(person)
        # The person's own tombstone comes last and so shares the key's transaction: it says that the key is gone.
        stones = [tombstone(self._key, environment, text) for text in (*remembered, id_row(mark.guid))]
        chunks = list(_chunks(head, names, MAX_ITEMS - min(len(stones), MAX_ITEMS - len(head))))
        beside = MAX_ITEMS - len(chunks[0])
        early, last = stones[: max(0, len(stones) - beside)], stones[max(0, len(stones) - beside) :]
        for start in range(0, len(early), MAX_ITEMS):
            self._store.erase(environment, (), early[start : start + MAX_ITEMS], mark)
        self._store.erase(environment, chunks[0], last, mark)
        for chunk in chunks[1:]:
            self._store.erase(environment, chunk, (), mark)


def _rows(person: PersonRows) -> tuple[list[Deletion], list[str], list[_Name]]:
    """The rows to delete with the key, the texts that get a tombstone, and the rows of each name."""
    guid, ids = person.guid, person.ids
    head = [Deletion(id_row(guid), must_be_there=True)] if person.has_key else []
    head += [Deletion(key) for key in (claim_row(guid), renamed_row(guid), called_row(guid)) if key in person.own]
    head += [Deletion(key, only_of=guid) for key in ids if person.meaning.get(key) == guid]
    # A claimed id that is not bound yet would be bound to this person.
    remembered = [key for key in ids if person.meaning.get(key, guid) == guid]
    names = {name: _rows_of_name(name, person) for name in person.names}
    remembered += [text for name in names.values() for text in name.remembered]
    if called_row(guid) in person.own:
        head += names.pop(person.own[called_row(guid)]["name"]).deletions  # no finder of its own leads to it
    return head, remembered, list(names.values())


def _rows_of_name(name: str, person: PersonRows) -> _Name:
    """The row by which the person is found again comes last. If the name means somebody else, it gets no tombstone."""
    guid, binder = person.guid, name_row(name)
    deletions = [Deletion(had_row(name, guid)), Deletion(called_row(guid, name))]
    if person.meaning.get(binder) != guid:
        return _Name(deletions, [])
    remembered = [binder] if person.has_id else [binder, adoptable(name)]
    return _Name([Deletion(binder, only_of=guid), *deletions], remembered)


def _chunks(head: Sequence[Deletion], names: Iterable[_Name], room: int) -> Iterator[list[Deletion]]:
    """Deletions by transaction: at most `room` in the first, 100 in the others. The rows of one name stay together."""
    chunk = list(head)
    for name in names:
        if len(chunk) + len(name.deletions) > room:
            yield chunk
            chunk, room = [], MAX_ITEMS
        chunk += name.deletions
    yield chunk
