"""The retry queue: events whose stream failed, tried again."""

import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import msgspec

from daybook import observability
from daybook.aws import clients
from daybook.aws.backlog_queue import RetryQueue
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.by_key import InsertedEvents
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.kinesis import CustomerStreams
from daybook.clock import system_clock
from daybook.delivery import backlog_batch
from daybook.delivery.attempt import Delivery
from daybook.delivery.backlog import Backlog
from daybook.delivery.records import Records
from daybook.delivery.sender import RecordSender
from daybook.environment import RedeliverSettings
from daybook.observability import logger
from daybook.people.key_cache import PersonKeys
from streams.redeliver import Message, Redeliver


@cache
def compose() -> Redeliver:
    settings = RedeliverSettings.from_environment()
    dynamodb = clients.dynamodb()
    destinations = DestinationTable(dynamodb, settings.control_table)
    identities = IdentityTable(dynamodb, settings.identities_table)
    streams = CustomerStreams(clients.sts(), clients.kinesis, system_clock)
    given_up = partial(observability.count, observability.GIVEN_UP)
    return Redeliver(
        settings=ControlTable(dynamodb, settings.control_table),
        destinations=destinations,
        events=InsertedEvents(dynamodb, settings.events_table),
        delivery=Delivery(
            Records(PersonKeys(identities.read, system_clock).of),
            RecordSender(streams),
            destinations,
            given_up,
            system_clock,
        ),
        parking=Backlog(destinations, RetryQueue(clients.sqs(), settings.retry_queue_url), system_clock),
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
            messages.append(Message(record["messageId"], backlog_batch.read(record["body"])))
        except msgspec.DecodeError:
            logger.exception("no parcel", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    failed += redeliver.redeliver(messages)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
