"""What a search may take of memory, whatever is asked and however large the events are."""

import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any, Self

import pytest

from daybook.aws.wiring import Tables
from daybook.events.reader import Row
from daybook.ids import event_id
from daybook.search.merge import Page
from daybook.search.parameters import EQUALITIES, MAX_BYTES, MAX_VALUES, NEGATIONS
from daybook.search.planner import Source
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog, problem_of

MEGABYTE = 1_000_000


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


class Peak:
    """The most bytes that were held at a time within the block, beside those that were held before."""

    def __enter__(self) -> Self:
        tracemalloc.start()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = tracemalloc.get_traced_memory()[1] - self._before
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["a ", "é", "1:"])
@pytest.mark.parametrize("name", [*EQUALITIES, *NEGATIONS, "q", "cursor", "tz", "view", "from", "environment"])
def test_the_longest_value_of_a_parameter(log: TenantLog, name: str, text: str) -> None:
    """A single value of 10 KB, and a hundred values as long as they may be, take little memory."""
    log.sent({"people": [{"username": "a"}, {"username": "a a"}], "target": {"type": "folder", "id": "a a a"}})
    log.page()
    start = "folder:" if name.startswith("target") else ""
    many = [f"{start}{number}{text * 20}" for number in range(MAX_VALUES)]
    for values in ([start + text * ((MAX_BYTES - 7) // len(text.encode()))], many):
        with Peak() as peak:
            answer = log.read(query={name: values})
        assert answer["statusCode"] in (200, 400, 404), answer["body"]
        assert peak.bytes < MEGABYTE


class LargeEvents:
    """An index with many events of 64 KB, which are small as they are stored."""

    def __init__(self, packed: bytes, number: int) -> None:
        self._rows = [Row(event_id(NOW - number + each, bytes(16)), packed) for each in range(number)]

    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> list[Page]:
        return [self._page(source, limit, newest_first=newest_first) for source in sources]

    def _page(self, source: Source, limit: int, *, newest_first: bool) -> Page:
        left = [row for row in self._rows if source.low <= row.id <= source.high]
        return Page((left[::-1] if newest_first else left)[:limit], ended=len(left) <= limit)


@pytest.fixture
def packed(log: TenantLog) -> bytes:
    """An event of about 64 KB."""
    params = {f"p{number}": "text " * 780 for number in range(8)}
    log.sent({"actor": {"type": "system"}, "activity": "custom.thing", "params": params, "details": "word " * 6_000})
    (event,) = (row for page in _pages(log) for row in page)
    return event


def _pages(log: TenantLog) -> Iterator[list[bytes]]:
    home = f"{log.settings.environment_key('prod')}#0"
    source = Source("timeline", home, "0" * 36, "7" + "Z" * 35)
    for page in log.wiring.indexes.pages([source], 10, newest_first=True):
        yield [row.packed for row in page.rows]


def test_a_sort_of_more_than_one_request_may_read(log: TenantLog, packed: bytes) -> None:
    """6,000 events of 64 KB are refused once 10 MB are unpacked: they would take gigabytes."""
    read = log.reader(indexes=LargeEvents(packed, 6_000))
    with Peak() as peak:
        answer = read(query={"sort": "actor"})
    assert problem_of(answer) == (422, "too_many_to_sort")
    assert peak.bytes < 25 * MEGABYTE


def test_a_sort_opens_only_its_page(log: TenantLog, packed: bytes) -> None:
    """As many as one request may read: what is kept of the others is their value and how they are stored."""
    read = log.reader(indexes=LargeEvents(packed, 150))
    with Peak() as peak:
        page = answered(read(query={"sort": "-actor", "limit": "5"}))
    assert len(page["events"]) == 5
    assert peak.bytes < 25 * MEGABYTE


@pytest.mark.parametrize("query", [{"limit": "500"}, {"ip": "192.0.2.1"}, {"q": "nothing"}, {"status": "failure"}])
def test_a_page_of_large_events(log: TenantLog, packed: bytes, query: dict[str, str]) -> None:
    """The bound on reading counts unpacked bytes, and every page makes progress."""
    read = log.reader(indexes=LargeEvents(packed, 6_000))
    with Peak() as peak:
        page = answered(read(query=query))
    assert 0 < page["scanned"] < 200
    assert page["next_cursor"] is not None
    assert peak.bytes < 25 * MEGABYTE
