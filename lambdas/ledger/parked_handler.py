"""Appends the events whose keys a queue brings, because they could not be appended when the stream brought them."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from daybook.aws.parked_keys import ParkedKeys, keys_of
from daybook.aws.wiring import Wiring
from daybook.environment import AppendParkedSettings
from daybook.jobs.claiming import retry_seconds
from daybook.observability import logger
from ledger.parked import ParkedEvents


class Composed(NamedTuple):
    events: ParkedEvents
    queue: ParkedKeys


@cache
def compose() -> Composed:
    settings = AppendParkedSettings.from_environment()
    wiring = Wiring.deployed(settings)
    events = ParkedEvents(wiring.inserted, wiring.appender(settings.log_origin), wiring.count)
    return Composed(events, wiring.parked_keys(settings.append_parked_queue_url))


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """A message of which something is left comes again: after half a minute at first, then at growing intervals."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], composed: Composed) -> dict[str, Any]:
    again = [record for record in event["Records"] if not _is_done(composed.events, record)]
    for record in again:
        seconds = retry_seconds(int(record["attributes"]["ApproximateReceiveCount"]))
        with suppress(Exception):  # then the queue's visibility timeout decides when it comes
            composed.queue.postpone(record["receiptHandle"], seconds)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in again]}


def _is_done(events: ParkedEvents, record: Mapping[str, Any]) -> bool:
    try:
        return events.append(keys_of(record["body"]))
    except Exception:
        logger.exception("parked events were not read")
        return False
