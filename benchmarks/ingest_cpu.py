"""Client CPU for each event: batches of 100 through the ingest handler, from the gateway's event to its answer.

Once with stores that answer at once. Once with botocore's own serialising, signing and parsing over an HTTP layer
that answers at once, which includes the cost of DynamoDB's client.

Microseconds depend on the machine as much as on the code. So each row also counts in `rfc8785.dumps` of the same
event, measured in turn with it. The bound of 150 µs comes from a machine on which that took 28 µs for the
contract's example.
"""

import base64
import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import rfc8785
from botocore.awsrequest import AWSResponse

from benchmarks.measuring import Row, cpu_seconds_in_turn
from benchmarks.typical import NOW, SECRET, settings_of
from daybook.aws.clients import dynamodb
from daybook.aws.wiring import Tables, Wiring
from daybook.events.item import StoredEvent
from daybook.events.store import Append, Kept, Key
from daybook.http.serve import serve
from daybook.observability import logger
from events.typical import CONTRACT_EXAMPLE, TYPICAL
from ingest.handler import SendEvents, ingest_over, refusals_over
from tests.support.calls import Context, authorized, call
from tests.support.memory_stores import NoOwnActivities, memory_wiring
from tests.support.usage import MemoryUsage

BATCH = 100
PEOPLE = 20
MAX_MICROSECONDS = 150
MAX_DUMPS = MAX_MICROSECONDS / 28


def rows() -> Iterator[Row]:
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    for name, product, event in (
        ("the contract's example", "jiffy", CONTRACT_EXAMPLE),
        *((f"typical of {product}", product, event) for product, event in TYPICAL.items()),
    ):
        yield _row(f"client CPU an event, batches of {BATCH}, store a stub: {name}", _stubbed(product), event, True)
    for name, product, event in (("typical of jiffy", "jiffy", TYPICAL["jiffy"]),):
        yield _row(f"the same with botocore over a stubbed HTTP layer: {name}", _over_botocore(product), event, False)


def _row(measure: str, send_events: SendEvents, event: dict[str, Any], bounded: bool) -> Row:
    dumps, microseconds = (seconds * 1e6 for seconds in cpu_an_event(send_events, event))
    must = f"at most {MAX_MICROSECONDS} µs where rfc8785 takes 28, so {MAX_DUMPS:.1f} times" if bounded else ""
    return Row(measure, f"{microseconds:.0f} µs, rfc8785 {dumps:.0f} µs: {microseconds / dumps:.1f} times", must)


def cpu_an_event(send_events: SendEvents, event: dict[str, Any]) -> tuple[float, float]:
    """Seconds of `rfc8785.dumps` and of the handler. Each round sends new events of twenty people."""
    serial = iter(range(1_000_000))

    def batches(count: int) -> list[dict[str, Any]]:
        return [_call([_varied(event, next(serial)) for _ in range(BATCH)]) for _ in range(count)]

    prepared = iter(batches(200))

    gc.freeze()  # as in the function's composition root

    def opponent() -> None:
        for _ in range(10 * BATCH):
            rfc8785.dumps(event)

    def work() -> None:
        for _ in range(10):
            answer = serve(next(prepared), Context(), {"send_events": send_events})
            assert answer["statusCode"] == 201, answer["body"][:500]

    dumps, sent = cpu_seconds_in_turn(opponent, work)
    return dumps / (10 * BATCH), sent / (10 * BATCH)


def _varied(event: dict[str, Any], number: int) -> dict[str, Any]:
    actor = event["actor"] | {
        "username": f"{event['actor']['username']}{number % PEOPLE}",
        "id": f"u-{number % PEOPLE}",
    }
    return event | {"id": f"{event['id']}-{number}", "actor": actor}


def _call(events: list[dict[str, Any]]) -> dict[str, Any]:
    event = call("POST", "/v1/events", authorizer=authorized("producer"))
    body = base64.b64encode(json.dumps({"events": events}).encode()).decode()
    return event | {"body": body, "isBase64Encoded": True}


class _TakesAll:
    """A store of events that answers at once and keeps nothing."""

    def append(self, events: Sequence[StoredEvent], remaining_seconds: Callable[[], float]) -> dict[Key, Append]:  # noqa: ARG002  the store's signature
        return {(event.partition, event.id): Append.STORED for event in events}

    def find(self, keys: Iterable[Key]) -> dict[Key, Kept]:  # noqa: ARG002  the store's signature
        return {}


def _stubbed(product: str) -> SendEvents:
    return _sending(product, memory_wiring(SECRET, lambda: NOW, os.urandom, events=_TakesAll()))


def _sending(product: str, wiring: Wiring) -> SendEvents:
    settings = settings_of(product)
    return SendEvents(ingest_over(wiring), refusals_over(wiring), lambda _tenant: settings, wiring.gate)


def _over_botocore(product: str) -> SendEvents:
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}
    client = dynamodb()
    people: dict[str, Any] = {}

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        return _Answered(_dynamodb(operation, json.loads(request.body), people))

    client.meta.events.register("before-send.dynamodb.*", answer)
    tables = Tables(events="events", identities="people")
    return _sending(
        product,
        Wiring(
            client,
            tables,
            lambda: SECRET,
            lambda: NOW,
            replaced={"activities": NoOwnActivities(), "usage": MemoryUsage()},
        ),
    )


def _dynamodb(operation: str, request: Mapping[str, Any], people: dict[str, Any]) -> dict[str, Any]:
    """The part of DynamoDB that ingest uses: it keeps people and accepts every event."""
    if operation == "BatchGetItem":
        ((table, wanted),) = request["RequestItems"].items()
        return {"Responses": {table: [people[key["sk"]["S"]] for key in wanted["Keys"] if key["sk"]["S"] in people]}}
    for statement in request["Statements"]:
        if '"people"' in statement["Statement"]:
            names = statement["Statement"].split("'")[1::2]
            item = dict(zip(names, statement["Parameters"], strict=True))
            people.setdefault(item["sk"]["S"], item)
    return {"Responses": [{} for _ in request["Statements"]]}


class _Answered(AWSResponse):  # type: ignore[misc]  # botocore carries no types
    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("https://dynamodb.us-east-1.amazonaws.com", 200, {}, None)
        self._content = json.dumps(answer).encode()
