"""What 20 dead streams cost in an hour: invocations of the redeliverer, messages, and calls to the customers' streams.

Time is virtual. The handlers run in this process, with a queue that knows when messages are due and a tick each minute.
The second hour is counted, when the waits between tries have grown to their longest.
"""

import heapq
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from itertools import count
from typing import Any
from unittest.mock import patch

from benchmarks.delivery_house import BATCH, House, Record, delivery_house
from benchmarks.measuring import Row
from daybook.aws import clients
from daybook.aws.wiring import Wiring
from daybook.clock import MINUTE, SECOND, system_clock
from daybook.environment import FunctionSettings
from daybook.observability import logger
from streams import fan_out_handler, redeliver_handler

TENANTS = 20
PARKED = 1_000
"""Events of each tenant that are parked in the first minute. Afterwards one comes each minute."""
MINUTES = 120
COUNTED_FROM = 60


class VirtualQueue:
    """What the functions use of SQS's client."""

    def __init__(self, clock: "VirtualClock") -> None:
        self._clock = clock
        self._messages: list[tuple[int, int, str]] = []
        self._numbers = count()
        self.sent = 0

    def send_message(self, **message: Any) -> dict[str, Any]:
        self.sent += 1
        self.put(message["MessageBody"], message.get("DelaySeconds", 0))
        return {}

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        for entry in call["Entries"]:
            self.send_message(**entry)
        return {}

    def put(self, body: str, seconds: int) -> None:
        heapq.heappush(self._messages, (self._clock() + seconds * SECOND, next(self._numbers), body))

    def due(self, most: int = 10) -> list[str]:
        """Up to `most` messages that are due within the present second."""
        found: list[str] = []
        while self._messages and len(found) < most and self._messages[0][0] < self._clock() + SECOND:
            found.append(heapq.heappop(self._messages)[2])
        return found


class VirtualClock:
    def __init__(self) -> None:
        self.now_ms = system_clock()

    def __call__(self) -> int:
        return self.now_ms


def rows(*, wake: bool = True) -> Iterator[Row]:
    tenants = [f"dead{number}" for number in range(TENANTS)]
    clock = VirtualClock()
    queue = VirtualQueue(clock)
    with delivery_house() as house, _in_this_process(house, clock, queue):
        events = house.many(dict.fromkeys(tenants, PARKED + MINUTES))
        house.aws.behave(tenants, seconds=0, error="ResourceNotFoundException")
        invocations: Counter[str] = Counter()
        every = [image for images in events.values() for image in images[:PARKED]]
        for start in range(0, len(every), BATCH):
            _publish(house, clock, every[start : start + BATCH])
        for minute in range(MINUTES):
            if minute == COUNTED_FROM:
                invocations.clear()
                queue.sent = 0
                house.aws.clear()
            _publish(house, clock, [images[PARKED + minute] for images in events.values()])
            if wake:
                invocations["ticks"] += 1
                redeliver_handler.handler({"detail-type": "Scheduled Event", "source": "aws.events"}, None)
            until = clock.now_ms + MINUTE
            while clock.now_ms < until:
                while bodies := queue.due():
                    invocations["of messages"] += 1
                    _redeliver(bodies)
                clock.now_ms += SECOND
        calls = house.aws.counts()
    hours = (MINUTES - COUNTED_FROM) / 60
    yield Row(
        f"an hour with {TENANTS} dead streams, {PARKED:,} events parked for each: invocations of redeliver; "
        "messages; calls of PutRecords",
        f"{sum(invocations.values()) / hours:,.0f} ({invocations['ticks'] / hours:,.0f} of them ticks); "
        f"{queue.sent / hours:,.0f}; {calls['PutRecords'] / hours:,.0f}",
    )


def _publish(house: House, clock: VirtualClock, images: Sequence[Record]) -> None:
    event = house.stream_event(images)
    for record in event["Records"]:
        record["dynamodb"]["ApproximateCreationDateTime"] = clock.now_ms / SECOND
    answer = fan_out_handler.handler(event, None)
    assert answer == {"batchItemFailures": []}, answer


def _redeliver(bodies: Sequence[str]) -> None:
    """No message comes again: what a lost one leaves is found by a tick."""
    records = [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]
    redeliver_handler.handler({"Records": records}, None)


@contextmanager
def _in_this_process(house: House, clock: VirtualClock, queue: VirtualQueue) -> Iterator[None]:
    deployed = Wiring.deployed

    def with_clock(settings: FunctionSettings) -> Wiring:
        return replace(deployed(settings), clock=clock)

    environment: Mapping[str, str] = {**house.environment("fan_out"), **house.environment("redeliver")}
    logger.setLevel(logging.CRITICAL)  # refusals are what is measured
    with (
        redirect_stdout(StringIO()),  # metrics
        patch.dict(os.environ, environment),
        patch.object(Wiring, "deployed", with_clock),
        patch.object(clients, "sqs", lambda: queue),
    ):
        for module in (fan_out_handler, redeliver_handler):
            module.compose.cache_clear()
        yield
        for module in (fan_out_handler, redeliver_handler):
            module.compose.cache_clear()
