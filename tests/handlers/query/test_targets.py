"""One target of events: its last update, the time spent on it, and who could have changed it."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import format_time, parse_time
from daybook.search.merge import Bounds
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog, problem_of

ITEM = {"type": "work-item", "id": "1234-C-A1"}
DEFECT = {"type": "defect", "id": "D-9", "within": ITEM}
JOHN = {"type": "user", "username": "john.doe", "name": "John Doe"}
JANE = {"type": "user", "username": "jane.roe"}
DAY_OF_THE_EXAMPLE = "2022-04-12"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    log = TenantLog(dynamodb, tables, "enate", retention_days=None)
    # Events of another work item, and of another environment.
    log.sent(
        at("08:00:00", "opened", JANE, target={"type": "work-item", "id": "1234-C-A2"}),
        at("13:30:00", "opened", JANE, environment="test"),
    )
    return log


def at(time: str, what: str, actor: dict[str, Any] = JOHN, session: str | None = None, **more: Any) -> dict[str, Any]:
    """An event of the work item at a time of the example's day."""
    event = {
        "occurred_at": f"{DAY_OF_THE_EXAMPLE}T{time}Z",
        "activity": f"work-item.{what}",
        "actor": actor,
        "target": ITEM,
        **more,
    }
    return event if session is None else {**event, "context": {"session_id": session}}


def asked(log: TenantLog, path: str, target: str = "work-item:1234-C-A1", **query: str) -> dict[str, Any]:
    answer = log.read(path, {"target": target, **query})
    assert answer["statusCode"] == 200, answer["body"]
    found: dict[str, Any] = answered(answer)
    return found


def time_on(log: TenantLog, **query: str) -> dict[str, Any]:
    return asked(log, "/v1/target/time", **query)


def attributed(log: TenantLog, time: str, target: str = "defect:D-9", **query: str) -> dict[str, Any]:
    return asked(log, "/v1/target/attribution", target, at=f"{DAY_OF_THE_EXAMPLE}T{time}Z", **query)


def seconds(answer: dict[str, Any]) -> dict[str, int]:
    return {each["actor"]["username"]: each["seconds"] for each in answer["by_actor"]}


def test_a_targets_last_update_is_the_newest_event_of_it_or_within_it(log: TenantLog) -> None:
    """With its actor and the number of events in the target's history."""
    *_, last = log.sent(
        at("13:39:00", "opened"),
        at("13:40:00", "note-added"),
        at("13:41:32", "created", target=DEFECT, activity="record.stamped"),
    )
    answer = asked(log, "/v1/target")
    assert answer["last_actor"]["username"] == "john.doe"
    assert {name: answer[name] for name in ("target", "last_updated", "last_event", "events")} == {
        "target": "work-item:1234-C-A1",
        "last_updated": "2022-04-12T13:41:32.000Z",
        "last_event": last,
        "events": 3,
    }
    assert asked(log, "/v1/target", "defect:D-9")["events"] == 1


def test_a_target_without_events_has_null_values(log: TenantLog) -> None:
    """Not an error: Daybook does not know which targets exist."""
    assert asked(log, "/v1/target", "defect:none") == {
        "target": "defect:none",
        "last_updated": None,
        "last_event": None,
        "last_actor": None,
        "events": 0,
    }


def test_a_summary_beyond_the_bound_on_reading_has_no_count(log: TenantLog) -> None:
    """It still gives the last update."""
    many = log.sent(*(at(f"13:{minute:02}:00", "note-added") for minute in range(60)))
    many += log.sent(*(at(f"14:{minute:02}:00", "note-added") for minute in range(60)))
    tight = log.reader(search_bounds=Bounds(read_bytes=20_000))
    answer = answered(tight("/v1/target", {"target": "work-item:1234-C-A1"}))
    assert (answer["events"], answer["last_event"]) == (None, many[-1])
    for path in ("/v1/target/time", "/v1/target/attribution"):
        query = {"target": "work-item:1234-C-A1"} | ({"at": format_time(NOW)} if path.endswith("n") else {})
        assert problem_of(tight(path, query)) == (422, "too_much_to_read")
        narrowed = {**query, "from": f"{DAY_OF_THE_EXAMPLE}T14:45:00Z"}
        assert tight(path, narrowed)["statusCode"] == 200


