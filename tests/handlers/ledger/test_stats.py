"""`GET /v1/stats`: the same numbers as a search finds, by whom and when it is asked."""

from collections import Counter
from typing import Any

import pytest

from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, format_time
from daybook.ledger.log import Stored
from daybook.ledger.logs import current
from ledger.api_handler import operations
from tests.support.calls import answered
from tests.support.counted_log import append_stored
from tests.support.ledger import append_of, delta_of, stored
from tests.support.tenant_log import Reader, TenantLog, problem_of


class CountedLog(TenantLog):
    """A log whose events are appended when a test says so."""

    def append(self) -> None:
        append_stored(self)

    def stats(self, role: str = "auditor", **query: Any) -> dict[str, Any]:
        answer = self.ask(role, **query)
        assert answer["statusCode"] == 200, answer["body"]
        stats: dict[str, Any] = answered(answer)
        return stats

    def ask(self, role: str = "auditor", **query: Any) -> dict[str, Any]:
        asked = {name.replace("_not", "!").removesuffix("_"): value for name, value in query.items()}
        return Reader(self.wiring, self.tenant, role, lambda wiring: operations(wiring, lambda _log, _size: None))(
            "/v1/stats", asked
        )

    def numbers(self, **query: Any) -> dict[Any, int]:
        """By key, over the whole span, without Daybook's own events."""
        found = self.stats(interval="none", component_not="Audit Log", **query)["buckets"]
        return {tuple(each["key"]) if isinstance(each["key"], list) else each["key"]: each["count"] for each in found}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> CountedLog:
    return CountedLog(dynamodb, tables, environments=("prod", "test"))


def user(name: str, **more: str) -> dict[str, str]:
    return {"type": "user", "username": name, **more}


def test_events_are_counted_by_what_they_are(log: CountedLog) -> None:
    """By each field, alone and with the status; folded ones and those that are not. An environment by itself."""
    log.sent(
        *[{"activity": "user.login"}] * 3,
        {"activity": "user.login", "status": "failure", "actor": user("ann")},
        {"activity": "report.made", "actor": {"type": "system"}},
        {"activity": "report.made", "environment": "test"},
    )
    log.append()
    assert log.numbers() == {None: 5}
    assert log.numbers(by="activity") == {"user.login": 4, "report.made": 1}
    assert log.numbers(by=["status", "activity"]) == {
        ("success", "user.login"): 3,
        ("failure", "user.login"): 1,
        ("success", "report.made"): 1,
    }
    assert log.numbers(by="actor_type") == {"user": 4, "system": 1}
    found = [event for event in log.page()["events"] if event["component"] != "Audit Log"]
    for field in ("component", "category", "activity", "status"):
        assert log.numbers(by=field) == Counter(event[field] for event in found)
    assert log.numbers(by="activity", environment="test") == {"report.made": 1}
    assert log.numbers(activity="user.*", status_not="failure") == {None: 3}


def test_who_acted_is_shown_by_the_latest_name(log: CountedLog) -> None:
    """One person through all names; aliases for the others; the forgotten by their GUID."""
    log.sent({"actor": user("mike", id="u-1")}, {"actor": user("zoe", id="u-2")}, {"actor": {"type": "system"}})
    log.now += HOUR
    log.sent({"actor": user("Mike.Mars", id="u-1"), "status": "failure"}, {"actor": user("ann", id="u-3")})
    log.append()
    assert answered(log.ask(by="actor", component_not="Audit Log"))["code"] == "cannot_count"
    counted = {each["key"]: each["count"] for each in log.stats(interval="none", by="actor")["buckets"]}
    assert counted == {"Mike.Mars": 2, "zoe": 1, "ann": 1, "System": 1}
    assert log.stats(interval="none", actor=["mike", "System"])["total"] == 3
    assert log.stats(interval="none", actor_not="mike.mars", status="success")["total"] == 3
    (guid,) = {e["actor"]["id"] for e in log.page({"actor": "zoe"})["events"]}
    log.forget(guid)
    log.append()
    assert {each["key"] for each in log.stats(interval="none", by="actor")["buckets"]} >= {guid, "Mike.Mars"}
    assert log.stats(interval="none", actor=guid)["total"] == 1


def test_who_has_anothers_former_name_is_told_apart(log: CountedLog) -> None:
    """Two people whose latest name is the same are shown by GUIDs, a name like an alias in quotation marks."""
    log.sent({"actor": user("mike", id="u-1")}, {"actor": user("system", id="u-3")})
    log.now += HOUR
    log.sent({"actor": user("mike", id="u-2")}, {"actor": {"type": "system"}})
    log.append()
    keys = {each["key"] for each in log.stats(interval="none", by="actor")["buckets"]}
    guids = {event["actor"]["id"] for event in log.page({"actor": "mike"})["events"]}
    assert len(guids) == 2
    assert keys == {*guids, '"system"', "System"}


