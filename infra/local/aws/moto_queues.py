"""Corrects moto 5.2.5's SQS, which loses messages and fails when threads use a queue at the same time.

To delete a message, moto builds a new list without it. What another thread sends meanwhile is in the old list: of 1,500
messages 12 to 30 were lost. A receive failed while another one changed the set of messages in flight. Here one call at
a time uses the queues. A receive that waits for messages asks again and again, so that it holds up nobody.
"""

import time
from threading import RLock
from typing import Any

from moto.sqs.models import Message, SQSBackend

from infra.local.aws.one_at_a_time import alone

POLL_SECONDS = 0.05

_lock = RLock()  # batches call the single methods
_receive = alone(SQSBackend.receive_message, _lock)
_corrected = {
    name: alone(getattr(SQSBackend, name), _lock)
    for name in (
        *("send_message", "send_message_batch", "delete_message", "delete_message_batch"),
        *("change_message_visibility", "change_message_visibility_batch", "purge_queue"),
    )
}


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    for name, method in {**_corrected, "receive_message": receive_message}.items():
        setattr(SQSBackend, name, method)


def receive_message(self: SQSBackend, queue: str, count: int, wait_seconds: int, *others: Any) -> list[Message]:
    until = time.monotonic() + wait_seconds
    while True:
        messages: list[Message] = _receive(self, queue, count, 0, *others)
        if messages or time.monotonic() >= until:
            return messages
        time.sleep(POLL_SECONDS)