@pytest.mark.every_store
def test_time_is_summed_by_session_and_by_actor(log: TenantLog) -> None:
    """Sessions are paired by actor and session id, even if several run at once. An open one counts as 0."""
    log.sent(
        at("09:00:00", "opened", JOHN, "s1"),
        at("09:00:10", "opened", JOHN, "s2"),
        at("09:00:20", "opened", JANE, "s1"),
        at("09:00:25.900", "opened", JANE),
        at("09:01:00", "closed", JOHN, "s1"),
        at("09:02:10", "closed", JOHN, "s2"),
        at("09:03:20", "closed", JANE, "s1"),
        at("09:05:00", "closed", JOHN, "s3"),
        at("10:00:00", "opened", JOHN, "s1"),
    )
    answer = time_on(log)
    assert [(each["actor"]["username"], each["seconds"], each["closed_at"]) for each in answer["sessions"]] == [
        ("john.doe", 60, "2022-04-12T09:01:00.000Z"),
        ("john.doe", 120, "2022-04-12T09:02:10.000Z"),
        ("jane.roe", 180, "2022-04-12T09:03:20.000Z"),
        ("jane.roe", 0, None),
        ("john.doe", 0, None),
    ]
    assert seconds(answer) == {"john.doe": 180, "jane.roe": 180}
    assert answer["total_seconds"] == 360


def test_pauses_do_not_count(log: TenantLog) -> None:
    """Each lasts from paused to resumed, or to the end if it was not resumed; only those of the same session count."""
    log.sent(
        at("09:00:00", "opened", JOHN, "s1"),
        at("09:00:10", "timer-paused", JOHN, "s1"),
        at("09:00:15", "timer-paused", JOHN, "s1"),
        at("09:00:30", "timer-resumed", JOHN, "s1"),
        at("09:00:35", "timer-resumed", JOHN, "s1"),
        at("09:00:40", "timer-paused", JANE, "s1"),
        at("09:00:50", "timer-paused", JOHN, "s1"),
        at("09:01:00", "closed", JOHN, "s1"),
    )
    answer = time_on(log)
    assert answer["sessions"][0]["seconds"] == 30
    assert answer["total_seconds"] == 30


def test_adjustments_are_records_of_their_own(log: TenantLog) -> None:
    """The original record stays. Every adjustment is listed and the latest applies, by id or by the sender's own id.

    Seconds that were sent as decimal text count like integers.
    """
    opened, _ = log.sent(at("09:00:00", "opened", id="my-session"), at("09:10:00", "closed"))
    adjusted = [{"field": "seconds", "from": 600, "to": 300}, {"field": "note", "from": None, "to": "lunch"}]
    as_text = [{"field": "seconds", "from": "420", "to": "0400"}]
    log.sent(
        at("09:20:00", "time-adjusted", JANE, params={"session": opened}, changes=adjusted),
        at(
            "09:30:00",
            "time-adjusted",
            JOHN,
            params={"session": {"id": "my-session", "occurred_at": f"{DAY_OF_THE_EXAMPLE}T11:00:00+02:00"}},
            changes=[{"field": "seconds", "from": 300, "to": 420}],
        ),
        at(
            "09:40:00",
            "time-adjusted",
            JANE,
            params={"session": "01JD0000000000000000000000000000000A"},
            changes=adjusted,
        ),
        at("09:50:00", "time-adjusted", JANE, params={"session": opened}, changes=as_text),
    )
    answer = time_on(log)
    (session,) = answer["sessions"]
    assert (session["seconds"], session["effective_seconds"]) == (600, 400)
    assert [(each["from"], each["to"], each["by"]["username"], each["at"]) for each in session["adjustments"]] == [
        (600, 300, "jane.roe", "2022-04-12T09:20:00.000Z"),
        (300, 420, "john.doe", "2022-04-12T09:30:00.000Z"),
        (420, 400, "jane.roe", "2022-04-12T09:50:00.000Z"),
    ]
    assert (seconds(answer), answer["total_seconds"]) == ({"john.doe": 400}, 400)


