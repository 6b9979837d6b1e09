"""Forgets a person: deletes the identity's rows and leaves a tombstone for each text that was bound to the person.

Events, proofs and archives stay as they are and show the GUID from then on. One transaction deletes the key's row and
writes the tombstones, and counts the person (`daybook.people.forgettings`). A transaction holds at most 100 items; the
remaining rows follow, name by name. A caller who asks for the same person again, by the GUID or by any of the names,
continues where the last call stopped.

A name's row `name#` is deleted with any of its holders: it has to be free for the new person whom the bare name may
mean from then on, and by it two requests agree on who that is. `more#` stays while others hold the name.

A concurrent request that has already read the person may still write rows of theirs. Therefore a sweep is requested
before anything is deleted. It looks once more when such requests are over (`daybook.jobs.sweep`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from daybook.crypto.keys import TenantKeys
from daybook.ids import occurred_ms
from daybook.people.bearers import Bearers, bearers
from daybook.people.forgettings import count_row
from daybook.people.identities import (
    Row,
    called_row,
    claim_row,
    had_prefix,
    had_row,
    id_row,
    many_row,
    more_row,
    name_row,
    renamed_row,
)
from daybook.people.person_rows import IdentityRows, PersonRows, binders_of_text, look_for
from daybook.people.tombstones import Gone, gone_of, lasts_until, tombstone, too_old
from daybook.tenant import EnvironmentKey

MAX_ITEMS = 100  # TransactWriteItems' own limit

MAX_STONES = 40
"""Tombstones in a transaction. All its rows together have at most 4 MB, and a tombstone up to 77 KB."""

_MAX_ROUNDS = 6


class Deletion(NamedTuple):
    """One row. Without `only_of` and `must_be_there` the row may be gone already."""

    sort_key: str
    only_of: str | None = None
    """The GUID that the row must name."""
    must_be_there: bool = False


class Keep(NamedTuple):
    """A row that must be there afterwards, with these attributes of text."""

    sort_key: str
    row: Mapping[str, str]


class Increment(NamedTuple):
    """A row whose count rises by one. The row need not be there."""

    sort_key: str


Change = Deletion | Keep | Increment


class Stone(NamedTuple):
    """One person to add to a tombstone, and those to leave out for that."""

    text: str
    left_out: Sequence[str] = ()


class Mark(NamedTuple):
    """What tombstones say: who was forgotten, which event records it, and when the tombstones expire (TTL, seconds)."""

    guid: str
    event_id: str
    lasts: int | None


class ConcurrentChange(Exception):  # noqa: N818  a state of the store
    """A condition failed: another request changed these rows in the meantime."""


class ForgettingStore(IdentityRows, Protocol):
    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        """One transaction of at most 100 items. Raises `ConcurrentChange`."""


AskForSweep = Callable[[EnvironmentKey, Mark, Sequence[str]], None]
"""Requests a sweep and hands it these binders: once the rows are deleted, nothing leads to them."""


def mark_of(guid: str, event_id: str, longest_retention_days: int | None) -> Mark:
    """`event_id`: the event that records the forgetting."""
    return Mark(guid, event_id, lasts_until(occurred_ms(event_id), longest_retention_days))


def no_sweep(_environment: EnvironmentKey, _mark: Mark, _binders: Sequence[str]) -> None:
    """Requests no sweep: for callers without concurrent requests."""


class Forgetter:
    def __init__(self, store: ForgettingStore, keys: TenantKeys, ask_for_sweep: AskForSweep) -> None:
        self._store = store
        self._keys = keys
        self._ask_for_sweep = ask_for_sweep

    def forgetting_event(self, environment: EnvironmentKey, guid: str) -> str | None:
        """The event by which this person was forgotten, or None."""
        stone = self._stone(environment, id_row(guid))
        gone = gone_of(self._store.read(environment, [stone]).get(stone, {})).get(guid)
        return None if gone is None else gone.event_id

    def binders_of(self, text: str) -> list[str]:
        """The rows that would bind this text: as a client id, and as a username."""
        return binders_of_text(text, self._keys.name)

    def bearers(self, environment: EnvironmentKey, text: str) -> Bearers:
        """The people who have or ever had this username or client id."""
        return bearers(self._store, environment, self._keys, text)

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
        self._tidy(environment, mark, [*known, *candidates])
        return list(known)

    def _stone(self, environment: EnvironmentKey, binder: str) -> str:
        return tombstone(self._keys.gone, environment, binder)

    def _erase(self, environment: EnvironmentKey, mark: Mark, person: PersonRows) -> None:
        """Deletes the key first, together with the tombstones. Tombstones that do not fit into that transaction are
        written before it: until the key is gone, they affect only events that arrive late. If the key is gone
        already, the event that deleted it counts.
        """
        if not person.has_key:
            mark = mark._replace(event_id=self.forgetting_event(environment, mark.guid) or mark.event_id)
        head, gone, rest, last_finders = _rows(person, mark.event_id)
        # The person's own tombstone comes last and so shares the key's transaction: it says that the key is gone.
        stones = self._stones(environment, mark.guid, {**gone, id_row(mark.guid): Gone(mark.event_id)})
        chunks = list(_chunks(head, rest, MAX_ITEMS - min(len(stones), MAX_STONES, MAX_ITEMS - len(head))))
        beside = min(MAX_STONES, MAX_ITEMS - len(chunks[0]))
        early, last = stones[: max(0, len(stones) - beside)], stones[max(0, len(stones) - beside) :]
        for start in range(0, len(early), MAX_STONES):
            self._store.erase(environment, (), dict(early[start : start + MAX_STONES]), mark)
        self._store.erase(environment, chunks[0], dict(last), mark)
        for chunk in chunks[1:]:
            self._store.erase(environment, chunk, {}, mark)
        if last_finders:
            self._tidy(environment, mark, map(name_row, person.shared))
            for start in range(0, len(last_finders), MAX_ITEMS):
                self._store.erase(environment, last_finders[start : start + MAX_ITEMS], {}, mark)

    def _stones(self, environment: EnvironmentKey, guid: str, gone: Mapping[str, Gone]) -> list[tuple[str, Stone]]:
        """Each tombstone with what an earlier call for the same person wrote: some rows may be deleted already."""
        there = self._store.read(environment, [self._stone(environment, text) for text in gone])
        stones = []
        for text, each in gone.items():
            key = self._stone(environment, text)
            row: Row = there.get(key, {})
            whole = each.together_with(gone_of(row).get(guid))
            stones.append((key, Stone(str(whole), too_old(row, guid))))
        return stones

    def _tidy(self, environment: EnvironmentKey, mark: Mark, binders: Iterable[str]) -> None:
        """Deletes `more#` of names that nobody holds any more.

        A request that adds a holder at the same moment writes the row `had#` and then reads `more#`; this deletes
        `more#` and then reads `had#`. So at least one of the two sees the other and puts `more#` back.
        """
        names = dict.fromkeys(
            binder.removeprefix(name_row("")) for binder in binders if binder.startswith(name_row(""))
        )
        there = self._store.read(environment, map(more_row, names)) if names else {}
        for name in names:
            if more_row(name) in there and not self._is_held(environment, name):
                self._store.erase(environment, [Deletion(more_row(name)), Deletion(many_row(name))], {}, mark)
                if self._is_held(environment, name):
                    self._store.erase(environment, [_more(name)], {}, mark)

    def _is_held(self, environment: EnvironmentKey, name: str) -> bool:
        (had,) = self._store.query(environment, [had_prefix(name)], 2)
        return any("guid" in row for row in had) or bool(self._store.read(environment, [name_row(name)]))


def _rows(person: PersonRows, event_id: str) -> tuple[list[Change], dict[str, Gone], list[Change], list[Change]]:
    """The rows to delete with the key, what the tombstone of each text says, the rows of names, and finders of names
    that others held: those lead here again until it is clear whether others still hold them.
    """
    guid, ids = person.guid, person.ids
    head: list[Change] = []
    if person.has_key:
        head = [Deletion(id_row(guid), must_be_there=True), Increment(count_row(guid))]
    head += [Deletion(key) for key in (claim_row(guid), renamed_row(guid)) if key in person.own]
    head += [Deletion(key, only_of=guid) for key in ids if person.binds(key)]
    # A claimed id that is not bound yet would be bound to this person.
    gone = {key: Gone(event_id) for key in ids if person.binds(key) or key not in person.bound}
    rest: list[Change] = []
    last: list[Change] = []
    for name in person.names:
        changes, froms = _rows_of_name(name, person)
        rest += changes
        (last if name in person.shared else rest).append(Deletion(called_row(guid, name)))
        if froms:  # a name that the person never held gets no tombstone
            gone[name_row(name)] = Gone(event_id, person.has_id, froms)
    if called := person.own.get(called_row(guid)):
        (last if called["name"] in person.shared else rest).append(Deletion(called_row(guid)))
    return head, gone, rest, last


def _rows_of_name(name: str, person: PersonRows) -> tuple[list[Change], tuple[int, ...]]:
    """The changes, and since when the person held the name. The row by which these are found again comes after them."""
    guid, first = person.guid, person.bound.get(name_row(name))
    froms = {*person.froms(name), *([int(first["from"])] if first is not None and first["guid"] == guid else [])}
    changes: list[Change] = [Deletion(had_row(name, from_ms, guid)) for from_ms in sorted(froms)]
    if froms and first is not None and first["guid"] != guid:
        # The first holder's last row may be missing, if a request was cut off. Nothing but `name#` leads there then.
        held = {"guid": first["guid"], "name": name, "username": name, "from": first["from"]}
        if int(first["from"]) not in person.froms_of(name, first["guid"]):
            changes.append(Keep(had_row(name, int(first["from"]), first["guid"]), held))
        changes.append(_more(name))
    elif froms and person.has_others(name):
        changes.append(_more(name))
    if froms and first is not None:
        changes.append(Deletion(name_row(name), only_of=first["guid"]))
    return changes, tuple(sorted(froms))


def _more(name: str) -> Keep:
    return Keep(more_row(name), {"name": name})


def _chunks(head: Sequence[Change], rest: Sequence[Change], room: int) -> Iterator[list[Change]]:
    """Changes by transaction: at most `room` in the first, 100 in the others."""
    first = max(0, room - len(head))
    yield [*head, *rest[:first]]
    for start in range(first, len(rest), MAX_ITEMS):
        yield list(rest[start : start + MAX_ITEMS])
