"""The queue of requests to drain what is parked for a customer's stream."""

from collections.abc import Sequence
from typing import Any

from daybook.delivery import backlog
from daybook.delivery.backlog import DrainRequest

_MESSAGES_A_CALL = 10  # SQS's own limit


class NotQueued(Exception):  # noqa: N818  a fact, not a failure
    """SQS refused some messages. Those that it took may be delivered twice."""


class DrainQueue:
    """Over a low-level SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, requests: Sequence[DrainRequest], delay_seconds: int) -> None:
        """Messages are durable on return. Raises `NotQueued`, or botocore's errors."""
        send_all(self._client, self._url, [backlog.write(request).decode() for request in requests], delay_seconds)


def send_all(client: Any, url: str, bodies: Sequence[str], delay_seconds: int) -> None:
    """Messages are durable on return. Raises `NotQueued`, or botocore's errors."""
    for start in range(0, len(bodies), _MESSAGES_A_CALL):
        answer = client.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(place), "MessageBody": body, "DelaySeconds": delay_seconds}
                for place, body in enumerate(bodies[start : start + _MESSAGES_A_CALL])
            ],
        )
        if answer.get("Failed"):
            raise NotQueued(answer["Failed"][0]["Code"])
