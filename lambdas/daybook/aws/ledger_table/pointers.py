"""Pointers in the ledger table: `received#<ten seconds since 1970, 12 digits>#<start, 16 digits>`, without attributes.

One says that the append of this start may hold events that were received in these ten seconds. It is written before the
append, so it may name one that does not exist, or that holds other events: somebody else was first.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any

from daybook.aws.batches import workers
from daybook.aws.calls import ask
from daybook.clock import SECOND

_TEN_SECONDS = 10 * SECOND
_APART = 30
"""Times that are closer than this, five minutes, are asked for with one query. A pointer more or less is cheap."""


class PointerRows:
    """Uses a low-level DynamoDB client. Reads are strongly consistent and raise `Throttled`."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def starts(self, partition: str, received_ms: Collection[int]) -> set[int]:
        """Of the appends that may hold an event that was received at one of these moments."""
        times = {moment // _TEN_SECONDS for moment in received_ms}
        spans = list(_spans(times))
        one = partial(self._within, partition)
        found = map(one, spans) if len(spans) < 2 else workers().map(one, spans)
        # An append has 76 KB: those of the times in between are not read.
        return {start for pointers in found for time, start in pointers if time in times}

    def _within(self, partition: str, span: tuple[int, int]) -> list[tuple[int, int]]:
        """The ten seconds and the start of each pointer."""
        first, last = span
        found: list[tuple[int, int]] = []
        more: dict[str, Any] = {}
        while True:
            answer = ask(
                self._client.query,
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": {"S": partition},
                    ":first": {"S": _sort_key(first, "")},
                    ":last": {"S": _sort_key(last, "~")},
                },
                ConsistentRead=True,
                **more,
            )
            for item in answer["Items"]:
                _, time, start = item["sk"]["S"].split("#")
                found.append((int(time), int(start)))
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def items(partition: str, start: int, received_ms: Iterable[int]) -> list[dict[str, Any]]:
    """The rows of an append that holds events that were received at these moments."""
    times = sorted({moment // _TEN_SECONDS for moment in received_ms})
    return [{"pk": {"S": partition}, "sk": {"S": _sort_key(time, f"{start:016}")}} for time in times]


def _sort_key(ten_seconds: int, start: str) -> str:
    return f"received#{ten_seconds:012}#{start}"


def _spans(times: Collection[int]) -> Iterator[tuple[int, int]]:
    """First and last of the times that are close together."""
    ordered = sorted(times)
    if not ordered:
        return
    first = last = ordered[0]
    for time in ordered[1:]:
        if time - last > _APART:
            yield first, last
            first = time
        last = time
    yield first, last
