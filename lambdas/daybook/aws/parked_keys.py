"""The queue of events that wait to be appended to their logs. A message holds their keys."""

import json
from collections.abc import Sequence
from typing import Any

from daybook.batching import batched
from daybook.events.store import Key

KEYS_A_MESSAGE = 2_000
"""Of up to 65 bytes each, half of SQS's 256 KB."""
_DELAY_SECONDS = 30


class ParkedKeys:
    """Uses a low-level SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def park(self, keys: Sequence[Key]) -> None:
        """Messages are durable on return. Raises botocore's errors; then some may have been sent."""
        for some in batched(keys, KEYS_A_MESSAGE):
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(some), DelaySeconds=_DELAY_SECONDS)

    def postpone(self, receipt: str, seconds: int) -> None:
        """Has a received message come again after so many seconds. Raises botocore's errors."""
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)


def keys_of(body: str) -> list[Key]:
    """The keys in a message."""
    return [(partition, identifier) for partition, identifier in json.loads(body)]
