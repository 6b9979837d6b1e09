"""Emulates what invokes the functions beside the API: the template's event source mappings and schedules."""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infra.local.aws.cloudformation import Client, table_name
from infra.local.aws.moto_peek import holds_messages, stream_length
from infra.local.functions.dynamodb_stream import StreamMapping
from infra.local.functions.failed_batches import FailedBatches
from infra.local.functions.instances import Function, Invocable
from infra.local.functions.schedule import Schedule, seconds
from infra.local.functions.sqs import QueueMapping
from infra.local.gateway.api import ACCOUNT, REGION
from infra.local.template import Templates, of_type

JOIN_SECONDS = 1.0  # for all sources: local Daybook must end within five seconds


@contextmanager
def event_sources(
    stacks: Templates,
    client: Client,
    functions: Mapping[str, Function],
    checkpoints: Path | None,
    periods: Mapping[str, float],
) -> Iterator[None]:
    """Runs each source in a thread. `checkpoints` is the folder for the positions of the stream readers.

    `periods`: the seconds of the schedules that are others here than in the template, by their function's ARN.
    """
    stopped = threading.Event()
    sources = [*mappings_of(stacks, client, functions, checkpoints), *schedules_of(stacks, client, functions, periods)]
    threads = [threading.Thread(target=source.run, args=(stopped,), daemon=True) for source in sources]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        until = time.monotonic() + JOIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))  # a thread that waits for a function ends with it


def mappings_of(
    stacks: Templates, client: Client, functions: Mapping[str, Function], checkpoints: Path | None
) -> Iterator[StreamMapping | QueueMapping]:
    references = References(stacks, client)
    for logical_id, properties in of_type(stacks, "AWS::Lambda::EventSourceMapping").items():
        arn = references.function(properties["FunctionName"])
        invoke = functions[arn].invoke
        source = references.source(properties["EventSourceArn"])
        if source.startswith("arn:aws:sqs:"):
            yield QueueMapping(client("sqs"), source, properties, invoke, partial(holds_messages, source))
            continue
        failure = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        yield StreamMapping(
            client("dynamodbstreams"),
            source,
            properties,
            invoke,
            # Only DynamoDB Local has checkpoints. Its streams are in another process, so any finished call of a
            # function may have written to them.
            partial(calls_ended, functions.values()) if checkpoints else partial(stream_length, source),
            give_up=FailedBatches(client("s3"), references.bucket(failure), mapping_id(logical_id), arn).put
            if failure
            else None,
            checkpoint=checkpoints / f"{logical_id}.checkpoint" if checkpoints else None,
        )


def schedules_of(
    stacks: Templates,
    client: Client,
    functions: Mapping[str, Invocable],
    periods: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Schedule]:
    """Rules on events of AWS's own services are left out: nothing raises those here."""
    references = References(stacks, client)
    for logical_id, properties in of_type(stacks, "AWS::Events::Rule").items():
        if "ScheduleExpression" not in properties:
            continue
        rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{references.name(logical_id)}"
        for target in properties["Targets"]:
            function = references.function(target["Arn"])
            period = periods.get(function, seconds(properties["ScheduleExpression"]))
            yield Schedule(rule, period, functions[function].invoke)


def calls_ended(functions: Iterable[Function]) -> int:
    return sum(function.calls_ended for function in functions)


def mapping_id(logical_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, logical_id))


class References:
    """Resolves the template's references to the resources that were created."""

    def __init__(self, stacks: Templates, client: Client) -> None:
        self._stacks = stacks
        self._client = client

    def function(self, reference: Any) -> str:
        """The function's ARN."""
        _, logical_id, _ = self._resource(reference)
        name = self.name(logical_id)
        arn: str = self._client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        return arn

    def source(self, reference: Any) -> str:
        """The ARN of a queue, or of a table's stream."""
        stack, logical_id, attribute = self._resource(reference)
        if attribute == "StreamArn":
            # Asked of the store in use, which may be DynamoDB Local instead of moto.
            table = self._client("dynamodb").describe_table(TableName=table_name(stack, logical_id))
            stream: str = table["Table"]["LatestStreamArn"]
            return stream
        url = self.name(logical_id)
        found = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = found["Attributes"]["QueueArn"]
        return arn

    def bucket(self, reference: Any) -> str:
        """The name of the bucket whose ARN this is."""
        _, logical_id, _ = self._resource(reference)
        return self.name(logical_id)

    def _resource(self, reference: Any) -> tuple[str, str, str]:
        """The stack, logical id and attribute of `{"Ref"}`, `{"Fn::GetAtt"}` or `{"Fn::ImportValue"}`."""
        match reference:
            case {"Fn::ImportValue": name}:
                exported = next(
                    output["Value"]
                    for template in self._stacks.values()
                    for output in template.get("Outputs", {}).values()
                    if output.get("Export", {}).get("Name") == name
                )
                return self._resource(exported)
            case {"Fn::GetAtt": [logical_id, attribute]}:
                return self._stack_of(logical_id), logical_id, attribute
            case {"Ref": logical_id}:
                return self._stack_of(logical_id), logical_id, "Ref"
        raise LookupError(f"cannot resolve the reference {reference}")

    def _stack_of(self, logical_id: str) -> str:
        return next(name for name, template in self._stacks.items() if logical_id in template["Resources"])

    def name(self, logical_id: str) -> str:
        """The resource's physical id: a rule's, a function's and a bucket's name, a queue's URL."""
        detail = self._client("cloudformation").describe_stack_resource(
            StackName=self._stack_of(logical_id), LogicalResourceId=logical_id
        )
        physical: str = detail["StackResourceDetail"]["PhysicalResourceId"]
        return physical
