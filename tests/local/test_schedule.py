"""Schedules in the emulator: which function they invoke, how often, and with which event."""

import itertools
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from infra.local.functions.instances import FunctionError
from infra.local.functions.schedule import Schedule, seconds
from infra.local.gateway.api import ACCOUNT


class Function:
    """Keeps the events and signals when it has `wanted` of them. The first invocation fails."""

    def __init__(self, wanted: int = 1) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.done = threading.Event()
        self._wanted = wanted

    def invoke(self, event: Mapping[str, Any], _request_id: str) -> Any:
        self.events.append(event)
        if len(self.events) == self._wanted:
            self.done.set()
        if len(self.events) == 1:
            raise FunctionError("no")


def run(schedule: Schedule, function: Function) -> None:
    stopped = threading.Event()
    thread = threading.Thread(target=schedule.run, args=(stopped,))
    thread.start()
    assert function.done.wait(20)
    stopped.set()
    thread.join()


def test_each_tick_is_a_scheduled_event_of_its_own() -> None:
    """After a tick that failed comes the next one. The fields are those of EventBridge."""
    function = Function(wanted=2)
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/tick"
    run(Schedule(rule, 0.05, function.invoke), function)
    first, second = function.events[:2]
    assert first["id"] != second["id"]
    assert {name: value for name, value in first.items() if name not in {"id", "time"}} == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "region": "us-east-1",
        "resources": [rule],
        "detail": {},
    }
    assert len(first["time"]) == len("2026-11-26T13:31:30Z")


def test_a_slow_tick_does_not_delay_the_next() -> None:
    """Each tick is an asynchronous invocation."""
    ticks, overtaken, stopped = itertools.count(), threading.Event(), threading.Event()

    def invoke(_event: Mapping[str, Any], _request_id: str) -> None:
        if next(ticks):
            overtaken.set()
        else:
            overtaken.wait(60)

    thread = threading.Thread(target=Schedule("arn", 0.05, invoke).run, args=(stopped,))
    thread.start()
    assert overtaken.wait(20)
    stopped.set()
    thread.join()


@pytest.mark.parametrize(
    ("expression", "period"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7_200)]
)
def test_the_period_is_the_one_of_the_template(expression: str, period: int) -> None:
    """Of the expressions that EventBridge knows, rates."""
    assert seconds(expression) == period


def test_a_schedule_that_local_daybook_cannot_run_is_refused() -> None:
    """At the start, and not silently."""
    with pytest.raises(ValueError, match="cron"):
        seconds("cron(0 4 * * ? *)")
