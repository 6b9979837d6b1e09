"""The events table's stream: new events, on their way to their tenants' own streams."""

import gc
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from daybook import observability
from daybook.aws.events_table.by_key import from_stream
from daybook.aws.wiring import Wiring
from daybook.delivery.backlog import Backlog
from daybook.environment import FanOutSettings
from daybook.observability import logger
from streams.fan_out import Arrived, FanOut


@cache
def compose() -> FanOut:
    settings = FanOutSettings.from_environment()
    wiring = Wiring.deployed(settings)
    fan_out = fan_out_over(wiring, wiring.backlog(settings.retry_queue_url))
    gc.freeze()
    return fan_out


def fan_out_over(wiring: Wiring, backlog: Backlog, monotonic: Callable[[], float] = time.monotonic) -> FanOut:
    return FanOut(
        destinations=wiring.destinations,
        delivery=wiring.delivery,
        parking=backlog,
        clock=wiring.clock,
        monotonic=monotonic,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Answers the lowest sequence number that failed: Lambda hands over again what follows it, and it."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], fan_out: FanOut) -> dict[str, Any]:
    failed = fan_out.publish([arrived for record in event["Records"] if (arrived := _arrived(record)) is not None])
    return {"batchItemFailures": [] if failed is None else [{"itemIdentifier": failed}]}


def _arrived(record: Mapping[str, Any]) -> Arrived | None:
    """None for what is no new event: a re-stamp, what time to live removed, or an item of another making."""
    if record["eventName"] != "INSERT":  # the mapping's filter says so too
        return None
    sequence = record["dynamodb"]["SequenceNumber"]
    try:
        row = from_stream(record["dynamodb"]["NewImage"])
        assert row.place  # noqa: S101  raises where the partition is none of ours
    except (KeyError, ValueError):
        # Handed back it would hold up its neighbours for hours, and no try could make an event of it.
        logger.exception("no event", extra={"sequence_number": sequence})
        observability.count(observability.UNREADABLE, 1)
        return None
    return Arrived(sequence, row)
