"""Messages of jobs in SQS."""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from daybook.aws.calls import ask
from daybook.jobs.job import Job
from daybook.jobs.message import Message

_FIFO = ".fifo"
_TRANSIENT = frozenset(
    {"InternalError", "InternalFailure", "RequestThrottled", "ServiceUnavailable", "ThrottlingException"}
)
"""SQS's errors that another try may overcome."""
_NOT_RECEIVED = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)
"""How SQS says that a receipt is out of date: the message is visible, was received again since, or was deleted."""


class SqsJobQueue:
    """Sends messages that hold only a job's key and its turn, by a low-level SQS client.

    A FIFO queue runs one job per tenant and lane at a time, in order, and serves tenants in parallel. Only a standard
    queue can delay messages.
    """

    def __init__(self, client: Any, url: str, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        self._client = client
        self._url = url
        self._new_id = new_id

    @property
    def can_delay(self) -> bool:
        return not self._url.endswith(_FIFO)

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        """Raises `Throttled`."""
        message = Message(job.tenant, job.kind, job.id, job.turn + 1, self._new_id())
        how: dict[str, Any] = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        if not self.can_delay:
            # Every send is a new message: an extra message is harmless, a deduplicated one would lose the job.
            how |= {"MessageGroupId": f"{job.tenant}-{job.lane}", "MessageDeduplicationId": message.id}
        body = msgspec.json.encode(message).decode()
        ask(self._client.send_message, _TRANSIENT, QueueUrl=self._url, MessageBody=body, **how)

    def postpone(self, receipt: str, seconds: int) -> None:
        """Raises `Throttled`."""
        try:
            ask(
                self._client.change_message_visibility,
                _TRANSIENT,
                QueueUrl=self._url,
                ReceiptHandle=receipt,
                VisibilityTimeout=seconds,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_RECEIVED:
                raise
