"""Reads new events from the events table's stream and sends them to their tenants' own streams."""

import gc
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from daybook import observability
from daybook.aws.events_table.by_key import from_stream
from daybook.aws.wiring import Wiring
from daybook.clock import SECOND
from daybook.delivery.backlog import Backlog
from daybook.environment import FanOutSettings
from daybook.observability import logger
from streams.fan_out import FanOut, StreamRecord


@cache
def compose() -> FanOut:
    settings = FanOutSettings.from_environment()
    wiring = Wiring.deployed(settings)
    fan_out = fan_out_over(wiring, wiring.backlog(settings.drain_queue_url))
    gc.freeze()
    return fan_out


def fan_out_over(wiring: Wiring, backlog: Backlog, monotonic: Callable[[], float] = time.monotonic) -> FanOut:
    return FanOut(
        destinations=wiring.destinations,
        attempt=wiring.attempt,
        backlog=backlog,
        given_up=wiring.given_up,
        clock=wiring.clock,
        monotonic=monotonic,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Returns the lowest sequence number that failed. Lambda repeats that record and all later ones."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], fan_out: FanOut) -> dict[str, Any]:
    failed = fan_out.publish(
        [arrived for record in event["Records"] if (arrived := _stream_record(record)) is not None]
    )
    return {"batchItemFailures": [] if failed is None else [{"itemIdentifier": failed}]}


def _stream_record(record: Mapping[str, Any]) -> StreamRecord | None:
    """None if the record is not a new event: a re-stamp, a removal by time to live, or a foreign item."""
    if record["eventName"] != "INSERT":  # the mapping's filter has the same condition
        return None
    sequence = record["dynamodb"]["SequenceNumber"]
    try:
        row = from_stream(record["dynamodb"]["NewImage"])
        assert row.environment  # noqa: S101  raises if the partition has a foreign form
        created_ms = round(record["dynamodb"]["ApproximateCreationDateTime"] * SECOND)
    except (KeyError, ValueError):
        # A failure would hold up the shard for hours, and no retry could make an event of this item.
        logger.exception("the item is not an event", extra={"sequence_number": sequence})
        observability.count(observability.UNREADABLE, 1)
        return None
    return StreamRecord(sequence, row, created_ms)
