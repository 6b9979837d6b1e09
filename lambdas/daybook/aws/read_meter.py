"""Counts the read units that DynamoDB says it consumed, for all clients that are made from one session."""

import threading
from typing import Any

_READS = ("BatchGetItem", "GetItem", "Query")
"""The calls by which functions read. DynamoDB Local reports none for PartiQL, by which they only insert."""


class ReadMeter:
    """Threads may share it."""

    def __init__(self) -> None:
        self._units = 0.0
        self._lock = threading.Lock()

    def watch(self, session: Any) -> None:
        """From now on, each new DynamoDB client of this botocore session asks for what its reads consume."""
        for name in _READS:
            session.register(f"before-parameter-build.dynamodb.{name}", _ask)
            session.register(f"after-call.dynamodb.{name}", self._count)

    def take(self) -> float:
        """What was consumed since this was last called."""
        with self._lock:
            units, self._units = self._units, 0.0
        return units

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or ()
        tables = [consumed] if isinstance(consumed, dict) else consumed
        units = sum(table.get("CapacityUnits", 0.0) for table in tables)
        with self._lock:
            self._units += units


def _ask(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"
