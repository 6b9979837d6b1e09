"""The events table's stream: new events, on their way to their tenants' own streams."""

import gc
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from daybook import metrics
from daybook.aws import clients
from daybook.aws.customer_streams import CustomerStreams
from daybook.aws.destinations import DestinationTable
from daybook.aws.identities import IdentityTable
from daybook.aws.inserted import from_stream
from daybook.aws.retry_queue import RetryQueue
from daybook.clock import system_clock
from daybook.http import logger
from daybook.publishing.courier import Courier
from daybook.publishing.delivery import Delivery
from daybook.publishing.parking import Parking
from daybook.publishing.records import Records
from daybook.reading.person_keys import PersonKeys
from daybook.settings import FanOutSettings
from fan_out.fan_out import Arrived, FanOut


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
            Courier(streams),
            destinations,
            partial(metrics.count, metrics.GIVEN_UP, clock=system_clock),
            system_clock,
        ),
        parking=Parking(destinations, RetryQueue(clients.sqs(), settings.retry_queue_url), system_clock),
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
        metrics.count(metrics.UNREADABLE, 1, system_clock)
        return None
    return Arrived(sequence, row)
