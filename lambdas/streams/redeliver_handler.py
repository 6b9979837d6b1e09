"""Reads the queue of drains, and asks for overdue drains when the schedule invokes it."""

import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from daybook.aws.wiring import Wiring
from daybook.delivery import backlog
from daybook.delivery.backlog import Backlog, DrainRequest
from daybook.environment import RedeliverSettings
from daybook.observability import logger
from streams.drain_turn import TurnServices
from streams.redeliver import Redeliver


@cache
def compose() -> Redeliver:
    settings = RedeliverSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return redeliver_over(wiring, wiring.backlog(settings.drain_queue_url))


def redeliver_over(wiring: Wiring, backlog: Backlog, monotonic: Callable[[], float] = time.monotonic) -> Redeliver:
    turns = TurnServices(
        settings=wiring.control,
        destinations=wiring.destinations,
        drains=wiring.drains,
        parked=wiring.parked,
        events=wiring.inserted,
        attempt=wiring.attempt,
        count=wiring.count,
        clock=wiring.clock,
        monotonic=monotonic,
    )
    return Redeliver(
        drains=wiring.drains,
        turns=turns,
        queue=backlog.queue,
        gauge=wiring.gauge,
        clock=wiring.clock,
        new_claim=lambda: str(uuid.uuid4()),
    )


def handler(event: Mapping[str, Any], _context: Any) -> None:
    serve(event, compose())


def serve(event: Mapping[str, Any], redeliver: Redeliver) -> None:
    """Messages of the queue come in `Records`. The schedule's event has none."""
    if "Records" not in event:
        redeliver.wake()
        return
    requests: list[DrainRequest] = []
    for record in event["Records"]:
        try:
            requests.append(backlog.read(record["body"]))
        except msgspec.DecodeError:
            logger.exception("the message asks for no drain", extra={"message_id": record["messageId"]})
    redeliver.drain_all(requests)
