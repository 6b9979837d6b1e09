"""Appends in the ledger table: `append#<start, 16 digits>`, written once, never changed and never deleted.

Attributes: `e`, the entries; `size`, the log's size with them; `edge` and `root` of the tree of that size; `at`, the
moment in milliseconds; `nonce`.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any

from daybook.aws.batches import KEYS_A_CALL, PATIENCE, Patience, get_items, insert, insert_all, insert_statement
from daybook.aws.calls import ask, page_of
from daybook.aws.ledger_table import deltas, pointers
from daybook.batching import batched
from daybook.errors import Throttled
from daybook.events.store import Append as Inserted
from daybook.ledger.entries import ENTRY_BYTES, Entry, decode, encode, split
from daybook.ledger.log import NOTHING, Append, EntryKey, Head
from daybook.ledger.logs import Log
from daybook.ledger.merkle import HASH_BYTES, Edge

_PREFIX = "append#"
_FIRST = f"{_PREFIX}{0:016}"
_LAST = f"{_PREFIX}{10**16 - 1:016}"
_KNOWN = 256
"""Appends of up to 76 KB that an instance remembers: the next batch has events of the same ten seconds."""
_KEY_BYTES = ENTRY_BYTES - HASH_BYTES


class AppendTable:
    """Uses a low-level DynamoDB client. Reads are strongly consistent; everything raises `Throttled`."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience
        self._pointers = pointers.PointerRows(client, table_name)
        self._known: OrderedDict[tuple[str, int], Append] = OrderedDict()
        self._lock = Lock()

    def head(self, log: Log) -> Head:
        newest = self._page(log, _FIRST, _LAST, ScanIndexForward=False, Limit=1)["Items"]
        return _append(newest[0]).head if newest else NOTHING

    def appends(self, log: Log, start: int, stop: int) -> Iterator[Append]:
        if start >= stop:
            return
        low = start
        if start:
            for holds_start in self._up_to(log, start):
                if holds_start.stop > start:
                    yield holds_start
                low = max(holds_start.stop, start)
        more: dict[str, Any] = {}
        while low < stop:
            answer = self._page(log, _sort_key(low), _sort_key(stop - 1), **more)
            yield from map(_append, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _up_to(self, log: Log, index: int) -> list[Append]:
        """The last append that begins there or before. It costs no call where `found` has read it already."""
        with self._lock:
            for (partition, _), append in self._known.items():
                if partition == log.partition and append.start <= index < append.stop:
                    return [append]
        page = self._page(log, _FIRST, _sort_key(index), ScanIndexForward=False, Limit=1)
        return [*map(_append, page["Items"])]

    def read(self, log: Log, start: int, stop: int) -> Iterator[tuple[int, Entry]]:
        for append in self.appends(log, start, stop):
            first, last = max(start - append.start, 0), stop - append.start
            yield from enumerate(split(append.entries[first * ENTRY_BYTES : last * ENTRY_BYTES]), append.start + first)

    def find(self, log: Log, keys: Collection[EntryKey]) -> Mapping[EntryKey, int]:
        return {key: index for key, (index, _) in self.found(log, keys).items()}

    def found(self, log: Log, keys: Collection[EntryKey]) -> Mapping[EntryKey, tuple[int, Entry]]:
        wanted = {encode(Entry(*key, bytes(HASH_BYTES)))[:_KEY_BYTES]: key for key in keys}
        found: dict[EntryKey, tuple[int, Entry]] = {}
        starts = self._pointers.starts(log.partition, {received_ms for _, received_ms in keys})
        for some in batched(sorted(starts), KEYS_A_CALL):  # thousands of appends fill the memory
            for append in self._at(log, some):
                for at in range(0, len(append.entries), ENTRY_BYTES):
                    key = wanted.get(append.entries[at : at + _KEY_BYTES])
                    if key is not None:
                        entry = decode(append.entries[at : at + ENTRY_BYTES])
                        found[key] = (append.start + at // ENTRY_BYTES, entry)
        return found

    def put(self, log: Log, append: Append, delta: bytes) -> bool:
        received = [entry.received_ms for entry in split(append.entries)]
        before = [
            deltas.item(log.partition, append, delta),
            *pointers.items(log.partition, append.start, received),
        ]
        insert_all(self._client, self._table, before, self._patience)
        (outcome,) = insert(self._client, [insert_statement(self._table, _item(log, append))])
        if outcome is Inserted.THROTTLED:
            raise Throttled  # from here on it is unknown whether the log has it
        if outcome is Inserted.STORED:
            self._remember(log, [append])
        return outcome is Inserted.STORED

    def delta(self, log: Log, append: Append) -> bytes | None:
        return deltas.read(self._client, self._table, log.partition, append)

    def deltas(self, log: Log, start: int, stop: int) -> Mapping[tuple[int, str], bytes]:
        return deltas.between(self._client, self._table, log.partition, start, stop)

    def _at(self, log: Log, starts: Collection[int]) -> list[Append]:
        """The appends that exist. They never change, so those that were read before need not be read again."""
        known: list[Append] = []
        unknown: list[int] = []
        with self._lock:
            for start in starts:
                append = self._known.get((log.partition, start))
                if append is None:
                    unknown.append(start)
                else:
                    self._known.move_to_end((log.partition, start))
                    known.append(append)
        keys = [{"pk": {"S": log.partition}, "sk": {"S": _sort_key(start)}} for start in unknown]
        read = [_append(item) for item in get_items(self._client, self._table, keys, patience=self._patience)]
        self._remember(log, read)
        return known + read

    def _remember(self, log: Log, appends: Sequence[Append]) -> None:
        with self._lock:
            self._known.update({(log.partition, append.start): append for append in appends})
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def _page(self, log: Log, first: str, last: str, **arguments: Any) -> dict[str, Any]:
        query: Callable[..., Any] = partial(ask, self._client.query)
        return page_of(
            query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": {"S": log.partition}, ":first": {"S": first}, ":last": {"S": last}},
            ConsistentRead=True,
            **arguments,
        )


def _sort_key(start: int) -> str:
    return f"{_PREFIX}{start:016}"


def _item(log: Log, append: Append) -> dict[str, Any]:
    return {
        "pk": {"S": log.partition},
        "sk": {"S": _sort_key(append.start)},
        "e": {"B": append.entries},
        "size": {"N": str(append.stop)},
        "edge": {"B": append.edge.to_bytes()},
        "root": {"B": append.root},
        "at": {"N": str(append.at_ms)},
        "nonce": {"S": append.nonce},
    }


def _append(item: Mapping[str, Any]) -> Append:
    return Append(
        start=int(item["sk"]["S"].removeprefix(_PREFIX)),
        entries=item["e"]["B"],
        edge=Edge.from_bytes(int(item["size"]["N"]), item["edge"]["B"]),
        root=item["root"]["B"],
        at_ms=int(item["at"]["N"]),
        nonce=item["nonce"]["S"],
    )
