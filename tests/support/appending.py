"""The functions that append, over a tenant's log: what the stream brings, what is parked, and what is kept apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.ledger_table.appends import AppendTable
from daybook.events.store import Key
from daybook.ledger.entries import Entry
from daybook.ledger.logs import LogKey, Visibility
from ledger import append_handler
from ledger.parked import ParkedEvents
from tests.support.streams import stream_record
from tests.support.tenant_log import TenantLog


class Appending:
    def __init__(self, log: TenantLog, **replaced: Any) -> None:
        """`replaced` are properties of the wiring of the functions that append."""
        self.log = log
        self.counted: Counter[str] = Counter()
        self.kept: list[Mapping[str, Any]] = []
        self.waiting: list[Key] = []
        self.is_down = ""
        """What refuses: `parked`, `poison`."""
        self.wiring = log.wiring.replacing(count=self._count, **replaced)
        self.appends = append_handler.appends_over(self.wiring, "daybook", self, self, lambda _: None)

    def _count(self, name: str, value: int) -> None:
        self.counted[name] += value

    def park(self, keys: Sequence[Key]) -> None:
        if self.is_down == "parked":
            raise ConnectionError
        self.waiting += keys

    def keep(self, record: Mapping[str, Any]) -> None:
        if self.is_down == "poison":
            raise ConnectionError
        self.kept.append(record)

    def records(self) -> list[dict[str, Any]]:
        """The stream's records of all events."""
        items = self.log.dynamodb.scan(TableName=self.log.tables.events, ConsistentRead=True)["Items"]
        return [stream_record(item, str(1_000 + place)) for place, item in enumerate(items)]

    def append(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Returns the sequence numbers that failed."""
        answer = append_handler.serve({"Records": records}, self.appends)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def append_parked(self) -> bool:
        events = ParkedEvents(self.wiring.inserted, self.wiring.appender("daybook", lambda _: None), self.wiring.count)
        return events.append(self.waiting)

    def entries(self, environment: str = "prod", visibility: Visibility = "all") -> list[Entry]:
        """Of the current log, read anew."""
        log = self.log.wiring.logs.current(LogKey(self.log.key(environment), visibility))
        table = AppendTable(self.log.dynamodb, self.log.tables.ledger)
        return [] if log is None else [entry for _, entry in table.read(log, 0, 10**6)]
