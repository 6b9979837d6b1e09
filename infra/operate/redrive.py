"""Puts through again what could not be handled: `python -m infra.operate.redrive events` or `... queues`.

`events`: the batches that the fan-out or the ledger failed on for 22 hours. Lambda has put each into a bucket, as one
object with the batch's records and the name of the function. The command hands them to that function once more, which
does with each event as with new ones, and deletes the object. A batch that fails again stays. So the command can be
repeated: what it has finished, it does not find any more. A stream may get an event a second time where the first try
broke off, as it may at any time; a log does not. Records that can't be read, under `poison/`, are left where they are.

`queues`: the messages in the dead-letter queues go back to the queues that they came from. SQS moves them, also those
of a FIFO queue. A message whose job has ended changes nothing.

docs/decisions/redrive.md says what AWS promises of both.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.names import SERVICE, STORAGE, named
from infra.operate.aws import Clients, clients, outputs, which_stage
from infra.operate.failures import in_sentences

DEAD_LETTERS = "DeadLetters"
"""So ends the name of the storage stack's output for each dead-letter queue. Its value is the queue's ARN."""

_BY_LAMBDA = "aws/lambda/"
_TRIES = 3
_PAUSE_SECONDS = 2.0

Say = Callable[[str], None]
Record = dict[str, Any]


@dataclass(frozen=True)
class FailedEvents:
    s3: Any
    lambda_: Any
    bucket: str
    functions: Collection[str]
    """Those that read the stream."""
    say: Say
    pause: Callable[[float], None] = time.sleep

    def redrive(self) -> bool:
        """Returns whether no batch is left. Raises botocore's errors."""
        done = left = 0
        for key in self._keys():
            function, records = self._kept(key)
            if function in self.functions and self._handled(function, records):
                self.s3.delete_object(Bucket=self.bucket, Key=key)
                done += len(records)
            else:
                left += 1
                self.say(f"Failed again and kept: {key}, {len(records)} events.")
        self.say(f"{done} events were put through again. {left} batches are left.")
        return not left

    def _keys(self) -> Iterator[str]:
        """Oldest first within a shard."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=_BY_LAMBDA):
            yield from [each["Key"] for each in page.get("Contents", ())]

    def _kept(self, key: str) -> tuple[str, list[Record]]:
        """The name of the function that failed, and what it failed on."""
        kept = json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        # arn:aws:lambda:REGION:ACCOUNT:function:NAME, and :VERSION behind it
        function = kept["requestContext"]["functionArn"].split(":")[6]
        return function, json.loads(kept["payload"])["Records"]

    def _handled(self, function: str, records: list[Record]) -> bool:
        for tried in range(_TRIES):
            if tried:
                self.pause(_PAUSE_SECONDS)
            records = self._failed(function, records)
            if not records:
                return True
        return False

    def _failed(self, function: str, records: list[Record]) -> list[Record]:
        """Those from the lowest failure on, as Lambda itself would try them again."""
        # Without spaces: the records came in one call, of at most 6 MB, and must fit into one again.
        payload = json.dumps({"Records": records}, separators=(",", ":")).encode()
        answer = self.lambda_.invoke(FunctionName=function, Payload=payload)
        if "FunctionError" in answer:
            return records
        failures = json.loads(answer["Payload"].read())["batchItemFailures"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return records[min((numbers.index(each["itemIdentifier"]) for each in failures), default=len(records)) :]


def redrive_queues(sqs: Any, queues: Sequence[str], say: Say) -> None:
    """Starts a move of what waits in each of the dead-letter queues, given by ARN. SQS goes on by itself."""
    for arn in queues:
        name = arn.rpartition(":")[2]
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        count = int(waiting["Attributes"]["ApproximateNumberOfMessages"])
        if not count:
            say(f"{name}: empty.")
        elif any(task["Status"] == "RUNNING" for task in sqs.list_message_move_tasks(SourceArn=arn).get("Results", ())):
            say(f"{name}: a move is under way, about {count} messages are left.")
        else:
            sqs.start_message_move_task(SourceArn=arn)
            say(f"{name}: about {count} messages go back to their queue.")


@in_sentences("It broke off.")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.redrive",
        parents=[which_stage()],
        description="Puts through again what could not be handled: events that the fan-out or the ledger failed on, or"
        " the messages in the dead-letter queues. Remove the cause first.",
    )
    parser.add_argument("what", choices=("events", "queues"))
    options = parser.parse_args(arguments)
    aws = connect(options)
    kept = outputs(aws, named(STORAGE, options.stage))
    if options.what == "queues":
        redrive_queues(aws("sqs"), [kept[name] for name in sorted(kept) if name.endswith(DEAD_LETTERS)], print)
        return 0
    service = outputs(aws, named(SERVICE, options.stage))
    functions = [service[name] for name in ("FanOutFunctionName", "AppendFunctionName")]
    failed = FailedEvents(aws("s3"), aws("lambda"), kept["FailedBatchBucket"], functions, print, pause)
    return 0 if failed.redrive() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
