"""The queue of events that wait for customers' streams."""

from collections.abc import Sequence
from typing import Any

from daybook.delivery import backlog_batch
from daybook.delivery.backlog_batch import BacklogBatch

_MESSAGES_A_CALL = 10  # SQS's own limit; ten full batches take 200 KB of the 256 that a call may have


class NotQueued(Exception):  # noqa: N818  a fact, not a failure
    """SQS refused some messages. Those that it took may be delivered twice."""


class RetryQueue:
    """Over a low-level SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, every: Sequence[BacklogBatch], delay_seconds: int) -> None:
        """Messages are durable on return. Raises `NotQueued`, or botocore's errors."""
        for start in range(0, len(every), _MESSAGES_A_CALL):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {
                        "Id": str(place),
                        "MessageBody": backlog_batch.write(batch).decode(),
                        "DelaySeconds": delay_seconds,
                    }
                    for place, batch in enumerate(every[start : start + _MESSAGES_A_CALL])
                ],
            )
            if answer.get("Failed"):
                raise NotQueued(answer["Failed"][0]["Code"])
