"""Reads the retry queue and sends events again whose stream failed."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from daybook.aws.wiring import Wiring
from daybook.delivery import backlog_batch
from daybook.delivery.backlog import Backlog
from daybook.environment import RedeliverSettings
from daybook.observability import logger
from streams.redeliver import Message, Redeliver


@cache
def compose() -> Redeliver:
    settings = RedeliverSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return redeliver_over(wiring, wiring.backlog(settings.retry_queue_url))


def redeliver_over(wiring: Wiring, backlog: Backlog, monotonic: Callable[[], float] = time.monotonic) -> Redeliver:
    return Redeliver(
        settings=wiring.control,
        destinations=wiring.destinations,
        events=wiring.inserted,
        attempt=wiring.attempt,
        backlog=backlog,
        given_up=wiring.given_up,
        clock=wiring.clock,
        monotonic=monotonic,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Returns the messages that must come again. All others have been handled."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], redeliver: Redeliver) -> dict[str, Any]:
    messages: list[Message] = []
    failed: list[str] = []
    for record in event["Records"]:
        try:
            messages.append(Message(record["messageId"], backlog_batch.read(record["body"])))
        except msgspec.DecodeError:
            logger.exception("the message is not a batch", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    failed += redeliver.redeliver(messages)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
