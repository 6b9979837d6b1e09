"""A made-up log, sent through the real ingest, beside its model."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.control import ControlTable
from daybook.aws.identities import IdentityTable
from daybook.caller import Tenant
from daybook.clock import DAY, format_time, parse_time
from daybook.derivation import length_prefixed, tag
from daybook.identities import address_row, ext_row, name_row
from daybook.stored import partition_of
from daybook.tenants import Layout
from tests.calls import answered
from tests.conftest import Tables
from tests.ingesting import KEYS, NOW, Sender, ingest_over, settings
from tests.model.happened import Happened
from tests.model.people import People
from tests.model.world import Log

EVENTS = 48


class Loaded:
    """One tenant with the log of a seed."""

    def __init__(self, dynamodb: Any, tables: Tables, seed: int) -> None:
        self._dynamodb = dynamodb
        self.tables = tables
        self.tenant = f"tenant-{seed}"
        self._random = random.Random(seed)  # noqa: S311
        log = Log(seed)
        layouts = tuple(Layout(*layout) for layout in log.layouts())
        self.settings = settings(
            "enate", tenant=Tenant(self.tenant), layouts=layouts, retention_days=None, created_at=0
        )
        ControlTable(dynamodb, tables.control).create_tenant(self.settings)
        self._send = Sender(ingest_over(dynamodb, tables), self.tenant)
        self.people = People()
        self.events: list[Happened] = []
        # Later events may be caused by earlier ones.
        for size in (EVENTS // 2, EVENTS // 4, EVENTS // 4):
            self.events += self._sent([self._caused(log.event()) for _ in range(size)])
        self._learn_guids()

    def expected(self, query: Mapping[str, Sequence[str]], role: str, *, arrived: Sequence[Happened] = ()) -> list[str]:
        """The ids that a read gives, in its order, by looking at every event."""
        filters = {name: values for name, values in query.items() if name not in _NO_FILTERS}
        low, high = _span(query)
        found = [
            event.id
            for event in arrived or self.events
            if event.sent["environment"] == query.get("environment", ["prod"])[0]
            and event.only_for in (None, role)
            and low <= parse_time(event.sent["occurred_at"]) < high
            and event.matches(filters)
        ]
        return sorted(found, reverse=query.get("sort", ["-occurred_at"])[0].startswith("-"))

    def arrive(self, count: int) -> list[Happened]:
        """More events of the kinds that there are, by nobody new; `remove` takes them away again."""
        like = self._random.choices(self.events, k=count)
        return self._sent([{name: value for name, value in event.sent.items() if name != "id"} for event in like])

    def remove(self, events: Sequence[Happened]) -> None:
        for event in events:
            occurred_ms = parse_time(event.sent["occurred_at"])
            lies_in = partition_of(self.settings, event.sent["environment"], event.id, occurred_ms)
            key = {"pk": {"S": lies_in}, "sk": {"S": event.id}}
            self._dynamodb.delete_item(TableName=self.tables.events, Key=key)

    def _caused(self, event: dict[str, Any]) -> dict[str, Any]:
        if self._random.random() < 0.5:
            event["id"] = f"own {self._random.getrandbits(40)}"
        earlier = [other for other in self.events if other.sent["environment"] == event["environment"]]
        if earlier and self._random.random() < 0.4:
            cause = self._random.choice(earlier)
            by_own_id = {name: cause.sent[name] for name in ("id", "occurred_at") if name in cause.sent}
            event["caused_by"] = by_own_id if "id" in by_own_id else cause.id
        elif self._random.random() < 0.2:
            event["caused_by"] = "something outside"
        return event

    def _sent(self, events: Sequence[dict[str, Any]]) -> list[Happened]:
        answer = self._send({"events": list(events)})
        assert answer["statusCode"] == 201, answer["body"]
        happened = [Happened(event, self.people) for event in events]
        ids = {(event.sent.get("id"), event.sent["environment"]): event.id for event in self.events}
        for event, result in zip(happened, answered(answer)["results"], strict=True):
            event.id = result["id"]
            cause = event.sent.get("caused_by")
            event.caused_by = ids[cause["id"], event.sent["environment"]] if isinstance(cause, dict) else cause
        return happened

    def _learn_guids(self) -> None:
        """GUIDs are made up by ingest; everything else about people the model tells itself."""
        rows = {ext_row(client_id): person for client_id, person in self.people.client_ids.items()}
        rows |= {name_row(name): person for name, person in self.people.names.items()}
        for address, person in self.people.addresses.items():
            hashed = tag(KEYS.address, length_prefixed(self.tenant, address)).hex()
            rows[address_row(hashed)] = person
        read = IdentityTable(self._dynamodb, self.tables.identities).read(Tenant(self.tenant), rows)
        for sort_key, person in rows.items():
            assert self.people.guids.setdefault(person, read[sort_key]["guid"]) == read[sort_key]["guid"], sort_key


_NO_FILTERS = frozenset({"environment", "from", "to", "range", "sort"})


def _span(query: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    if "range" in query:
        back = {"7d": 7 * DAY, "30d": 30 * DAY, "12m": NOW - parse_time("2025-11-22T16:31:08.000Z")}
        return NOW - back[query["range"][0]], NOW + 1
    low = parse_time(query["from"][0]) if "from" in query else 0
    return low, parse_time(query["to"][0]) if "to" in query else parse_time(format_time(NOW + 365 * DAY))
