"""DynamoDB may answer a page without items and with a `LastEvaluatedKey`: every reader of pages goes on."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest

from daybook.aws.calls import rows
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.events_table.by_key import InsertedEvents
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.events_table.stamps import StampTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.clock import format_time
from daybook.events.item import partition_of
from daybook.ids import HIGHEST_ID, occurred_ms
from daybook.jobs.job import EXPORT
from daybook.search.planner import TIMELINE, Source
from tests.support.calls import answered
from tests.support.exports import Exporter, rows_of
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.wiring import wiring_over


class EmptyPages:
    """A client that answers every other query with an empty page that is not the end."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._begins: dict[str, Any] = {}
        self._was_empty = False
        self._lock = Lock()
        self.given = 0

    def query(self, **arguments: Any) -> Any:
        with self._lock:
            self._was_empty = not self._was_empty
            start = arguments.pop("ExclusiveStartKey", None)
            if start is not None:
                start = self._begins.pop(start["sk"]["S"], start)
            if self._was_empty:
                self.given += 1
                # It lies before everything that the query may find.
                values = arguments["ExpressionAttributeValues"]
                low = next(value["S"] for name, value in values.items() if name in (":low", ":prefix"))
                place = f"{low[:-1]}\0{self.given}"
                self._begins[place] = start
                return {"Items": [], "LastEvaluatedKey": {"pk": {"S": ""}, "sk": {"S": place}}}
        return self._client.query(**arguments, **({"ExclusiveStartKey": start} if start else {}))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables, recorded=False)


@pytest.fixture
def sent(log: ManagedLog) -> list[str]:
    return log.sent(*({"occurred_at": format_time(NOW - 9 + number)} for number in range(9)))


def home_of(log: ManagedLog, event: str) -> str:
    return partition_of(log.settings, "prod", event, occurred_ms(event))


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("index", [TIMELINE, "by_actor", "by_activity"])
def test_an_index(log: ManagedLog, sent: list[str], index: str, *, newest_first: bool) -> None:
    """A page of a source has rows, or the source has ended."""
    client = EmptyPages(log.dynamodb)
    actor = log.page({"actor": "mike.mars"})["events"][0]["actor"]["id"]
    part = {TIMELINE: "", "by_actor": f"#{actor}", "by_activity": "#document.updated"}[index]
    source = Source(index, f"{home_of(log, sent[0])}{part}", sent[0], sent[-1])
    (page,) = EventIndexes(client, log.tables.events).pages([source], 4, newest_first=newest_first)
    assert [row.id for row in page.rows] == (sent[::-1] if newest_first else sent)[:4]
    assert not page.ended
    assert client.given


def test_searches_and_exports(log: ManagedLog, sent: list[str]) -> None:
    """A search's pages, a sort, a target's history and an export show every event."""
    client = EmptyPages(log.dynamodb)
    wiring = wiring_over(client, log.tables, log.clock)
    read = log.reader(indexes=wiring.indexes, identities=wiring.identities)
    for query in ({"actor": "mike.mars"}, {"activity": "document.*"}, {"actor": "mike.mars", "sort": "ip"}):
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = answered(read(query={**query, "limit": "4", **cursor}))
            found += [event["id"] for event in page["events"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == sent[::-1], query
    assert client.given
    exporter = Exporter(client, log.tables, log.clock)
    _, content = exporter.export({"filters": {"actor": "mike.mars"}})
    assert len(rows_of(content)[1]) == len(sent)


def test_a_replay(log: ManagedLog, sent: list[str]) -> None:
    """No events come only at the end of the range."""
    events = InsertedEvents(EmptyPages(log.dynamodb), log.tables.events)
    found = events.between(home_of(log, sent[0]), sent[2], sent[-1], 5)
    assert [each.id for each in found] == sent[2:7]


def test_a_restamp(log: ManagedLog, sent: list[str]) -> None:
    """Fewer stamps than asked for come only at the end."""
    client = EmptyPages(log.dynamodb)
    page = StampTable(client, log.tables.events).page(home_of(log, sent[0]), "", 7, HIGHEST_ID)
    assert [identifier for identifier, _ in page] == sent[:7]
    assert client.given == 1


def test_people(log: ManagedLog) -> None:
    """Everyone who had a name is found, by one name, by many, and by the beginning of a name."""
    for number in range(3):
        log.sent({"actor": {"type": "user", "id": f"u-{number}", "username": "mike.mars"}})
    log.sent({"actor": {"type": "user", "username": "mike"}})
    environment = log.settings.environment_key("prod")
    plain = IdentityTable(log.dynamodb, log.tables.identities)
    client = EmptyPages(log.dynamodb)
    table = IdentityTable(client, log.tables.identities)
    assert table.query(environment, ["had#mike", "id#"]) == plain.query(environment, ["had#mike", "id#"])
    names = ["mike", "mike.mars", "nobody"]
    assert table.guids_of(environment, names) == plain.guids_of(environment, names)
    assert table.names(environment, "mi", None, 2) == plain.names(environment, "mi", None, 2)
    assert client.given


def _groups(client: Any, log: ManagedLog) -> Any:
    return [item["sk"] for item in rows(client, log.tables.control, log.settings.code, "group#")]


def _jobs(client: Any, log: ManagedLog) -> Any:
    return JobTable(client, log.tables.control).jobs(log.settings.code, EXPORT, 2)


@pytest.mark.parametrize("read", [_groups, _jobs])
def test_rows_of_the_control_table(log: ManagedLog, read: Callable[[Any, ManagedLog], Any]) -> None:
    """Groups, and the newest jobs."""
    exporter = Exporter(log.dynamodb, log.tables, log.clock)
    for number in range(3):
        log.put_group(f"team-{number}", "mike.mars")
        exporter.ask()
    client = EmptyPages(log.dynamodb)
    assert read(client, log) == read(log.dynamodb, log)
    assert len(read(client, log)) > 1
    assert client.given
