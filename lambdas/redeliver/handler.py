"""The retry queue: events whose stream failed, tried again."""

import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import msgspec

from daybook import metrics
from daybook.aws import clients
from daybook.aws.control import ControlTable
from daybook.aws.customer_streams import CustomerStreams
from daybook.aws.destinations import DestinationTable
from daybook.aws.identities import IdentityTable
from daybook.aws.inserted import InsertedEvents
from daybook.aws.retry_queue import RetryQueue
from daybook.clock import system_clock
from daybook.http import logger
from daybook.publishing import parcels
from daybook.publishing.courier import Courier
from daybook.publishing.delivery import Delivery
from daybook.publishing.parking import Parking
from daybook.publishing.records import Records
from daybook.reading.person_keys import PersonKeys
from daybook.settings import RedeliverSettings
from redeliver.redeliver import Message, Redeliver


@cache
def compose() -> Redeliver:
    settings = RedeliverSettings.from_environment()
    dynamodb = clients.dynamodb()
    destinations = DestinationTable(dynamodb, settings.control_table)
    identities = IdentityTable(dynamodb, settings.identities_table)
    streams = CustomerStreams(clients.sts(), clients.kinesis, system_clock)
    given_up = partial(metrics.count, metrics.GIVEN_UP, clock=system_clock)
    return Redeliver(
        settings=ControlTable(dynamodb, settings.control_table),
        destinations=destinations,
        events=InsertedEvents(dynamodb, settings.events_table),
        delivery=Delivery(
            Records(PersonKeys(identities.read, system_clock).of),
            Courier(streams),
            destinations,
            given_up,
            system_clock,
        ),
        parking=Parking(destinations, RetryQueue(clients.sqs(), settings.retry_queue_url), system_clock),
        given_up=given_up,
        clock=system_clock,
        monotonic=time.monotonic,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Answers the messages that are to come again; all others are done with."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], redeliver: Redeliver) -> dict[str, Any]:
    messages: list[Message] = []
    failed: list[str] = []
    for record in event["Records"]:
        try:
            messages.append(Message(record["messageId"], parcels.read(record["body"])))
        except msgspec.DecodeError:
            logger.exception("no parcel", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    failed += redeliver.redeliver(messages)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
