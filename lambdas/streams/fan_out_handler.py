"""The events table's stream: new events, on their way to their tenants' own streams."""

import gc
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from daybook import observability
from daybook.aws import clients
from daybook.aws.backlog_queue import RetryQueue
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.events_table.by_key import from_stream
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.kinesis import CustomerStreams
from daybook.clock import system_clock
from daybook.delivery.attempt import Delivery
from daybook.delivery.backlog import Backlog
from daybook.delivery.records import Records
from daybook.delivery.sender import RecordSender
from daybook.environment import FanOutSettings
from daybook.observability import logger
from daybook.people.key_cache import PersonKeys
from streams.fan_out import Arrived, FanOut


@cache
def compose() -> FanOut:
    settings = FanOutSettings.from_environment()
    dynamodb = clients.dynamodb()
    destinations = DestinationTable(dynamodb, settings.control_table)
    identities = IdentityTable(dynamodb, settings.identities_table)
    streams = CustomerStreams(clients.sts(), clients.kinesis, system_clock)
    fan_out = FanOut(
        destinations=destinations,
        delivery=Delivery(
            Records(PersonKeys(identities.read, system_clock).of),
            RecordSender(streams),
            destinations,
            partial(observability.count, observability.GIVEN_UP),
            system_clock,
        ),
        parking=Backlog(destinations, RetryQueue(clients.sqs(), settings.retry_queue_url), system_clock),
        clock=system_clock,
        monotonic=time.monotonic,
    )
    gc.freeze()
    return fan_out


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
