"""Resolves references to people, and creates the people that are not known yet."""

from collections.abc import Callable, Iterable, Mapping

from daybook.clock import Clock, system_clock
from daybook.crypto.keys import TenantKeys
from daybook.errors import Contended
from daybook.people.binding import Binding, Seen
from daybook.people.identities import (
    HAD_ROWS_READ,
    IdentityStore,
    People,
    Person,
    Reference,
    Row,
    Sighting,
    claim_row,
    had_prefix,
    had_row,
    id_row,
    more_row,
    name_in_keys,
    name_row,
)
from daybook.people.names import Name
from daybook.people.tombstones import tombstone
from daybook.tenant import EnvironmentKey

_MAX_ROUNDS = 6

_NO_MOMENT = 1 << 50
"""Later than the moment of any event."""


class Identities:
    """Binds references to people, and creates the people that are not known yet."""

    def __init__(self, store: IdentityStore, random_bytes: Callable[[int], bytes], clock: Clock = system_clock) -> None:
        self._store = store
        self._random = random_bytes
        self._clock = clock

    def resolve(
        self, environment: EnvironmentKey, references: Iterable[Reference], keys: TenantKeys
    ) -> dict[Reference, Person]:
        """The person whom each reference means now. All of them are durable on return. Raises `Contended`."""
        now = self._clock()
        wanted = list(dict.fromkeys(references))
        people = self.resolve_seen(environment, [Sighting(each, now) for each in wanted], keys).at(now)
        return {each: people[each] for each in wanted}

    def resolve_seen(self, environment: EnvironmentKey, sightings: Iterable[Sighting], keys: TenantKeys) -> People:
        """The people whom events mean. All of them are durable on return. Raises `Contended`.

        Nothing is cached: a warm cache would seal under a key that has been deleted. Full names are stored with new
        usernames, for callers who look people up.

        A client id takes precedence over a name. An unknown client id adopts the name's holder at the event's time if
        that person has no client id yet; otherwise it creates a new person. A bare name means its holder at the event's
        time. A person forgotten after an event occurred is still the one whom the event means. No row is written then,
        whatever the event calls the person.
        """
        everyone: dict[Reference, Seen] = {}
        for reference, occurred_ms, full_name in sightings:
            seen = everyone.get(reference)
            if seen is None:
                name = None if reference.username is None else name_in_keys(reference.username, keys.name)
                seen = everyone[reference] = Seen(reference, name)
            seen.moments.add(occurred_ms)
            if full_name is not None:
                seen.full_names.append((occurred_ms, full_name))
        if not everyone:
            return People({}, {})
        keyless: set[str] = set()
        for _ in range(_MAX_ROUNDS):
            reading = _Reading(self._store, environment, keys.gone, everyone.values())
            binding = Binding(reading.rows, reading.names, reading.ids_gone, self._random)
            binding.bind(everyone.values())
            lost_race = self._insert(environment, binding)
            missing = {guid for guid in binding.meant() if id_row(guid) not in reading.rows}
            # A missing key was deleted. If that happened between the reads, no binder leads to it at the next attempt.
            # Otherwise some of its binders are not deleted yet, and still mean the forgotten person.
            unread = {guid for guid in missing if id_row(guid) not in reading.asked}
            if not (lost_race or unread) and missing <= keyless:
                return binding.people()
            keyless |= missing - unread
        raise Contended

    def _insert(self, environment: EnvironmentKey, binding: Binding) -> bool:
        """Whether another request was first with a row that binds, or forgetting deleted one that this attempt needs.

        In that case the bindings of this attempt may be wrong, and nothing that depends on them is written: a client id
        bound to a person whom another client id has just claimed would stay bound for ever. The next attempt writes
        what is missing.
        """
        # Finders of existing people are written before the rows they lead to, so that a concurrent forgetting, and its
        # sweep, see them. New people are known to nobody yet, and a row that was lost does not belong to them.
        if self._put(environment, {**binding.new, **binding.early_finders()}) & binding.contested:
            return True
        more = binding.more()
        if self._put(environment, {**binding.exts, **more}) & binding.exts.keys():
            return True
        # Only now, because nobody who has lost an id may hold a name.
        firsts = binding.firsts()
        if self._put(environment, {**firsts, **binding.finders(of_bare=False)}) & firsts.keys():
            return True
        # The rows that lookups search for come last: if one of them exists, all the others exist too.
        self._put(environment, {**binding.had(of_bare=False), **binding.finders(of_bare=True)})
        self._put(environment, binding.had(of_bare=True))
        # Forgetting deletes `more#` when it finds no holder, and looks once more afterwards. So if it has not seen the
        # new holder, this read sees that the row is gone.
        return bool(more) and self._store.read(environment, more).keys() != more.keys()

    def _put(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        return self._store.insert(environment, rows) if rows else frozenset()


class _Reading:
    """Everything that an attempt reads. Known people take two reads, and names of several holders a query each."""

    def __init__(
        self, store: IdentityStore, environment: EnvironmentKey, gone_key: bytes, everyone: Iterable[Seen]
    ) -> None:
        self._store = store
        self._environment = environment
        self._gone_key = gone_key
        self._everyone = list(everyone)
        texts: dict[str, int] = {}
        for seen in self._everyone:
            if seen.name is not None:
                texts[seen.name] = min(texts.get(seen.name, _NO_MOMENT), *seen.moments)
        self.asked: set[str] = set()
        """What was read after the binders, whether it is there or not."""
        binders = [seen.ext for seen in self._everyone if seen.ext is not None]
        self.rows: dict[str, Row] = store.read(environment, dict.fromkeys([*binders, *map(name_row, texts)]))
        asked = {text: self._stone(name_row(text)) for text in self._uncertain()}
        ids = {ext: self._stone(ext) for ext in binders}
        # Not in the same read as the binders: a batch is not a snapshot, so a binder could be read after its deletion
        # and the tombstone before it was written.
        self._read([*self._of_binders(), *map(more_row, asked), *asked.values(), *ids.values()])
        had = self._had([text for text, first_ms in texts.items() if self._is_shared(text, asked, first_ms)], asked)
        self.ids_gone = {ext: self.rows[stone] for ext, stone in ids.items() if stone in self.rows}
        self.names = {text: self._name(text, had, asked) for text in texts}

    def _read(self, sort_keys: Iterable[str]) -> None:
        keys = dict.fromkeys(sort_keys)
        self.asked |= keys.keys()
        if keys:
            self.rows.update(self._store.read(self._environment, keys))

    def _stone(self, binder: str) -> str:
        return tombstone(self._gone_key, self._environment, binder)

    def _uncertain(self) -> dict[str, None]:
        """The names that somebody else may hold as well as the person whom the events mean."""
        found: dict[str, None] = {}
        for seen in self._everyone:
            if seen.name is not None:
                bound, first = self.rows.get(seen.ext or ""), self.rows.get(name_row(seen.name))
                if bound is None or first is None or first["guid"] != bound["guid"]:
                    found[seen.name] = None
        return found

    def _of_binders(self) -> Iterable[str]:
        for seen in self._everyone:
            bound = self.rows.get(seen.ext or "")
            if bound is not None:
                yield id_row(bound["guid"])
                yield claim_row(bound["guid"])
            first = None if seen.name is None else self.rows.get(name_row(seen.name))
            if first is not None:
                yield id_row(first["guid"])
                yield claim_row(first["guid"])
                yield had_row(seen.name or "", int(first["from"]), first["guid"])

    def _is_shared(self, text: str, asked: Mapping[str, str], first_ms: int) -> bool:
        """Whether the first holder's row alone does not tell whom the name means, or since when."""
        if more_row(text) in self.rows or asked.get(text) in self.rows:
            return True
        first = self.rows.get(name_row(text))
        return first is not None and first_ms < int(first["from"])

    def _had(self, texts: list[str], asked: Mapping[str, str]) -> dict[str, list[Row]]:
        """The rows `had#` of these names, with the keys of those holders who may be meant. The tombstones are read
        again, after the rows that forgetting may have deleted in the meantime.

        If they differ by then, somebody may be meant whose key was not read. The next attempt reads it.
        """
        if not texts:
            return {}
        found = self._store.query(self._environment, [had_prefix(text) for text in texts], HAD_ROWS_READ)
        had = dict(zip(texts, found, strict=True))
        guids = dict.fromkeys(guid for seen in self._everyone for guid in self._candidates(seen, had, asked))
        people = [key for guid in guids for key in (id_row(guid), claim_row(guid))]
        self._read([*people, *(self._stone(name_row(text)) for text in texts)])
        return had

    def _candidates(self, seen: Seen, had: Mapping[str, list[Row]], asked: Mapping[str, str]) -> Iterable[str]:
        """The holders of the name whom the reference may mean. An unknown id may have been claimed for any of them.

        Whoever else holds the name by events of the same request is known by an id, or new.
        """
        text = seen.name
        if text is None or text not in had or seen.ext in self.rows:
            return ()
        if seen.ext is not None:
            return [row["guid"] for row in had[text] if "guid" in row]
        at = self._name(text, had, asked).timeline.at
        return [holder.guid for holder in map(at, seen.moments) if holder is not None]

    def _name(self, text: str, had: Mapping[str, list[Row]], asked: Mapping[str, str]) -> Name:
        return Name(
            first=self.rows.get(name_row(text)),
            has_more=more_row(text) in self.rows,
            stone=self.rows.get(asked.get(text, ""), {}),
            had=had.get(text, ()),
        )
