"""Messages of jobs in SQS."""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from daybook.aws.calls import ask
from daybook.jobs.job import Job

_FIFO = ".fifo"
_TRANSIENT = frozenset(
    {"InternalError", "InternalFailure", "RequestThrottled", "ServiceUnavailable", "ThrottlingException"}
)
"""SQS's errors that another try may overcome."""


class SqsJobQueue:
    """Sends messages that hold only a job's key, by a low-level SQS client.

    A FIFO queue runs one job per tenant and lane at a time, in order, and serves tenants in parallel. Only a standard
    queue can delay messages.
    """

    def __init__(self, client: Any, url: str, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        self._client = client
        self._url = url
        self._new_id = new_id

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        """Raises `Throttled`."""
        how: dict[str, Any] = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        if self._url.endswith(_FIFO):
            # Every send is a new message: an extra message is harmless, a deduplicated one would lose the job.
            how |= {"MessageGroupId": f"{job.tenant}-{job.lane}", "MessageDeduplicationId": self._new_id()}
        body = msgspec.json.encode({"tenant": job.tenant, "kind": job.kind, "job": job.id}).decode()
        ask(self._client.send_message, _TRANSIENT, QueueUrl=self._url, MessageBody=body, **how)

    def postpone(self, receipt: str, seconds: int) -> None:
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
