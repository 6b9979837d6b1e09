"""Which index answers each filter and order, and the cost of a page of 50: `python -m benchmarks.filters [events]`.

The log is that of `reading`. A filter without an index is tried with a value that no event has: such a request
reads up to its limit and returns a cursor.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.reading import HOME, TENANT, _client, _load
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.people.identities import name_row
from infra.local.aws.dynamodb_local import DynamoDBLocal
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import Reader
from tests.support.wiring import wiring_over

EVENTS = 100_000
LARGE = 70

ASKED: Sequence[Mapping[str, str]] = (
    {},
    {"sort": "occurred_at"},
    {"range": "7d"},
    {"actor": "rare.bird"},
    {"actor": "worker.number7"},
    {"actor": "System"},
    {"group": "two"},
    {"group": "large"},
    {"target": "cluster:ocr-pool-7"},
    {"target": "app:invoices"},
    {"activity": "clusters.update"},
    {"activity": "nothing.*"},
    {"category": "Clusters"},
    {"category": "other"},
    {"component": "nothing"},
    {"status": "success"},
    {"status": "failure"},
    {"actor_type": "api"},
    {"user_type": "nothing"},
    {"variant": "nothing"},
    {"origin": "system"},
    {"source_type": "nothing"},
    {"ip": "192.0.2.1"},
    {"session_id": "nothing"},
    {"request_id": "nothing"},
    {"caused_by": "nothing"},
    {"impersonator": "rare.bird"},
    {"credential": "nothing"},
    {"actor!": "rare.bird"},
    {"q": "nothing of the kind"},
    {"actor": "rare.bird", "sort": "category"},
    {"actor": "worker.number7", "sort": "-target"},
    {"sort": "actor"},
)


class Taken(NamedTuple):
    """The cost of a query, and the index that it used."""

    index_name: str
    units: float


class Counting:
    def __init__(self, client: Any, taken: list[Taken]) -> None:
        self._client = client
        self._taken = taken

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request, ReturnConsumedCapacity="TOTAL")
        units = answer["ConsumedCapacity"]["CapacityUnits"]
        self._taken.append(Taken(request.get("IndexName", "timeline"), units))
        return answer


def rows(size: int) -> Iterator[str]:
    """The lines of a table."""
    yield "| asked | index | events | scanned | queries | read units |"
    yield "|---|---|---|---|---|---|"
    with DynamoDBLocal() as engine:
        _load(engine.endpoint, size)
        client = _client(engine.endpoint)
        tables = Tables(**{field: f"{field}-{size}" for field in Tables.__annotations__})
        _make_groups(client, tables)
        taken: list[Taken] = []
        indexes = EventIndexes(Counting(client, taken), tables.events)
        read = Reader(wiring_over(client, tables, indexes=indexes), TENANT)
        for query in ASKED:
            taken.clear()
            answer = read(query=query)
            page = answered(answer)
            name = ", ".join(f"`{name}={value}`" for name, value in query.items()) or "nothing"
            index = ", ".join(sorted({one.index_name for one in taken}))
            units = sum(one.units for one in taken)
            found = page["code"] if "code" in page else len(page["events"])
            yield f"| {name} | {index} | {found} | {page.get('scanned', '')} | {len(taken)} | {units:g} |"


def _make_groups(client: Any, tables: Tables) -> None:
    names = [name_row(name) for name in ("rare.bird", *(f"worker.number{number}" for number in range(LARGE)))]
    bound = IdentityTable(client, tables.identities).read(HOME, names)
    guids = [bound[name]["guid"] for name in names]
    groups = GroupTable(client, tables.control, lambda: NOW)
    groups.put(HOME, "two", tuple(guids[:2]))
    groups.put(HOME, "large", tuple(guids))


if __name__ == "__main__":
    logging.disable(logging.INFO)  # silences the access log
    for line in rows(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS):
        sys.stdout.write(f"{line}\n")
