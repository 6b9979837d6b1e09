"""A person forgotten: the identity's rows deleted, and a tombstone left for each text by which somebody was bound.

Every event, proof and archive stays as it is, and shows the GUID from then on. What must be done in one go is one
transaction: the key's own row with the tombstones. Rows beyond a transaction's 100 follow it, name by name, and whoever
asks for the same person again goes on where the last one stopped: by the GUID, or by any of the names.

A request in flight, which has read the person before, may write rows of theirs after. So before anything is deleted a
sweep is asked for that looks once more when such requests are over (`daybook.jobs.sweep`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from daybook.ids import occurred_ms
from daybook.people.identities import called_row, claim_row, ext_row, folded, had_row, id_row, name_row, renamed_row
from daybook.people.person_rows import IdentityRows, Traces, look_for
from daybook.people.tombstones import adoptable, events_of, lasts_until, tombstone
from daybook.tenant import Tenant

MAX_ITEMS = 100  # TransactWriteItems' own limit

_MAX_ROUNDS = 6


class Deletion(NamedTuple):
    """One row. Without `only_of` and `must_be_there` it may be gone already."""

    sort_key: str
    only_of: str | None = None
    """The GUID that the row must lead to."""
    must_be_there: bool = False


class Mark(NamedTuple):
    """What tombstones say: who was forgotten, by which event, and until when that must be known (TTL, seconds)."""

    guid: str
    event_id: str
    lasts: int | None


class ConcurrentChange(Exception):  # noqa: N818  a state of the store
    """A condition did not hold: others changed these rows meanwhile."""


class ForgettingStore(IdentityRows, Protocol):
    def erase(self, tenant: Tenant, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark) -> None:
        """In one transaction, of at most 100 items. Raises `ConcurrentChange`."""


AskForSweep = Callable[[Tenant, Mark, Sequence[str]], None]
"""Asks for a sweep, which carries these binders: what is deleted next leads to nothing any more."""


class _Name(NamedTuple):
    deletions: list[Deletion]
    remembered: list[str]


def mark_of(guid: str, event_id: str, longest_retention_days: int | None) -> Mark:
    """`event_id`: the event that records the forgetting."""
    return Mark(guid, event_id, lasts_until(occurred_ms(event_id), longest_retention_days))


def nobody_writes(_tenant: Tenant, _mark: Mark, _binders: Sequence[str]) -> None:
    """In place of a sweep, where none is needed."""


class Forgetter:
    def __init__(self, store: ForgettingStore, gone_key: bytes, ask_for_sweep: AskForSweep) -> None:
        self._store = store
        self._key = gone_key
        self._ask_for_sweep = ask_for_sweep

    def begun(self, tenant: Tenant, guid: str) -> str | None:
        """The event by which this person was forgotten; None for who is not."""
        stone = tombstone(self._key, tenant, id_row(guid))
        return events_of(self._store.read(tenant, [stone]).get(stone, {})).get(guid)

    def once_called(self, tenant: Tenant, text: str) -> list[str]:
        """The GUIDs of those who were forgotten under this username or client id."""
        stones = [tombstone(self._key, tenant, binder) for binder in (ext_row(text), name_row(folded(text)))]
        return sorted({guid for row in self._store.read(tenant, stones).values() for guid in events_of(row)})

    def has_left(self, tenant: Tenant, guid: str, asked: Iterable[str] = ()) -> bool:
        """Whether there is a row of this person; `asked`: binders that may be theirs."""
        return look_for(self._store, tenant, guid, asked=asked).is_left

    def forget(self, tenant: Tenant, mark: Mark, *, asked: Iterable[str] = (), known: Iterable[str] = ()) -> list[str]:
        """Deletes all rows of the person; none is left on return. May be called again, by anybody, after any failure.

        The event of the mark is durable already. `asked`: binders that may be theirs; `known`: ones that are. Gives
        these with what was found. Raises `ConcurrentChange` where others kept changing the rows, and what asking for
        a sweep raises, before anything is deleted.
        """
        asked, known = list(asked), dict.fromkeys(known)
        promised: set[str] | None = None
        for _ in range(_MAX_ROUNDS):
            traces = look_for(self._store, tenant, mark.guid, asked=asked, known=known)
            if not traces.is_left:
                break
            known |= dict.fromkeys(traces.binders)
            if promised is None or not promised.issuperset(known):
                self._ask_for_sweep(tenant, mark, list(known))
                promised = set(known)
            try:
                self._erase(tenant, mark, traces)
            except ConcurrentChange:
                continue
        else:
            if look_for(self._store, tenant, mark.guid, asked=asked, known=known).is_left:
                raise ConcurrentChange
        return list(known)

    def _erase(self, tenant: Tenant, mark: Mark, traces: Traces) -> None:
        """The key first, with all tombstones; those beyond what one transaction holds before it: until the key is gone,
        they touch nothing but events that arrive late. Once it is, the event by which it went is the one that counts.
        """
        if not traces.has_key:
            mark = mark._replace(event_id=self.begun(tenant, mark.guid) or mark.event_id)
        head, remembered, names = _rows(traces)
        # The person's own comes last, hence with the key: it says that the key is gone.
        stones = [tombstone(self._key, tenant, text) for text in (*remembered, id_row(mark.guid))]
        chunks = list(_chunks(head, names, MAX_ITEMS - min(len(stones), MAX_ITEMS - len(head))))
        beside = MAX_ITEMS - len(chunks[0])
        early, last = stones[: max(0, len(stones) - beside)], stones[max(0, len(stones) - beside) :]
        for start in range(0, len(early), MAX_ITEMS):
            self._store.erase(tenant, (), early[start : start + MAX_ITEMS], mark)
        self._store.erase(tenant, chunks[0], last, mark)
        for chunk in chunks[1:]:
            self._store.erase(tenant, chunk, (), mark)


def _rows(traces: Traces) -> tuple[list[Deletion], list[str], list[_Name]]:
    """What goes with the key, what tombstones are left for, and the rows of each name."""
    guid, ids = traces.guid, traces.ids
    head = [Deletion(id_row(guid), must_be_there=True)] if traces.has_key else []
    head += [Deletion(key) for key in (claim_row(guid), renamed_row(guid), called_row(guid)) if key in traces.own]
    head += [Deletion(key, only_of=guid) for key in ids if traces.meaning.get(key) == guid]
    # An id may be claimed and not bound yet: it would be bound to this person.
    remembered = [key for key in ids if traces.meaning.get(key, guid) == guid]
    names = {name: _rows_of_name(name, traces) for name in traces.names}
    remembered += [text for name in names.values() for text in name.remembered]
    if called_row(guid) in traces.own:
        head += names.pop(traces.own[called_row(guid)]["name"]).deletions  # it is found by no row of its own
    return head, remembered, list(names.values())


def _rows_of_name(name: str, traces: Traces) -> _Name:
    """The row by which the person is found again stands last. What a name that means somebody else stands for is
    theirs, and is not remembered.
    """
    guid, binder = traces.guid, name_row(name)
    deletions = [Deletion(had_row(name, guid)), Deletion(called_row(guid, name))]
    if traces.meaning.get(binder) != guid:
        return _Name(deletions, [])
    remembered = [binder] if traces.has_id else [binder, adoptable(name)]
    return _Name([Deletion(binder, only_of=guid), *deletions], remembered)


def _chunks(head: Sequence[Deletion], names: Iterable[_Name], room: int) -> Iterator[list[Deletion]]:
    """Deletions in transactions: the first of at most `room`, the others of 100; a name's are never parted."""
    chunk = list(head)
    for name in names:
        if len(chunk) + len(name.deletions) > room:
            yield chunk
            chunk, room = [], MAX_ITEMS
        chunk += name.deletions
    yield chunk
