"""The lanes of a story's timeline, run by Node: sessions, pauses, adjustments, and the axis."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daybook.clock import DAY, HOUR, MINUTE, format_time
from tests.support.page_script import PageScript

pytestmark = pytest.mark.usefixtures("console_page")  # installs the packages
SCRIPT = PageScript("page_story.mjs")
T = 1_795_600_000_000
JANE = {"type": "user", "id": "g-1", "username": "jane.roe", "client_id": None, "impersonator": None}
LEE = {"type": "user", "id": "g-2", "username": "lee.ono", "client_id": None, "impersonator": None}


def called(what: str, *given: Any) -> Any:
    return SCRIPT.ask(what, given=given)["value"]


def session(actor: dict[str, Any], opened: int, closed: int | None, *adjusted: int) -> dict[str, Any]:
    seconds = 0 if closed is None else (closed - opened) // 1000
    return {
        "actor": actor,
        "opened_at": format_time(T + opened),
        "closed_at": None if closed is None else format_time(T + closed),
        "seconds": seconds,
        "adjustments": [{"from": seconds, "to": to, "by": LEE, "at": format_time(T + DAY)} for to in adjusted],
        "effective_seconds": adjusted[-1] if adjusted else seconds,
    }


def event(
    actor: dict[str, Any], what: str, at: int, session_id: str | None = None, target: str = "1"
) -> dict[str, Any]:
    return {
        "actor": actor,
        "activity": f"item.{what}",
        "occurred_at": format_time(T + at),
        "target": {"type": "item", "id": target},
        "context": {"session_id": session_id},
    }


def test_a_lane_a_person_without_the_pauses_of_the_session() -> None:
    """Another session's pause, another person's, and one on another thing cut nothing out. An impersonator's pause is
    the impersonator's. A pause without an end lasts to the session's; an open session lasts until now.
    """
    by_lee = {**JANE, "impersonator": {"id": "g-2"}}
    sessions = [session(LEE, HOUR, None), session(JANE, 0, HOUR), session(JANE, 2 * HOUR, 3 * HOUR)]
    events = [
        event(JANE, "timer-resumed", 20 * MINUTE, "s"),
        event(JANE, "opened", 0, "s"),
        event(JANE, "timer-paused", 10 * MINUTE, "s"),
        event(JANE, "timer-paused", 30 * MINUTE, "other"),
        event(LEE, "timer-paused", 31 * MINUTE, "s"),
        event(JANE, "timer-paused", 32 * MINUTE, "s", "2"),
        event(JANE, "opened", 2 * HOUR),
        event(JANE, "timer-paused", 2 * HOUR + 1),
        event(by_lee, "opened", HOUR),
        event(by_lee, "timer-paused", HOUR + 1_000),
        event(by_lee, "timer-resumed", HOUR + 2_000),
    ]
    lanes = called("lanesOf", [{"on": "item:1", "sessions": sessions}], events, T + 4 * HOUR)
    runs = {lane["actor"]["username"]: [bar["runs"] for bar in lane["bars"]] for lane in lanes}
    assert list(runs) == ["jane.roe", "lee.ono"]
    assert runs["jane.roe"] == [
        [[T, T + 10 * MINUTE], [T + 20 * MINUTE, T + HOUR]],
        [[T + 2 * HOUR, T + 2 * HOUR + 1]],
    ]
    assert runs["lee.ono"] == [[[T + HOUR, T + HOUR + 1_000], [T + HOUR + 2_000, T + 4 * HOUR]]]
    assert called("spanOf", lanes, events, T + 4 * HOUR)[0] < T


def test_an_adjusted_length_lies_over_the_original() -> None:
    """It leaves out the pauses too; what is longer than recorded goes on behind the end, and 0 is nothing."""
    runs = [[0, 10], [20, 30]]
    assert [called("asLong", runs, wanted) for wanted in (0, 5, 10, 15, 20, 25)] == [
        [],
        [[0, 5]],
        [[0, 10]],
        [[0, 10], [20, 25]],
        [[0, 10], [20, 30]],
        [[0, 10], [20, 35]],
    ]
    (lane,) = called("lanesOf", [{"on": "item:1", "sessions": [session(JANE, 0, HOUR, 60, 120)]}], [], T + DAY)
    assert lane["bars"][0]["adjusted"] == [[T, T + 2 * MINUTE]]
    assert lane["bars"][0]["runs"] == [[T, T + HOUR]]


def test_the_axis_has_round_moments_of_the_readers_day() -> None:
    """About as many as there is room for."""
    assert called("ticks", [T + 1, T + 2 * HOUR], 5, [T]) == [T + n * 30 * MINUTE for n in (1, 2, 3, 4)]
    assert len(called("ticks", [T, T + 90 * DAY], 10, [T])) <= 11
    assert [called("duration", seconds) for seconds in (0, 65, 3_725)] == ["0:00", "1:05", "1:02:05"]


def test_days_of_the_axis_begin_at_midnight() -> None:
    """Also after the clocks were changed, which in Berlin they were on 25 October 2026."""
    days = [datetime(2026, 10, day, tzinfo=ZoneInfo("Europe/Berlin")) for day in range(1, 32)]
    midnights = [int(day.timestamp()) * 1000 for day in days]
    first = midnights[20] + HOUR
    assert called("ticks", [first, midnights[28]], 2, midnights) == [midnights[27]]
    assert called("ticks", [first, midnights[28]], 9, midnights) == midnights[21:29]
    halves = [midnights[20] + half * DAY // 2 for half in (1, 2, 3, 4)]
    assert called("ticks", [first, first + 2 * DAY], 4, midnights) == halves


def test_a_target_may_hold_any_sign() -> None:
    """Type and id part at the first colon."""
    assert called("targetOf", ["doc:a/b", "c:d"]) == {"type": "doc", "id": "a/b/c:d", "text": "doc:a/b/c:d"}
    assert [called("targetOf", [text]) for text in ("doc", ":x", "doc:", "")] == [None] * 4
