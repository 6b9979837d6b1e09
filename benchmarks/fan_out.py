"""Client CPU for each event on its way to a customer's stream: batches of 500 through the fan-out's handler.

From Lambda's event to the answer, with botocore's own serialising, signing and parsing over an HTTP layer that
answers at once, for DynamoDB and for Kinesis. The `rfc8785` package processes the same events in the same minutes
and shows how slow the machine is.
"""

import base64
import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import rfc8785
from botocore.awsrequest import AWSResponse

from benchmarks.measuring import ROUNDS, Row
from benchmarks.typical import NOW, SECRET, settings_of
from daybook.aws import clients
from daybook.aws.assumed_roles import customers_sessions
from daybook.aws.control_table.destination_rows import item_of as destination_item
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.drains import DrainTable
from daybook.aws.control_table.parked import ParkedTable
from daybook.aws.events_table.append import item_of
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.kinesis import CustomerStreams
from daybook.aws.shared_kinesis import KinesisClient
from daybook.delivery.attempt import Attempt
from daybook.delivery.backlog import Backlog, DrainRequest
from daybook.delivery.records import Records
from daybook.delivery.sender import RecordSender
from daybook.events.canonical import decode
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.observability import logger
from daybook.people.key_cache import PersonKeys
from events.typical import TYPICAL
from streams.fan_out import FanOut
from streams.fan_out_handler import serve
from tests.support.calls import Context
from tests.support.ingest import Sender
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, SettingsOf, memory_wiring
from tests.support.streams import destination, stream_record

BATCH = 500
PEOPLE = 20
MAX_MICROSECONDS = 60


def rows() -> Iterator[Row]:
    for product, form in (("symbee", "symbee"), ("jiffy", "native"), ("jiffy", "cloudevents"), ("jiffy", "ocsf")):
        work, content = prepared(product, form)
        taken, oracle = both(work, partial(_oracle, content))
        microseconds = taken / BATCH * 1e6
        yield Row(
            f"fan-out, client CPU an event, batches of {BATCH}, botocore in it: typical of {product} as {form}",
            f"{microseconds:.0f} µs, {taken / oracle:.1f} times `rfc8785`; {1e6 / microseconds:,.0f} records a second",
            f"at most {MAX_MICROSECONDS} µs on the design's machine, 2.1 times `rfc8785`",
        )


def _oracle(content: list[Any]) -> None:
    for each in content:
        rfc8785.dumps(each)


def both(work: Callable[[], object], oracle: Callable[[], object]) -> tuple[float, float]:
    """Medians of CPU time, measured in turn, so that a noisy minute affects both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for each in (work, oracle):
        each()
    for _ in range(ROUNDS):
        for times, each in zip(taken, (work, oracle), strict=True):
            started = time.process_time()
            each()
            times.append(time.process_time() - started)
    return statistics.median(taken[0]), statistics.median(taken[1])


def prepared(product: str, form: str) -> tuple[Callable[[], object], list[Any]]:
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}
    events, identities = _stored(product)
    event = {"Records": [stream_record(item_of(each), str(place)) for place, each in enumerate(events)]}
    people = {
        sort_key: {"pk": {"S": "acme"}, "sk": {"S": sort_key}, "key": {"B": base64.b64encode(row["key"]).decode()}}
        for (_, sort_key), row in identities.rows.items()
        if sort_key.startswith("id#")
    }
    fan_out = _fan_out(form, product, people)

    def work() -> None:
        assert serve(event, fan_out) == {"batchItemFailures": []}

    gc.freeze()  # as in the function's composition root
    return work, [decode(unpack(each.packed)) for each in events]


def stored_events(product: str) -> list[StoredEvent]:
    return _stored(product)[0]


def _stored(product: str) -> tuple[list[StoredEvent], MemoryIdentities]:
    store, identities = MemoryEvents(), MemoryIdentities()
    control = SettingsOf(lambda _tenant: settings_of(product))
    replaced = {"events": store, "identities": identities, "control": control}
    sender = Sender(memory_wiring(SECRET, lambda: NOW, os.urandom, **replaced), context=Context())
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    answer = sender({"events": [_varied(TYPICAL[product], number) for number in range(BATCH)]})
    assert answer["statusCode"] == 201, answer["body"][:500]
    return list(store.events.values()), identities


def _varied(event: dict[str, Any], number: int) -> dict[str, Any]:
    who = {"username": f"{event['actor']['username']}{number % PEOPLE}", "id": f"u-{number % PEOPLE}"}
    return event | {"id": f"{event['id']}-{number}", "actor": event["actor"] | who}


def _fan_out(form: str, product: str, people: dict[str, Any]) -> FanOut:
    dynamodb, sts = clients.dynamodb(), clients.sts()
    row = destination_item(destination(format=form, profile=product, last_delivered_ms=NOW))

    def answer_dynamodb(request: Any, **_: Any) -> AWSResponse:
        ((table, wanted),) = json.loads(request.body)["RequestItems"].items()
        rows = {"0": row, **people}
        return Answered({"Responses": {table: [rows[key["sk"]["S"]] for key in wanted["Keys"]]}})

    def answer_kinesis(request: Any, **_: Any) -> AWSResponse:
        count = request.body.count(b'"PartitionKey"')
        taken = {"SequenceNumber": "4" * 56, "ShardId": "shardId-000000000000"}
        return Answered({"FailedRecordCount": 0, "Records": [taken] * count})

    def make_client(region: str, answer_seconds: float) -> KinesisClient:
        client = clients.kinesis(region, answer_seconds)
        client.meta.events.register("before-send.kinesis.*", answer_kinesis)
        return client

    dynamodb.meta.events.register("before-send.dynamodb.*", answer_dynamodb)
    sts.meta.events.register("before-send.sts.*", lambda **_: Answered(SESSION))
    table = DestinationTable(dynamodb, "control")
    records = Records(PersonKeys(IdentityTable(dynamodb, "people").read, lambda: NOW).of)
    sender = RecordSender(CustomerStreams(customers_sessions(sts, lambda: NOW), make_client))
    return FanOut(
        table,
        Attempt(records, sender),
        Backlog(
            ParkedTable(dynamodb, "control"),
            DrainTable(dynamodb, "control"),
            _NoQueue(),
            lambda *_: None,
            lambda: NOW,
        ),
        lambda _: None,
        lambda: NOW,
        time.monotonic,
    )


class _NoQueue:
    def send(self, requests: Sequence[DrainRequest], delay_seconds: int) -> None:  # noqa: ARG002  the queue's form
        raise AssertionError("nothing is left over")


class Answered(AWSResponse):  # type: ignore[misc]  # botocore carries no types
    def __init__(self, answer: bytes | dict[str, Any]) -> None:
        super().__init__("https://aws.example", 200, {}, None)
        self._content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


SESSION = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>bench</AccessKeyId><SecretAccessKey>bench</SecretAccessKey><SessionToken>bench</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
