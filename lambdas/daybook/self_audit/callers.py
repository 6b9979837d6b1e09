"""Who calls: the people behind tokens, and those of whom nothing but an address is known."""

from daybook.crypto.keys import TenantKeys
from daybook.people.identities import IdentityStore, Person, Reference, Sighting, ext_of, id_row
from daybook.people.resolver import Identities
from daybook.tenant import EnvironmentKey

_MAX_KEPT = 1_000


class Callers:
    """A warm function remembers to whom a caller was bound, and reads in one call whether it still is, with the key.

    The key itself is never kept: after the person has been forgotten, it would seal what nobody can open. A caller
    who is new, or was forgotten, is resolved like any reference, in two reads and the inserts it takes.
    """

    def __init__(self, store: IdentityStore, identities: Identities) -> None:
        self._store = store
        self._identities = identities
        self._bound: dict[tuple[EnvironmentKey, str], str] = {}

    def person(self, environment: EnvironmentKey, reference: Reference, keys: TenantKeys, now_ms: int) -> Person:
        """The person of a token, an address, or a user agent; durable. Raises `Contended`, `Throttled`."""
        binder = ext_of(reference) or ""
        guid = self._bound.get((environment, binder))
        if guid is not None:
            rows = self._store.read(environment, [binder, id_row(guid)])
            if id_row(guid) in rows and rows.get(binder, {}).get("guid") == guid:
                return Person(guid, rows[id_row(guid)]["key"])
        found = self._identities.resolve_seen(environment, [Sighting(reference, now_ms)], keys)
        person = found.at(now_ms)[reference]
        if len(self._bound) >= _MAX_KEPT:
            self._bound.clear()
        self._bound[environment, binder] = person.guid
        return person
