"""Invokes a function at the rate of an EventBridge rule.

As on AWS the first tick comes one period after the start, a tick does not wait until the one before it has ended, and
the event is EventBridge's "Scheduled Event". A tick that fails is not tried again, because the template's rules ask for
no retries (`infra/constructs/schedule.py`).
"""

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from infra.local.functions.instances import FunctionError
from infra.local.gateway.api import ACCOUNT, REGION

RATE = re.compile(r"rate\((?P<count>\d+) (?P<unit>minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


class Schedule:
    def __init__(self, rule_arn: str, seconds: float, invoke: Callable[[Mapping[str, Any], str], Any]) -> None:
        self._rule = rule_arn
        self._seconds = seconds
        self._invoke = invoke

    def run(self, stopped: threading.Event) -> None:
        while not stopped.wait(self._seconds):
            threading.Thread(target=self.tick, daemon=True).start()

    def tick(self) -> None:
        with suppress(FunctionError):  # the function's log tells it
            self._invoke(self._event(), str(uuid.uuid4()))

    def _event(self) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [self._rule],
            "detail": {},
        }


def seconds(expression: str) -> int:
    """The period of an expression like `rate(5 minutes)`. Raises `ValueError` for any other kind of expression."""
    rate = RATE.fullmatch(expression)
    if rate is None:
        raise ValueError(f"local Daybook runs no schedule like {expression}")
    return int(rate["count"]) * SECONDS[rate["unit"]]