def test_buckets_are_whole_hours_and_days(log: CountedLog) -> None:
    """`from` and `to` are widened to them; empty ones are left out; the sums over days are those over hours."""
    start = log.now - log.now % DAY - 3 * DAY
    hours = [0, 0, 1, 23, 24, 49]
    log.sent(*({"occurred_at": format_time(start + hour * HOUR + 5 * MINUTE)} for hour in hours))
    log.append()
    span = {"from_": format_time(start + 30 * MINUTE), "to": format_time(start + 48 * HOUR + MINUTE)}
    by_hour = log.stats(interval="hour", **span)
    assert (by_hour["from"], by_hour["to"]) == (format_time(start), format_time(start + 49 * HOUR))
    assert by_hour["total"] == 5
    counted = {each["start"]: each["count"] for each in by_hour["buckets"]}
    assert counted == Counter(format_time(start + hour * HOUR) for hour in hours[:5])
    by_day = log.stats(**span)
    assert (by_day["interval"], by_day["to"]) == ("day", format_time(start + 3 * DAY))
    assert [each["count"] for each in by_day["buckets"]] == [4, 1, 1]
    whole = log.stats(interval="none", **span)
    assert whole["buckets"] == [{"start": None, "key": None, "count": 5}]


def test_the_largest_stand_apart_from_the_rest(log: CountedLog) -> None:
    """Over the whole span, however they end; what is called `other` is no rest."""
    for place, name in enumerate(["a", "b", "c", "d"]):
        log.sent(*[{"activity": f"made.{name}", "status": "failure" if place % 2 else "success"}] * (4 - place))
    log.append()
    found = log.stats(interval="none", by=["activity", "status"], top="2", activity="made.*")
    assert found["buckets"] == [
        {"start": None, "key": ["made.a", "success"], "count": 4},
        {"start": None, "key": ["made.b", "failure"], "count": 3},
        {"start": None, "key": ["other", "success"], "count": 2, "rest": True},
        {"start": None, "key": ["other", "failure"], "count": 1, "rest": True},
    ]
    assert log.stats(interval="none", by="category", top="1", activity="made.*")["buckets"] == [
        {"start": None, "key": "other", "count": 10}
    ]


