"""Resolves references to people, and creates the people that are not known yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from daybook.clock import Clock, system_clock
from daybook.errors import Contended
from daybook.people.binding import Binding
from daybook.people.identities import (
    IdentityStore,
    People,
    Person,
    Reference,
    Row,
    Sighting,
    binders_of,
    claim_row,
    folded,
    had_row,
    id_row,
)
from daybook.people.tombstones import adoptable, forgotten_since, tombstone
from daybook.tenant import EnvironmentKey

_MAX_ROUNDS = 6

_NO_MOMENT = 1 << 50
"""Later than the moment of any event."""

_NO_KEY: Row = {"key": None}


class Identities:
    """Binds references to people, and creates the people that are not known yet."""

    def __init__(self, store: IdentityStore, random_bytes: Callable[[int], bytes], clock: Clock = system_clock) -> None:
        self._store = store
        self._random = random_bytes
        self._clock = clock

    def resolve(self, environment: EnvironmentKey, references: Iterable[Reference]) -> dict[Reference, Person]:
        """The person whom each reference means from now on. All of them are durable on return. Raises `Contended`."""
        latest = dict.fromkeys(references, _NO_MOMENT)
        return dict(self._resolved(environment, latest, {}, {}).at(_NO_MOMENT))

    def resolve_seen(self, environment: EnvironmentKey, sightings: Iterable[Sighting], gone_key: bytes) -> People:
        """The people whom events mean. All of them are durable on return. Raises `Contended`.

        Nothing is cached: a warm cache would seal under a key that has been deleted. Full names are stored with new
        usernames, for callers who look people up.

        A client id takes precedence over a name. An unknown client id adopts the name's person if that person has no
        client id yet; otherwise it creates a new person. A person forgotten after an event occurred is still the one
        whom the event means. No row is written then, whatever the event calls the person.
        """
        latest: dict[Reference, int] = {}
        names: dict[Reference, list[tuple[int, str]]] = {}
        for reference, occurred_ms, full_name in sightings:
            latest[reference] = max(occurred_ms, latest.get(reference, occurred_ms))
            if full_name is not None:
                names.setdefault(reference, []).append((occurred_ms, full_name))
        stones = {each: [tombstone(gone_key, environment, text) for text in _remembered(each)] for each in latest}
        return self._resolved(environment, latest, names, stones)

    def _resolved(
        self,
        environment: EnvironmentKey,
        latest: Mapping[Reference, int],
        names: Mapping[Reference, Sequence[tuple[int, str]]],
        stones: Mapping[Reference, Sequence[str]],
    ) -> People:
        if not latest:
            return People({}, {})
        keyless: set[str] = set()
        for _ in range(_MAX_ROUNDS):
            rows = self._read(environment, latest, stones)
            gone = {each: found for each, keys in stones.items() if (found := _tombstones(each, rows, keys))}
            wanted = [each for each, last_ms in latest.items() if not forgotten_since(gone.get(each, ()), last_ms)]
            binding = Binding(rows, self._random, _full_names(names, gone), self._clock())
            guids = {reference: binding.bind(reference) for reference in wanted}
            lost_race = self._insert(environment, binding)
            missing = {guid for guid in guids.values() if id_row(guid) not in rows}
            # A missing key was deleted. If that happened between the two reads, no binder leads to it at the next
            # attempt. Otherwise some of its binders are not deleted yet, and still mean the forgotten person.
            if not lost_race and missing <= keyless:
                living = {each: Person(guid, rows.get(id_row(guid), _NO_KEY)["key"]) for each, guid in guids.items()}
                return People(living, gone)
            keyless |= missing
        raise Contended

    def _read(
        self, environment: EnvironmentKey, references: Iterable[Reference], stones: Mapping[Reference, Sequence[str]]
    ) -> dict[str, Row]:
        rows = self._store.read(
            environment, dict.fromkeys(key for reference in references for key in binders_of(reference))
        )
        more: dict[str, None] = {}
        for reference in references:
            for binder in binders_of(reference):
                if binder not in rows:
                    continue
                guid = rows[binder]["guid"]
                more[id_row(guid)] = None
                more[claim_row(guid)] = None
                if reference.username is not None:
                    more[had_row(folded(reference.username), guid)] = None
            # Not in the same read as the binders: a batch is not a snapshot, so a binder could be read after its
            # deletion and the tombstone before it was written.
            more |= dict.fromkeys(stones.get(reference, ()))
        rows.update(self._store.read(environment, more) if more else {})
        return rows

    def _insert(self, environment: EnvironmentKey, binding: Binding) -> bool:
        """Whether another request was first with a row that binds.

        In that case the bindings of this attempt may be wrong, and nothing that depends on them is written: a client id
        bound to a person whom another client id has just claimed would stay bound for ever.
        """
        # Finders of existing people are written before the rows they lead to, so that a concurrent forgetting, and its
        # sweep, see them. New people are known to nobody yet, and a binder that was lost does not belong to them.
        early = {**binding.people, **binding.finders}
        if early and self._store.insert(environment, early) & binding.contested:
            return True
        lost = self._store.insert(environment, binding.binders) if binding.binders else frozenset()
        # The rows that lookups search for come last: if one of them exists, all the others exist too.
        for rows in (binding.finders_of_new(lost), {} if lost else binding.had_rows):
            if rows:
                self._store.insert(environment, rows)
        return bool(lost)


def _remembered(reference: Reference) -> list[str]:
    """The texts whose tombstones concern this reference, the strongest first, in the order of its binders."""
    binders = binders_of(reference)
    if reference.client_id is None or reference.username is None:
        return binders
    return [binders[0], adoptable(folded(reference.username))]


def _tombstones(reference: Reference, rows: Mapping[str, Row], keys: Sequence[str]) -> list[Row]:
    """The tombstones of a reference that exist, the strongest first. An id bound to a living person adopts nobody."""
    asked = keys[:1] if binders_of(reference)[0] in rows else keys
    return [rows[key] for key in asked if key in rows]


def _full_names(
    names: Mapping[Reference, Sequence[tuple[int, str]]], gone: Mapping[Reference, Sequence[Row]]
) -> dict[Reference, str]:
    """The first full name of each reference that is given at a moment when it means a living person."""
    found: dict[Reference, str] = {}
    for reference, given in names.items():
        stones = gone.get(reference, ())
        living = (name for moment_ms, name in given if not forgotten_since(stones, moment_ms))
        if (name := next(living, None)) is not None:
            found[reference] = name
    return found
