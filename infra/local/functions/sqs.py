"""Reads a queue's messages for a function as Lambda does: in parallel batches, and failed messages come again.

It follows AWS's "Using Lambda with Amazon SQS". Messages that the function has handled are deleted. Messages that it
names in `batchItemFailures`, or all messages if it raised, become visible again after the visibility timeout, or when
the function itself set by `ChangeMessageVisibility`. After the maximum number of receives, the queue itself moves a
message to its dead-letter queue. No more messages are received than the function can handle at the same time.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.functions.instances import MAX_INSTANCES, EventTooLarge, FunctionError
from infra.local.gateway.api import REGION

POLL_SECONDS = 0.2
MAX_MESSAGES = 10  # of one ReceiveMessage

Invoke = Callable[[Mapping[str, Any], str], Any]
Message = Mapping[str, Any]


class QueueMapping:
    def __init__(
        self,
        client: Any,
        queue_arn: str,
        properties: Mapping[str, Any],
        invoke: Invoke,
        holds_messages: Callable[[], bool],
    ) -> None:
        """`holds_messages` is a cheap check that says whether to ask the queue."""
        self._client = client
        self._arn = queue_arn
        self._properties = properties
        self._invoke = invoke
        self._holds_messages = holds_messages
        self._reports_failures = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        at_once = properties.get("ScalingConfig", {}).get("MaximumConcurrency", MAX_INSTANCES)
        self._free = threading.Semaphore(min(at_once, MAX_INSTANCES))

    def run(self, stopped: threading.Event) -> None:
        url = self._client.get_queue_url(QueueName=self._arn.rpartition(":")[2])["QueueUrl"]
        while not stopped.is_set():
            if not self._free.acquire(timeout=POLL_SECONDS):
                continue
            try:
                messages = self._receive(url) if self._holds_messages() else []
            except (BotoCoreError, ClientError):  # local Daybook is ending, or the queue no longer exists
                messages = []
            if messages:
                threading.Thread(target=self._handle, args=(url, messages), daemon=True).start()
            else:
                self._free.release()
                stopped.wait(POLL_SECONDS)

    def _receive(self, url: str) -> list[Message]:
        answer = self._client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(self._properties.get("BatchSize", MAX_MESSAGES), MAX_MESSAGES),
            AttributeNames=["All"],
        )
        messages: list[Message] = answer.get("Messages", [])
        return messages

    def _handle(self, url: str, messages: list[Message]) -> None:
        try:
            self._delete_handled(url, messages, self._invoke(self._event(messages), str(uuid.uuid4())) or {})
        except (FunctionError, EventTooLarge, BotoCoreError, ClientError):
            pass  # no message is deleted, so all of them come again
        finally:
            self._free.release()

    def _event(self, messages: list[Message]) -> dict[str, Any]:
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message.get("Attributes", {}),
                    "messageAttributes": {},
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": self._arn,
                    "awsRegion": REGION,
                }
                for message in messages
            ]
        }

    def _delete_handled(self, url: str, messages: list[Message], answer: Mapping[str, Any]) -> None:
        again = failures(messages, answer) if self._reports_failures else set()
        done = [message for message in messages if message["MessageId"] not in again]
        if done:
            self._client.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]} for place, message in enumerate(done)
                ],
            )


def failures(messages: list[Message], answer: Mapping[str, Any]) -> set[str]:
    """The ids of the messages that come again. A failure that names no message of the batch makes it all of them."""
    every = {message["MessageId"] for message in messages}
    failed = {each.get("itemIdentifier") for each in answer.get("batchItemFailures") or []}
    return every if failed - every else failed
