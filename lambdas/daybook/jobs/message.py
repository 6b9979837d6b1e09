"""A job's messages: what wakes a worker.

Each message has a turn, one more than that of the message whose worker sent it, and an id of its own. The row of a job
keeps both of the message that was claimed last. So of two messages of one turn only one goes on, and a message that
comes late or twice is recognised: it does nothing.

SQS's own message id would not do: a message that is moved back from the dead-letter queue gets a new one.
"""

from typing import NamedTuple

import msgspec

from daybook.jobs.job import JobKey
from daybook.tenant import TenantCode


class Message(msgspec.Struct, frozen=True):
    """The body of a message."""

    tenant: TenantCode
    kind: str
    job: str
    turn: int
    id: str

    @property
    def key(self) -> JobKey:
        return JobKey(self.tenant, self.kind, self.job)


class Received(NamedTuple):
    """A message as a worker receives it."""

    message: Message
    receipt: str
    """The handle by which SQS changes when the message comes again."""
    receives: int
    """How often it was received so far, this time included. SQS counts only approximately."""


class StaleMessage(Exception):  # noqa: N818  a fact, not a failure
    """A later message of the job was claimed, or another one of the same turn, or the job was refused. This one can be
    dropped.
    """


class Postponed(Exception):  # noqa: N818  an outcome
    """The message has to come again after so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


read_message = msgspec.json.Decoder(Message).decode