def test_an_impersonators_time_is_the_impersonators(log: TenantLog) -> None:
    """Whoever is impersonated. The sessions, sums, adjustments, candidates and the conclusion show that person as an
    actor. Once forgotten, the person is shown by the GUID.
    """
    lee = {"id": "u-7", "username": "support.lee", "name": "Lee"}
    log.sent({"actor": {"type": "user", **lee}})
    as_john, as_jane = {**JOHN, "impersonator": lee}, {**JANE, "impersonator": lee}
    opened, *_ = log.sent(
        at("09:00:00", "opened", as_john),
        at("09:00:10", "closed", JOHN),
        at("09:01:00", "closed", as_jane),
        at("10:00:00", "opened", {"type": "user", **lee}),
        at("10:01:00", "closed", as_jane),
    )
    change = [{"field": "seconds", "from": 60, "to": 30}]
    log.sent(at("11:00:00", "time-adjusted", as_jane, params={"session": opened}, changes=change))
    spent, attribution = time_on(log), attributed(log, "09:00:30", "work-item:1234-C-A1")
    shown = spent["by_actor"][0]["actor"]
    nothing = dict.fromkeys(("user_type", "roles", "impersonator", "email"))
    assert shown == {"type": "user", "client_id": "u-7", "username": "support.lee", "name": "Lee"} | nothing | {
        "id": shown["id"],
        "forgotten": False,
    }
    assert seconds(spent) == {"support.lee": 90}
    assert [session["actor"]["id"] for session in spent["sessions"]] == [shown["id"]] * 2
    assert spent["sessions"][0]["adjustments"][0]["by"] == shown
    assert (attribution["conclusion"], attribution["candidates"][0]["actor"]) == (shown, shown)
    assert attribution["basis"].startswith("Only support.lee had")
    log.forget(shown["id"])
    log.now += 30_000
    assert seconds(time_on(log)) == {shown["id"]: 90}


def test_a_span_takes_the_sessions_opened_in_it(log: TenantLog) -> None:
    """`from` inclusive, `to` exclusive. The events that close or adjust them may be later."""
    log.sent(
        at("09:00:00", "opened"),
        at("09:01:00", "closed"),
        at("10:00:00", "opened"),
        at("10:02:00", "closed"),
        at("11:00:00", "opened"),
        at("11:04:00", "closed"),
    )
    span = {"from": f"{DAY_OF_THE_EXAMPLE}T10:00:00Z", "to": f"{DAY_OF_THE_EXAMPLE}T10:01:00Z"}
    assert time_on(log, **span)["total_seconds"] == 120
    assert time_on(log, **(span | {"to": f"{DAY_OF_THE_EXAMPLE}T11:00:00Z"}))["total_seconds"] == 120
    assert time_on(log, to=span["to"])["total_seconds"] == 180


def test_opening_a_part_does_not_open_the_whole(log: TenantLog) -> None:
    """Time counts only the target's own events."""
    log.sent(at("09:00:00", "opened", target=DEFECT), at("09:01:00", "closed", target=DEFECT))
    assert time_on(log)["sessions"] == []
    assert asked(log, "/v1/target/time", "defect:D-9")["total_seconds"] == 60


