"""What may be recorded, and what is refused before anything is kept."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from daybook_client import InvalidEventError
from daybook_client.events import MAX_EVENT_BYTES, make_event

NOW = 1_790_000_000.1239
ACTOR = {"type": "user", "username": "mike.mars"}


def made(**fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(make_event({"activity": "tried", "actor": ACTOR, **fields}, NOW).body)
    return event


def test_an_event_gets_an_id_and_a_time_of_its_own() -> None:
    """The id is never the same twice; the time is in UTC milliseconds, cut."""
    first, second = made(), made()
    assert len(first["id"]) == 32
    assert first["id"] != second["id"]
    assert first["occurred_at"] == "2026-09-21T14:13:20.123Z"


def test_what_the_caller_says_stays() -> None:
    """An id and a time that are given, and a datetime in any zone."""
    at = datetime(2026, 11, 22, 18, 31, 7, 123999, tzinfo=timezone(timedelta(hours=2)))
    event = made(id="mine", occurred_at=at, details="", params={"a": [1, True, None]})
    assert event == {
        "activity": "tried",
        "actor": ACTOR,
        "id": "mine",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "details": "",
        "params": {"a": [1, True, None]},
    }
    assert made(occurred_at="2026-11-22T18:31:07+02:00")["occurred_at"] == "2026-11-22T18:31:07+02:00"


def test_the_default_environment_gives_way_to_the_events_own() -> None:
    """An event that names its environment keeps it."""
    fields = {"activity": "tried", "actor": ACTOR}
    assert json.loads(make_event(fields, NOW, "prod").body)["environment"] == "prod"
    assert json.loads(make_event({**fields, "environment": "test"}, NOW, "prod").body)["environment"] == "test"


def test_halves_of_surrogate_pairs_do_no_harm() -> None:
    """They come from file names and cut texts. Two halves that belong together are one character."""
    assert made(details="a\ud83d")["details"] == "a\ufffd"
    assert made(details="\ud83d\ude00 \udc80")["details"] == "\U0001f600 \ufffd"


deep: list[Any] = []
for _ in range(100_000):
    deep = [deep]
circle: dict[str, Any] = {}
circle["circle"] = circle


@pytest.mark.parametrize(
    "fields",
    [
        {"params": {"amount": float("nan")}},
        {"params": {"amount": float("inf")}},
        {"params": {1: "one"}},
        {"changes": [{"field": "a", "to": {None: 1}}]},
        {"params": {"when": datetime(2026, 1, 1, tzinfo=UTC)}},
        {"params": {"raw": b"bytes"}},
        {"params": {"huge": 10**5000}},
        {"params": deep},
        {"params": circle},
        {"details": "x" * MAX_EVENT_BYTES},
        {"detials": "a slip of the pen"},
        {"occurred_at": datetime(2026, 1, 1)},  # noqa: DTZ001  that is the fault
        {"activity": None},
        {"actor": "mike.mars"},
        {"actor": None},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_can_be_no_event_is_refused(fields: dict[str, Any]) -> None:
    """No number, keys that are no text, other objects, nesting without end, over 1 MiB, unknown names."""
    with pytest.raises(InvalidEventError) as refused:
        made(**fields)
    assert refused.value.code == "invalid_event"


def test_a_text_that_a_user_chose_does_not_cost_the_event() -> None:
    """Daybook cuts what is too long, so the client does not refuse it."""
    assert len(made(context={"user_agent": "x" * 200_000})["context"]["user_agent"]) == 200_000
