"""Appends to the events table. Events are never changed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from daybook.aws.batches import (
    FIRST_WAIT_SECONDS,
    MAX_CALL_SECONDS,
    MAX_WAIT_SECONDS,
    PATIENCE,
    STATEMENTS_A_CALL,
    Patience,
    get_items,
    insert,
    insert_text,
    workers,
)
from daybook.events.item import StoredEvent
from daybook.events.store import Append, Kept, Key


class EventTable:
    """Appends events and looks them up by their keys."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def append(self, events: Sequence[StoredEvent], remaining_seconds: Callable[[], float]) -> dict[Key, Append]:
        """Writes events, each independently; their keys must differ. An event with the outcome STORED is durable.

        Throttled statements are tried again, with full jitter and doubling waits, as long as `remaining_seconds` leave
        room for one more try and an answer. When an earlier try succeeded without an answer, the next one says
        DUPLICATE; look the event up then.
        """
        outcome = {(event.partition, event.id): Append.THROTTLED for event in events}
        left = list(events)
        wait = FIRST_WAIT_SECONDS
        while True:
            for event, append in zip(left, self._round(left), strict=True):
                outcome[event.partition, event.id] = append
            left = [event for event in left if outcome[event.partition, event.id] is Append.THROTTLED]
            if not left or remaining_seconds() <= wait + MAX_CALL_SECONDS:
                return outcome
            self._patience.wait(wait)
            wait = min(2 * wait, MAX_WAIT_SECONDS)

    def find(self, keys: Iterable[Key]) -> dict[Key, Kept]:
        """The events that exist under these keys; strongly consistent. Raises `Throttled`."""
        found: dict[Key, Kept] = {}
        for item in get_items(
            self._client,
            self._table,
            [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)],
            ("pk", "sk", "z", "f"),
            self._patience,
        ):
            found[item["pk"]["S"], item["sk"]["S"]] = Kept(item["f"]["B"] if "f" in item else None, item["z"]["B"])
        return found

    def _round(self, events: Sequence[StoredEvent]) -> list[Append]:
        """Tries each event once, in parallel calls; the answers keep the order."""
        calls = [events[start : start + STATEMENTS_A_CALL] for start in range(0, len(events), STATEMENTS_A_CALL)]
        answers = map(self._call, calls) if len(calls) < 2 else workers().map(self._call, calls)
        return [append for answer in answers for append in answer]

    def _call(self, events: Sequence[StoredEvent]) -> list[Append]:
        return insert(self._client, [_statement(self._table, event) for event in events])


def item_of(event: StoredEvent) -> dict[str, dict[str, Any]]:
    """The item as it is written. Absent index keys are left out, which keeps the indexes sparse."""
    item: dict[str, dict[str, Any]] = {
        "pk": {"S": event.partition},
        "sk": {"S": event.id},
        "z": {"B": event.packed},
        "by_actor": {"S": event.by_actor},
        "by_activity": {"S": event.by_activity},
    }
    if event.fingerprint is not None:
        item["f"] = {"B": event.fingerprint}
    if event.by_target is not None:
        item["by_target"] = {"S": event.by_target}
    if event.by_within is not None:
        item["by_within"] = {"S": event.by_within}
    if event.expires_at is not None:
        item["expires_at"] = {"N": str(event.expires_at)}
    return item


def _statement(table: str, event: StoredEvent) -> dict[str, Any]:
    item = item_of(event)
    return {"Statement": insert_text(table, tuple(item)), "Parameters": list(item.values())}
