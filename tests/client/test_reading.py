"""Searches, single events and the feed, over real HTTP."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from daybook_client.errors import NotFoundError, RefusedError, ThrottledError, UnavailableError
from daybook_client.feed import Position
from daybook_client.filters import filters_of
from daybook_client.reading import Reading
from daybook_client.transport import Transport
from tests.support.scripted_daybook import Answer, Asked, ScriptedDaybook, in_turn, scripted_daybook

KEY = "dbk_k_0123456789abcdef0123456789abcdef"
CET = timezone(timedelta(hours=1))


def events(*numbers: int, cursor: str | None = None) -> Answer:
    return Answer(body={"events": [{"id": str(number)} for number in numbers], "next_cursor": cursor, "scanned": 9})


def ids(found: Iterator[dict[str, Any]]) -> list[int]:
    return [int(event["id"]) for event in found]


def reading(daybook: ScriptedDaybook, waited: list[float] | None = None, **options: Any) -> Reading:
    """Reads without ever waiting."""
    waits = waited if waited is not None else []
    return Reading(Transport(daybook.url, KEY, timeout=5), sleep=waits.append, chance=lambda: 1.0, **options)


def test_a_search_goes_through_all_pages() -> None:
    """Each page is asked for with the cursor of the one before, also after an empty one."""
    with scripted_daybook(in_turn([events(1, 2, cursor="a"), events(cursor="b"), events(3)])) as daybook:
        assert ids(reading(daybook).search(actor=["jane", "lee"])) == [1, 2, 3]
    assert [asked.query.get("cursor") for asked in daybook.asked] == [None, ["a"], ["b"]]
    assert {tuple(asked.query["actor"]) for asked in daybook.asked} == {("jane", "lee")}


def test_a_search_asks_for_a_page_when_it_is_needed() -> None:
    """Whoever stops early costs nobody the rest."""
    with scripted_daybook(in_turn([events(1, 2, cursor="a"), events(3)])) as daybook:
        found = reading(daybook).search()
        assert next(found)["id"] == "1"
        assert next(found)["id"] == "2"
        assert len(daybook.asked) == 1


def test_a_limit_bounds_the_events() -> None:
    """The last page is asked for no more than is still wanted."""
    with scripted_daybook(in_turn([events(1, 2, cursor="a"), events(3, cursor="b")])) as daybook:
        assert ids(reading(daybook).search(limit=3)) == [1, 2, 3]
    assert [asked.query["limit"] for asked in daybook.asked] == [["3"], ["1"]]


@pytest.mark.parametrize(
    ("failure", "wait"),
    [
        (Answer(500, {"code": "internal"}), 0.5),
        (Answer(429, {"code": "too_many_calls"}, {"Retry-After": "7"}), 7.7),
        (Answer(200, b"<html>"), 0.5),
        (Answer(200, {"events": []}, breaks_after=4), 0.5),
        (Answer(502, b"<html>Bad gateway</html>"), 0.5),
    ],
)
def test_a_page_that_fails_in_passing_is_asked_for_again(failure: Answer, wait: float) -> None:
    """No event is skipped, and none comes twice."""
    waited: list[float] = []
    script = in_turn([events(1, cursor="a"), failure, failure, events(2)])
    with scripted_daybook(script) as daybook:
        assert ids(reading(daybook, waited).search()) == [1, 2]
    assert waited[0] == pytest.approx(wait)
    assert waited[1] == pytest.approx(max(2 * wait, 1.0) if wait < 1 else 8.0)
    assert [asked.query.get("cursor") for asked in daybook.asked] == [None, ["a"], ["a"], ["a"]]


def test_patience_ends() -> None:
    """What has waited for long enough raises what the last try raised."""
    waited: list[float] = []
    with scripted_daybook(in_turn([Answer(503, {"code": "unavailable"})])) as daybook:
        with pytest.raises(UnavailableError) as caught:
            list(reading(daybook, waited, patience=10).search())
        assert caught.value.code == "unavailable"
        assert sum(waited) <= 10
    with (
        scripted_daybook(in_turn([Answer(429, {"code": "slow"}, {"Retry-After": "600"})])) as daybook,
        pytest.raises(ThrottledError) as throttled,
    ):
        list(reading(daybook).search())
    assert throttled.value.retry_after == 600


def test_a_refusal_is_not_tried_again() -> None:
    """An expired cursor, say: the exception names the code, and the events before it have been given."""
    refusal = Answer(400, {"code": "cursor_mismatch", "detail": "over 24 hours old"})
    with scripted_daybook(in_turn([events(1, cursor="a"), refusal])) as daybook:
        found = reading(daybook).search()
        assert next(found) == {"id": "1"}
        with pytest.raises(RefusedError) as caught:
            next(found)
    assert caught.value.code == "cursor_mismatch"
    assert len(daybook.asked) == 2


def test_filters_are_spelled_as_python_can() -> None:
    """`from_`, `…_not`, moments of any zone, lists, None for absent."""
    assert filters_of(
        {
            "from_": datetime(2026, 11, 22, 1, 0, 0, 123456, CET),
            "component_not": "Audit Log",
            "actor!": ["System"],
            "actor": None,
            "limit": 5,
            "with_": "native",
        },
        "test",
    ) == {
        "from": ["2026-11-22T00:00:00.123456Z"],
        "component!": ["Audit Log"],
        "actor!": ["System"],
        "limit": ["5"],
        "with": ["native"],
        "environment": ["test"],
    }
    assert filters_of({"environment": "prod"}, "test") == {"environment": ["prod"]}


@pytest.mark.parametrize(
    ("value", "error"),
    [(datetime(2026, 11, 22), ValueError), ([], ValueError), (date(2026, 11, 22), TypeError), (1.5, TypeError)],  # noqa: DTZ001  what is refused
)
def test_filters_that_mean_nothing_are_refused_at_once(value: Any, error: type[Exception]) -> None:
    """Before anything is asked: an empty list, above all, would find everything."""
    with scripted_daybook(in_turn([events(1)])) as daybook:
        reads: list[Callable[..., Any]] = [reading(daybook).search, reading(daybook).feed]
        for read in reads:
            with pytest.raises(error):
                read(to=value)
        with pytest.raises(ValueError):
            reading(daybook).search(limit=0)
        assert not daybook.asked


def test_a_single_event_is_read_by_its_id() -> None:
    """An id that is no id changes no path; what is not there is an exception of its own."""

    def script(asked: Asked) -> Answer:
        return Answer(body={"id": "1"}) if asked.path == "/v1/events/1" else Answer(404, {"code": "not_found"})

    with scripted_daybook(script) as daybook:
        reader = reading(daybook, environment="test")
        assert reader.event("1") == {"id": "1"}
        with pytest.raises(NotFoundError):
            reader.event("../keys?x=1")
    assert daybook.asked[0].query == {"environment": ["test"]}
    assert daybook.asked[1].path == "/v1/events/..%2Fkeys%3Fx%3D1"


def page(log: str | None, entries: list[dict[str, Any]], following: int, size: int) -> Answer:
    return Answer(body={"events": entries, "log": log, "next": following, "size": size})


def entry(index: int, **said: Any) -> dict[str, Any]:
    return {"index": index, **(said or {"event": {"id": f"e{index}"}})}


def test_the_feed_gives_each_entry_with_the_place_to_go_on_from() -> None:
    """Entries without an event say why."""
    pages = [
        page("one", [entry(0), entry(1, gone="expired")], 2, 4),
        page("one", [entry(2, missing="e2"), entry(3)], 4, 4),
    ]
    with scripted_daybook(in_turn(pages)) as daybook:
        found = list(reading(daybook).feed(actor="jane"))
    assert [(one.index, one.event, one.gone, one.missing) for one in found] == [
        (0, {"id": "e0"}, None, None),
        (1, None, "expired", None),
        (2, None, None, "e2"),
        (3, {"id": "e3"}, None, None),
    ]
    assert [str(one.position) for one in found] == ["one:1", "one:2", "one:3", "one:4"]
    assert daybook.asked[0].query == {"after": ["0"], "actor": ["jane"]}
    assert daybook.asked[1].query == {"after": ["2"], "log": ["one"], "actor": ["jane"]}


def test_a_feed_goes_on_from_a_kept_position() -> None:
    """A position, or its text."""
    with scripted_daybook(in_turn([page("one", [], 7, 7)])) as daybook:
        assert not list(reading(daybook).feed(Position("one", 7)))
        assert not list(reading(daybook).feed("one:7"))
        with pytest.raises(ValueError):
            reading(daybook).feed("7")
    assert [asked.query for asked in daybook.asked] == [{"log": ["one"], "after": ["7"]}] * 2


def test_a_feed_follows_to_the_log_that_took_the_place_of_an_ended_one() -> None:
    """Whether it waits or not."""
    pages = [page("new", [], 0, 9), page("new", [entry(0)], 1, 1)]
    with scripted_daybook(in_turn(pages)) as daybook:
        assert [str(one.position) for one in reading(daybook).feed("old:9")] == ["new:1"]


def test_a_waiting_feed_outlasts_an_outage() -> None:
    """It asks again at the log's end, and when nobody answers, for as long as that lasts."""
    waited: list[float] = []
    outage = [Answer(503, {"code": "unavailable"})] * 12
    pages = [page(None, [], 0, 0), page("one", [entry(0)], 1, 1), *outage, page("one", [entry(1)], 2, 2)]
    with scripted_daybook(in_turn(pages)) as daybook:
        found = reading(daybook, waited, patience=1).feed(wait=True, poll_seconds=3)
        assert [next(found).index, next(found).index] == [0, 1]
    assert waited[:2] == [3, 3]
    assert max(waited) == 60
    assert daybook.asked[1].query == {"after": ["0"]}


def test_the_end_of_the_feed_is_a_position() -> None:
    """What is appended later comes after it; where nothing was ever appended, everything does."""
    with scripted_daybook(in_turn([page("one", [entry(0)], 1, 5), page(None, [], 0, 0)])) as daybook:
        reader = reading(daybook)
        assert reader.feed_end() == Position("one", 5)
        assert reader.feed_end() is None


def test_any_other_call_is_made_once() -> None:
    """As it is, with its errors."""
    with scripted_daybook(in_turn([Answer(body={"groups": []}), Answer(503, {})])) as daybook:
        reader = reading(daybook)
        assert reader.call("GET", "/v1/groups", params={"environment": "prod"}) == {"groups": []}
        with pytest.raises(UnavailableError):
            reader.call("GET", "/v1/groups")
    assert len(daybook.asked) == 2
