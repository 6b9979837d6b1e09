"""Tenants with streams, and the functions that deliver to them as Lambda runs them: real handlers in processes of their
own, over DynamoDB Local, with Kinesis, STS and SQS as `aws_stub` plays them.
"""

import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from benchmarks.aws_stub import ACCOUNT, AwsStub, aws_stub
from benchmarks.reading import _client
from benchmarks.typical import EVERYWHERE, SECRET, code_for, settings_of
from daybook.aws.control_table.destination_rows import item_of as destination_item
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import item_of
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.clock import system_clock
from daybook.events.decoding import Sent
from events.typical import TYPICAL
from infra.functions import FUNCTIONS
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.functions.dynamodb_stream import written
from infra.local.functions.instances import Configuration, Function, FunctionError
from infra.local.template import table_definitions, templates
from ingest.handler import ingest_over
from tests.support.memory_stores import MemoryEvents, memory_wiring
from tests.support.running_daybook import descendants
from tests.support.streams import destination

PRODUCT = "jiffy"
BATCH = 500
RETRY_SECONDS = 168
"""The queue's visibility timeout."""
_EVENTS_A_CALL = 500

Record = dict[str, Any]
"""A record of the events table's stream, without its sequence number and time."""


@dataclass
class House:
    aws: AwsStub
    dynamodb: Any
    endpoint: str
    tables: Tables
    log: Any
    _sequence: Iterator[int] = field(default_factory=lambda: count(1))
    _stack: ExitStack = field(default_factory=ExitStack)

    def function(self, name: str) -> Function:
        """The function, with one instance that has imported its handler."""
        spec = FUNCTIONS[name]
        environment = self.environment(name)
        function = Function(
            Configuration(name, name, spec.module, spec.timeout_s, spec.memory_mb, environment), self.log
        )
        self._stack.callback(function.stop)
        function.warm_up()
        return function

    def environment(self, name: str) -> dict[str, str]:
        """The function's variables, with endpoints on this machine."""
        spec = FUNCTIONS[name]
        queue = f"{self.aws.url}/queue"
        return {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "LANG": "en_US.UTF-8",
            "_HANDLER": f"{spec.module}.handler",
            **{
                variable: queue if setting.endswith("_url") else getattr(self.tables, setting.removesuffix("_table"))
                for setting, variable in spec.settings.variables().items()
            },
        }

    def set_up(self, tenants: Sequence[str]) -> None:
        """Gives each tenant a destination in place of any earlier one, whose backlog then belongs to nobody."""
        for tenant in tenants:
            made = replace(
                destination(tenant, profile=PRODUCT, stream_arn=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{tenant}"),
                external_id=tenant,
                subscription=uuid.uuid4().hex,
                generation=uuid.uuid4().hex,
            )
            self.dynamodb.put_item(TableName=self.tables.control, Item=destination_item(made))

    def tenant(self, tenant: str, events: int) -> list[Record]:
        """Makes a tenant with so many stored events. Returns them as the table's stream has them."""
        settings = settings_of(PRODUCT, tenant)
        ControlTable(self.dynamodb, self.tables.control).create_tenant(settings)
        stored = MemoryEvents()
        identities = IdentityTable(self.dynamodb, self.tables.identities)
        ingest = ingest_over(memory_wiring(SECRET, system_clock, os.urandom, events=stored, identities=identities))
        typical = TYPICAL[PRODUCT]
        for start in range(0, events, _EVENTS_A_CALL):
            sent = [{**typical, "id": f"e-{number}"} for number in range(start, min(start + _EVENTS_A_CALL, events))]
            results = ingest.store(settings, EVERYWHERE, Sent(sent, 32), lambda: 60.0)
            assert all(result.status == "stored" for result in results), results[:3]
        items = [item_of(event) for event in stored.events.values()]
        for start in range(0, len(items), 25):
            put = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            assert not self.dynamodb.batch_write_item(RequestItems={self.tables.events: put})["UnprocessedItems"]
        return [{name: written(value) for name, value in item.items()} for item in items]

    def many(self, events: Mapping[str, int]) -> dict[str, list[Record]]:
        """`tenant` for each, with a destination."""
        for tenant in events:
            code_for(tenant)
        with ThreadPoolExecutor(4) as threads:
            made = dict(zip(events, threads.map(self.tenant, events, events.values()), strict=True))
        self.set_up(list(events))
        return made

    def stream_event(self, images: Sequence[Record]) -> dict[str, Any]:
        """What Lambda passes for these inserts."""
        return {"Records": self.stream_records(images)}

    def stream_records(self, images: Sequence[Record]) -> list[dict[str, Any]]:
        return [self._stream_record(image) for image in images]

    def _stream_record(self, image: Record) -> dict[str, Any]:
        return {
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": time.time(),
                "Keys": {"pk": image["pk"], "sk": image["sk"]},
                "NewImage": image,
                "SequenceNumber": str(next(self._sequence)),
            },
        }


@contextmanager
def delivery_house(log: Path = Path(os.devnull)) -> Iterator[House]:
    """`log` is the file of the functions' output."""
    with ExitStack() as stack:
        engine = stack.enter_context(DynamoDBLocal())
        aws = stack.enter_context(aws_stub())
        client = _client(engine.endpoint)
        definitions = table_definitions(templates())
        tables = Tables(**{name: name for name in Tables.__annotations__})
        for name in Tables.__annotations__:
            definition = next(each for logical_id, each in definitions.items() if logical_id.lower().startswith(name))
            client.create_table(TableName=name, **definition)
        house = House(aws, client, engine.endpoint, tables, stack.enter_context(log.open("ab")))
        stack.enter_context(house._stack)  # noqa: SLF001  the functions end before the stores
        yield house


class Redelivery:
    """Passes the queue's messages to `redeliver`, ten at a time to up to four instances, and wakes it each minute."""

    def __init__(self, house: House, instances: int = 4, *, wake: bool = True) -> None:
        self._aws = house.aws
        self._function = house.function("redeliver")
        self._stopped = threading.Event()
        self.invocations = 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(instances)]
        if wake:
            self._threads.append(threading.Thread(target=self._wake, daemon=True))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(40)

    def _run(self) -> None:
        while not self._stopped.is_set():
            bodies = self._aws.control("take", 10)
            if not bodies:
                self._stopped.wait(0.05)
                continue
            records = [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]
            if not self._invoke({"Records": records}):
                self._aws.control("put_back", [RETRY_SECONDS, bodies])

    def _wake(self) -> None:
        while not self._stopped.wait(60):
            self._invoke({"detail-type": "Scheduled Event", "source": "aws.events"})

    def _invoke(self, event: Mapping[str, Any]) -> bool:
        """Whether it ended well."""
        self.invocations += 1
        try:
            self._function.invoke(event, uuid.uuid4().hex)
        except FunctionError:
            return False
        return True


def peak_megabytes() -> float:
    """The largest resident set that an instance of a function has had."""
    peaks = (line.split()[1] for status in _of_instances("status") for line in status.split("\n") if "VmHWM" in line)
    return max(map(int, peaks)) / 1024


def processor_seconds() -> float:
    """The CPU time of all instances of functions, in all their threads."""
    ticks = sum(int(stat.split()[13]) + int(stat.split()[14]) for stat in _of_instances("stat"))
    return ticks / os.sysconf("SC_CLK_TCK")


def _of_instances(file: str) -> Iterator[str]:
    for process in descendants(os.getpid()):
        with suppress(FileNotFoundError):  # `ps` listed itself
            if "runtime.py" in Path(f"/proc/{process}/cmdline").read_text():
                yield Path(f"/proc/{process}/{file}").read_text()