def test_nothing_before_retentions_edge_is_counted(log: CountedLog) -> None:
    """From its first whole hour on, whatever the interval. A legal hold keeps the edge where it was."""
    first = log.now - log.now % HOUR
    log.sent(*({"occurred_at": format_time(first - hour * HOUR)} for hour in range(50)))
    log.append()
    days = log.settings.retention_days
    assert days is not None
    log.now += days * DAY - 30 * HOUR
    held = log.control.settings(log.tenant).with_hold("x", log.now)
    edge = log.now - days * DAY
    visible = sum(1 for hour in range(50) if first - hour * HOUR >= edge)
    for interval in ("day", "none"):
        stats = log.stats(interval=interval, activity="document.updated")
        assert stats["from"] == format_time(-(-edge // HOUR) * HOUR)
        assert stats["total"] == visible < 50
    log.control.change_tenant(held.code, lambda _: held)
    log.now += 20 * DAY
    assert log.stats(activity="document.updated")["total"] == visible
    log.control.change_tenant(held.code, lambda now: now.without_hold(log.now))
    assert log.stats(activity="document.updated")["total"] == 0


def test_what_only_operations_may_read_counts_for_them_alone(dynamodb: Any, tables: Tables) -> None:
    """It has a log of its own."""
    log = CountedLog(dynamodb, tables, "enate")
    log.sent({"activity": "api.called", "actor": {"type": "api"}, "params": {}, "details": "read"}, {})
    log.append()
    assert log.stats(interval="none", activity="api.called")["total"] == 0
    assert log.stats(OPERATIONS, interval="none", activity="api.called")["total"] == 1
    assert {each["key"] for each in log.stats(by="activity")["buckets"]} == {"document.updated"}


def test_each_question_is_recorded_once_a_minute(log: CountedLog) -> None:
    """With what was asked, and people as people."""
    log.sent({"actor": user("mike")})
    log.append()
    for _ in range(3):
        log.stats(actor="mike", interval="day")
    log.stats(by="status")
    log.now += MINUTE
    log.stats(by="status")
    recorded = log.recorded("statistics-viewed")
    assert {each["occurred_at"] for each in recorded} == {format_time(log.now - MINUTE), format_time(log.now)}
    filters = sorted(tuple(each["params"]["filters"]) for each in recorded)
    assert filters == [("actor=mike", "interval=day"), ("by=status",), ("by=status",)]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": "5"}, (400, "unknown_parameter")),
        ({"by": "target"}, (400, "invalid_parameter")),
        ({"by": ["status", "status"]}, (400, "invalid_parameter")),
        ({"by": "status", "interval": "week"}, (400, "invalid_parameter")),
        ({"interval": ["day", "hour"]}, (400, "invalid_parameter")),
        ({"by": "status", "top": "0"}, (400, "invalid_parameter")),
        ({"by": "status", "top": "1001"}, (400, "invalid_parameter")),
        ({"by": "status", "top": "½"}, (400, "invalid_parameter")),
        ({"top": "5"}, (400, "invalid_parameter")),
        ({"status": "unsure"}, (400, "invalid_parameter")),
        ({"from_": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"}, (400, "invalid_parameter")),
        ({"from_": "yesterday"}, (400, "invalid_parameter")),
        ({"activity": [f"a{number}" for number in range(101)]}, (400, "too_many_values")),
        ({"environment": "dev"}, (404, "not_found")),
        ({"target": "user:mike"}, (422, "cannot_count")),
        ({"q": "text"}, (422, "cannot_count")),
        ({"by": ["activity", "component"]}, (422, "cannot_count")),
        ({"by": "actor", "activity": "a"}, (422, "cannot_count")),
        ({"actor": "nobody"}, (422, "cannot_count")),
        ({"by": "status", "interval": "hour"}, (422, "too_many_buckets")),
        ({"by": "status", "interval": "hour", "range": "30d"}, (422, "too_many_buckets")),
    ],
)
def test_what_can_not_be_answered_is_refused(log: CountedLog, query: dict[str, Any], problem: tuple[int, str]) -> None:
    """400 for what can't be read, 422 for what counts do not know, and nothing of it is recorded."""
    assert problem_of(log.ask(**query)) == problem
    assert log.recorded("statistics-viewed") == []


def test_a_span_that_ends_before_retention_begins_is_empty(log: CountedLog) -> None:
    """And so is the log of an environment in which nothing happened yet."""
    log.sent({})
    log.append()
    long_ago = log.stats(from_="2001-01-01T00:00:00Z", to="2001-01-02T00:00:00Z")
    assert (long_ago["total"], long_ago["buckets"], long_ago["from"]) == (0, [], long_ago["to"])
    assert log.stats(interval="hour", range="7d", environment="test")["total"] == 0


def test_hours_alone_are_counted_over_400_days(dynamodb: Any, tables: Tables) -> None:
    """The answer has one number an hour then. Over more days, hours are refused like hours of a field over a week."""
    log = CountedLog(dynamodb, tables, retention_days=500)
    log.sent(*({"occurred_at": format_time(log.now - days * DAY)} for days in (300, 8)))
    log.append()
    span = {"from_": format_time(log.now - 400 * DAY), "to": format_time(log.now), "component_not": "Audit Log"}
    starts = [each["start"] for each in log.stats(interval="hour", **span)["buckets"]]
    assert starts == [format_time((log.now - days * DAY) // HOUR * HOUR) for days in (300, 8)]
    longer = {**span, "from_": format_time(log.now - 401 * DAY)}
    assert problem_of(log.ask(interval="hour", **longer)) == (422, "too_many_buckets")


def test_too_many_buckets_are_refused(log: CountedLog) -> None:
    """10,000 of them, or the names of 1,000 actors; `top` helps."""
    log.sent({})
    log.append()
    (one,) = current(log.wiring.logs.of(log.settings.code))
    for batch in range(11):
        some = [stored(batch * 1_000 + number, log.now) for number in range(1_000)]
        counted = [
            Stored(
                each.entry,
                each.counted._replace(
                    occurred_ms=log.now - log.now % HOUR,
                    activity=f"a.{batch}.{number}",
                    actor=f"0f8fad5b-d9cb-469f-a165-{batch * 1_000 + number:012}",
                ),
            )
            for number, each in enumerate(some)
        ]
        assert log.wiring.appends.put(one, append_of(log.wiring.appends.head(one), counted, log.now), delta_of(counted))
    assert problem_of(log.ask(by="activity")) == (422, "too_many_buckets")
    assert problem_of(log.ask(by="actor")) == (422, "too_many_buckets")
    assert len(log.stats(by="actor", top="10")["buckets"]) == 11
    assert log.stats(by="activity", top="10")["total"] >= 11_000