def test_the_documents_defect_was_deleted_by_john_doe(log: TenantLog) -> None:
    """The record says when. The person who had the containing work item open did it: Enate's own example."""
    log.sent(
        at("13:39:00", "opened", JOHN),
        at("13:41:32", "stamped", {"type": "system"}, activity="record.stamped", target=DEFECT),
        at("13:50:00", "closed", JOHN),
        at("13:50:01", "opened", JANE),
    )
    answer = attributed(log, "13:41:32")
    assert answer["conclusion"]["username"] == "john.doe"
    assert (answer["target"], answer["at"]) == ("defect:D-9", "2022-04-12T13:41:32.000Z")
    assert [(each["actor"]["name"], each["opened_at"], each["closed_at"]) for each in answer["candidates"]] == [
        ("John Doe", "2022-04-12T13:39:00.000Z", "2022-04-12T13:50:00.000Z")
    ]
    assert answer["basis"] == ("Only john.doe had defect:D-9 or work-item:1234-C-A1 open at 2022-04-12T13:41:32.000Z.")


def test_two_people_who_had_it_open_give_no_conclusion(log: TenantLog) -> None:
    """Both are candidates, even one who still has it open. The same person twice is one candidate."""
    log.sent(
        at("13:41:32", "stamped", {"type": "system"}, activity="record.stamped", target=DEFECT),
        at("13:39:00", "opened", JOHN, "s1"),
        at("13:40:00", "opened", JOHN, "s2"),
    )
    assert attributed(log, "13:41:32")["conclusion"]["username"] == "john.doe"
    log.sent(at("13:41:00", "opened", JANE, target=DEFECT))
    answer = attributed(log, "13:41:32")
    assert answer["conclusion"] is None
    assert [each["actor"]["username"] for each in answer["candidates"]] == ["john.doe", "john.doe", "jane.roe"]
    assert "john.doe, jane.roe" in answer["basis"]
    assert attributed(log, "13:40:59.999")["conclusion"]["username"] == "john.doe"


def test_nobody_who_had_it_open_gives_no_conclusion(log: TenantLog) -> None:
    """The response says so in words."""
    log.sent(at("13:39:00", "opened"), at("13:40:00", "closed"))
    answer = attributed(log, "13:40:00.001", "work-item:1234-C-A1")
    assert (answer["candidates"], answer["conclusion"]) == ([], None)
    assert answer["basis"] == "Nobody had work-item:1234-C-A1 open at 2022-04-12T13:40:00.001Z."
    assert attributed(log, "13:40:00", "work-item:1234-C-A1")["conclusion"] is not None


def test_an_actor_other_than_a_person_is_never_concluded(log: TenantLog) -> None:
    """It is a candidate, and nobody else can be concluded beside it."""
    bot = {"type": "api", "username": "ci-bot"}
    log.sent(at("13:39:00", "opened", bot))
    assert attributed(log, "13:41:00", "work-item:1234-C-A1")["conclusion"] is None
    log.sent(at("13:40:00", "opened", JOHN))
    answer = attributed(log, "13:41:00", "work-item:1234-C-A1")
    assert (len(answer["candidates"]), answer["conclusion"]) == (2, None)


def test_a_target_is_asked_for_by_a_persons_name_too(log: TenantLog) -> None:
    """A target whose id is a person's name, and a user, by any name that the person had."""
    account = {"type": "account", "id": "john.doe"}
    log.sent(
        at("09:00:00", "opened", {**JOHN, "id": "u-1"}, target=account),
        at("09:01:00", "closed", {**JOHN, "id": "u-1"}, target=account),
        at("09:02:00", "note-added", JANE, target={"type": "user", "username": "JOHN.DOE"}),
    )
    assert asked(log, "/v1/target/time", "account:john.doe")["total_seconds"] == 60
    assert asked(log, "/v1/target", "user:john.doe")["events"] == 1
    assert parse_time(asked(log, "/v1/target", "user:u-1")["last_updated"]) == parse_time("2022-04-12T09:02:00Z")
