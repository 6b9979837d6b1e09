"""The queue of requests for checkpoints."""

from collections.abc import Sequence
from typing import Any

import msgspec

from daybook.aws.backlog_queue import send_all
from daybook.ledger.signing import SignRequest


class SignQueue:
    """Over a low-level SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, requests: Sequence[SignRequest], delay_seconds: int) -> None:
        """Messages are durable on return. Raises `NotQueued`, or botocore's errors."""
        send_all(self._client, self._url, [msgspec.json.encode(each).decode() for each in requests], delay_seconds)
