"""`GET /v1/alerts`: what was found, for those who may know of the events."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time
from daybook.ids import event_id
from daybook.ledger.alerts import Alert, Finding
from daybook.ledger.tampering import What
from tests.support.calls import answered
from tests.support.fed_log import FedLog
from tests.support.tenant_log import problem_of

ALERTS = "/v1/alerts"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> FedLog:
    return FedLog(dynamodb, tables, retention_days=30)


def raised(log: FedLog, number: int, environment: str = "prod", visibility: Any = "all") -> str:
    """The id of an alert, raised `number` ms after now."""
    finding = Finding(log.key(environment), visibility, What.REMOVED, f"{number:036}", log.now - number)
    return log.wiring.alerts.put(Alert(event_id(log.now + number, bytes(16)), finding)).id


def listed(log: FedLog, role: str = "auditor", **query: str) -> tuple[list[str], str | None]:
    answer = log.ask(ALERTS, query, role)
    assert answer["statusCode"] == 200, answer["body"]
    page = answered(answer)
    return [alert["id"] for alert in page["alerts"]], page["next_cursor"]


def test_an_alert_says_what_was_done_to_which_event_and_when(log: FedLog) -> None:
    identifier = raised(log, 7, "test")
    assert answered(log.ask(ALERTS, {})) == {
        "alerts": [
            {
                "id": identifier,
                "kind": "tamper-found",
                "environment": "test",
                "raised_at": format_time(log.now + 7),
                "event": {"what": "removed", "id": f"{7:036}", "at": format_time(log.now - 7)},
            }
        ],
        "next_cursor": None,
    }


def test_alerts_are_of_the_environments_and_events_that_the_caller_may_read(log: FedLog) -> None:
    """Without `environment`: of all that the credential reaches."""
    prod, test, hidden = raised(log, 1), raised(log, 2, "test"), raised(log, 3, visibility="operations")
    assert listed(log) == ([test, prod], None)
    assert listed(log, environment="prod") == ([prod], None)
    assert listed(log, "operations") == ([hidden, test, prod], None)
    of_one = answered(log.ask(ALERTS, {}, environment="test"))
    assert [alert["id"] for alert in of_one["alerts"]] == [test]
    assert problem_of(log.ask(ALERTS, {"environment": "prod"}, environment="test")) == (403, "environment_denied")
    assert problem_of(log.ask(ALERTS, {"environment": "nowhere"})) == (404, "not_found")
    assert problem_of(log.ask(ALERTS, {"cursor": "x"})) == (400, "cursor_mismatch")
    assert problem_of(log.ask(ALERTS, {"limit": "5"})) == (400, "unknown_parameter")


@pytest.mark.every_store
def test_pages_show_each_alert_once(log: FedLog) -> None:
    """Newest first, also where many are hidden from the caller."""
    expected = [raised(log, number) for number in range(60)]
    for number in range(60, 300):
        raised(log, number, visibility="operations")
    first, cursor = listed(log)
    assert cursor is not None
    second, last = listed(log, cursor=cursor)
    assert (first + second, last) == (expected[::-1], None)
    assert len(first) == 50


def test_an_alert_is_shown_as_long_as_an_event(log: FedLog) -> None:
    identifier = raised(log, 1)
    log.now += 30 * DAY
    assert listed(log)[0] == [identifier]
    log.now += 2
    assert listed(log) == ([], None)
