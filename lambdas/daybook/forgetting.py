"""A person forgotten: the identity's rows deleted, and a tombstone left for each text by which somebody was bound.

Every event, proof and archive stays as it is, and shows the GUID from then on. What must be done in one go is one
transaction: the key's own row with the tombstones. Rows beyond a transaction's 100 follow it, name by name, and whoever
asks for the same person again goes on where the last one stopped: by the GUID, or by any of the names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.caller import Tenant
from daybook.event_id import occurred_ms
from daybook.identities import (
    Row,
    address_row,
    called_prefix,
    called_row,
    claim_row,
    ext_row,
    folded,
    had_row,
    id_row,
    name_row,
    renamed_row,
)
from daybook.tombstones import adoptable, events_of, lasts_until, tombstone

MOST_ITEMS = 100  # TransactWriteItems' own limit

_MOST_ROUNDS = 6
_LAST_LOOK_SECONDS = 1.0


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


class Outrun(Exception):  # noqa: N818  a state of the store
    """A condition did not hold: others changed these rows meanwhile."""


class ForgettingStore(Protocol):
    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows there are, by sort key; strongly consistent."""

    def query(self, tenant: Tenant, prefixes: Sequence[str]) -> list[list[Row]]:
        """For each prefix the rows whose sort key begins so; strongly consistent."""

    def erase(self, tenant: Tenant, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark) -> None:
        """In one transaction, of at most 100 items. Raises `Outrun`."""


class _Name(NamedTuple):
    deletions: list[Deletion]
    remembered: list[str]


class Forgetter:
    """`pause` waits for so many seconds."""

    def __init__(self, store: ForgettingStore, gone_key: bytes, pause: Callable[[float], None]) -> None:
        self._store = store
        self._key = gone_key
        self._pause = pause

    def begun(self, tenant: Tenant, guid: str) -> str | None:
        """The event by which this person was forgotten; None for who is not."""
        stone = tombstone(self._key, tenant, id_row(guid))
        return events_of(self._store.read(tenant, [stone]).get(stone, {})).get(guid)

    def once_called(self, tenant: Tenant, text: str) -> list[str]:
        """The GUIDs of those who were forgotten under this username or client id."""
        stones = [tombstone(self._key, tenant, binder) for binder in (ext_row(text), name_row(folded(text)))]
        return sorted({guid for row in self._store.read(tenant, stones).values() for guid in events_of(row)})

    def has_left(self, tenant: Tenant, guid: str) -> bool:
        """Whether there is a row of this person."""
        own = [id_row(guid), claim_row(guid), renamed_row(guid)]
        return bool(self._store.read(tenant, own)) or bool(self._store.query(tenant, [called_prefix(guid)])[0])

    def forget(self, tenant: Tenant, guid: str, event_id: str, longest_retention_days: int | None) -> None:
        """Deletes all rows of the person; none is left on return. May be called again, by anybody, after any failure.

        `event_id` is the event that records it, durable already. Raises `Outrun` where others kept changing the rows.
        """
        mark = Mark(guid, event_id, lasts_until(occurred_ms(event_id), longest_retention_days))
        for round_number in range(_MOST_ROUNDS):
            try:
                found = self._erase(tenant, mark)
            except Outrun:
                continue
            if round_number and not found:
                return
            # A request that read the person before may write a new name of theirs after: one more look for it.
            self._pause(_LAST_LOOK_SECONDS)
        if self.has_left(tenant, guid):
            raise Outrun

    def _erase(self, tenant: Tenant, mark: Mark) -> bool:
        """Whether there was anything. The key first, with all tombstones; those beyond what one transaction holds
        before it: until the key is gone, they touch nothing but events that arrive late.
        """
        guid = mark.guid
        own = self._store.read(tenant, [id_row(guid), claim_row(guid), renamed_row(guid)])
        (called,) = self._store.query(tenant, [called_prefix(guid)])
        if not own and not called:
            return False
        head, stones, names = self._rows(tenant, guid, own, called)
        chunks = list(_chunks(head, names, MOST_ITEMS - min(len(stones), MOST_ITEMS - len(head))))
        beside = MOST_ITEMS - len(chunks[0])
        early, last = stones[: max(0, len(stones) - beside)], stones[max(0, len(stones) - beside) :]
        for start in range(0, len(early), MOST_ITEMS):
            self._store.erase(tenant, (), early[start : start + MOST_ITEMS], mark)
        self._store.erase(tenant, chunks[0], last, mark)
        for chunk in chunks[1:]:
            self._store.erase(tenant, chunk, (), mark)
        return True

    def _rows(
        self, tenant: Tenant, guid: str, own: Mapping[str, Row], called: Sequence[Row]
    ) -> tuple[list[Deletion], list[str], list[_Name]]:
        """What goes with the key, the tombstones, and the rows of each further name."""
        person: Mapping[str, Any] = own.get(id_row(guid), {})
        names = dict.fromkeys(
            [*([folded(person["username"])] if "username" in person else []), *(row["name"] for row in called)]
        )
        client_ids = dict.fromkeys(row["client_id"] for row in own.values() if "client_id" in row)
        ids = [ext_row(client_id) for client_id in client_ids]
        ids += [address_row(person["address"])] if "address" in person else []
        bound = self._store.read(tenant, [*ids, *map(name_row, names)])
        head = [Deletion(id_row(guid), must_be_there=True)] if id_row(guid) in own else []
        head += [Deletion(key) for key in (claim_row(guid), renamed_row(guid)) if key in own]
        head += [Deletion(key, only_of=guid) for key in ids if key in bound and bound[key]["guid"] == guid]
        # An id may be claimed and not bound yet: it would be bound to this person.
        remembered = [key for key in ids if key not in bound or bound[key]["guid"] == guid]
        rows_of_names = [_rows_of_name(name, guid, bound, has_id=bool(client_ids)) for name in names]
        remembered += [text for name in rows_of_names for text in name.remembered]
        if "username" in person:
            head += rows_of_names.pop(0).deletions  # it stands in the key's row alone, and is not found without
        # The person's own comes last, hence with the key: it says that the key is gone.
        stones = [tombstone(self._key, tenant, text) for text in (*remembered, id_row(guid))]
        return head, stones, rows_of_names


def _rows_of_name(name: str, guid: str, bound: Mapping[str, Row], *, has_id: bool) -> _Name:
    """The row by which the person is found again stands last. What a name that means somebody else stands for is
    theirs, and is not remembered.
    """
    deletions = [Deletion(had_row(name, guid)), Deletion(called_row(guid, name))]
    if bound.get(name_row(name), {}).get("guid") != guid:
        return _Name(deletions, [])
    return _Name(
        [Deletion(name_row(name), only_of=guid), *deletions],
        [name_row(name)] if has_id else [name_row(name), adoptable(name)],
    )


def _chunks(head: Sequence[Deletion], names: Iterable[_Name], room: int) -> Iterator[list[Deletion]]:
    """Deletions in transactions: the first of at most `room`, the others of 100; a name's are never parted."""
    chunk = list(head)
    for name in names:
        if len(chunk) + len(name.deletions) > room:
            yield chunk
            chunk, room = [], MOST_ITEMS
        chunk += name.deletions
    yield chunk
