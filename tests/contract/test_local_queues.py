"""SQS as local Daybook plays it: moto, corrected, does what AWS's guide says of queues."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.sqs.models import SQSBackend

from infra.local.aws import moto_queues

VISIBILITY_SECONDS = 900


class Clock:
    def __init__(self) -> None:
        self.milliseconds = 1_800_000_000_000.0

    def __call__(self) -> float:
        return self.milliseconds

    def wait(self, seconds: float) -> None:
        self.milliseconds += seconds * 1_000 + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of moto."""
    clock = Clock()
    monkeypatch.setattr("moto.sqs.models.unix_time_millis", clock)
    monkeypatch.setattr("moto.sqs.models.unix_time", lambda: clock() / 1_000)
    return clock


class Queue:
    def __init__(self, *, fifo: bool) -> None:
        moto_queues.apply()
        self._sqs = SQSBackend("us-east-1", "123456789012")
        self._name = "queue.fifo" if fifo else "queue"
        self._sqs.create_queue(self._name, None, **({"FifoQueue": "true"} if fifo else {}))

    def send(self, body: str, group: str | None = None, delay_seconds: int = 0) -> None:
        deduplication = body if group else None
        self._sqs.send_message(
            self._name, body, delay_seconds=delay_seconds, group_id=group, deduplication_id=deduplication
        )

    def receive(self, count: int = 10, wait_seconds: int = 0) -> dict[str, str]:
        """The receipts by body, in order."""
        received = self._sqs.receive_message(self._name, count, wait_seconds, VISIBILITY_SECONDS)
        return {message.body: message.receipt_handle or "" for message in received}

    def interrupt(self, meanwhile: Callable[[], None]) -> None:
        queue = self._sqs.get_queue(self._name)
        queue._messages = Interrupted(queue._messages, meanwhile)  # noqa: SLF001  moto has no other way in

    def delete(self, receipt: str) -> None:
        self._sqs.delete_message(self._name, receipt)

    def postpone(self, receipt: str, seconds: int) -> None:
        self._sqs.change_message_visibility(self._name, receipt, seconds)


@pytest.fixture
def fifo(clock: Clock) -> Queue:
    assert clock
    return Queue(fifo=True)


@pytest.fixture
def standard(clock: Clock) -> Queue:
    assert clock
    return Queue(fifo=False)


def test_a_group_waits_for_its_message_in_flight(fifo: Queue) -> None:
    """Other groups do not. Once the message is deleted, the next one of its group comes."""
    fifo.send("a1", "a")
    receipt = fifo.receive()["a1"]
    fifo.send("a2", "a")
    fifo.send("b1", "b")
    assert list(fifo.receive()) == ["b1"]
    fifo.delete(receipt)
    assert list(fifo.receive()) == ["a2"]


def test_a_group_waits_for_its_message_that_was_postponed(fifo: Queue, clock: Clock) -> None:
    """Until the time that the worker set, and then that message comes first."""
    fifo.send("a1", "a")
    fifo.postpone(fifo.receive()["a1"], 4)
    fifo.send("a2", "a")
    assert fifo.receive() == {}
    clock.wait(3)
    assert fifo.receive() == {}
    clock.wait(1)
    assert list(fifo.receive(1)) == ["a1"]
    assert fifo.receive() == {}


def test_a_message_comes_back_after_the_visibility_timeout(fifo: Queue, clock: Clock) -> None:
    """When its worker was killed. Its group waits as long."""
    fifo.send("a1", "a")
    fifo.receive()
    fifo.send("a2", "a")
    clock.wait(VISIBILITY_SECONDS - 1)
    assert fifo.receive() == {}
    clock.wait(1)
    assert list(fifo.receive(1)) == ["a1"]


def test_a_message_that_was_set_free_comes_at_once(fifo: Queue, clock: Clock) -> None:
    """A visibility timeout of zero ends the wait of the group too."""
    fifo.send("a1", "a")
    fifo.postpone(fifo.receive()["a1"], 0)
    clock.wait(0)
    assert list(fifo.receive(1)) == ["a1"]


def test_a_delayed_message_comes_after_its_delay(standard: Queue, clock: Clock) -> None:
    """Those without a delay come before."""
    standard.send("later", delay_seconds=30)
    standard.send("now")
    assert list(standard.receive()) == ["now"]
    clock.wait(29)
    assert standard.receive() == {}
    clock.wait(1)
    assert list(standard.receive()) == ["later"]


class Interrupted(list[Any]):
    """The messages of a queue. Whoever has read all of them finds that something happened meanwhile."""

    def __init__(self, messages: list[Any], meanwhile: Callable[[], None]) -> None:
        super().__init__(messages)
        self._meanwhile = meanwhile

    def __iter__(self) -> Iterator[Any]:
        yield from super().__iter__()
        self._meanwhile()


def test_what_is_sent_while_a_message_is_deleted_is_kept(standard: Queue) -> None:
    """To delete one, moto reads all messages. The other thread sends before moto ends, or after if it has to wait."""
    standard.send("first")
    receipt = standard.receive()["first"]
    sender = threading.Thread(target=standard.send, args=("second",))

    def send() -> None:
        sender.start()
        sender.join(0.3)

    standard.interrupt(send)
    standard.delete(receipt)
    sender.join()
    assert list(standard.receive()) == ["second"]


def test_a_receive_that_waits_holds_up_nobody() -> None:
    """It gets what is sent meanwhile."""
    queue = Queue(fifo=False)
    with ThreadPoolExecutor(1) as pool:
        receiving = pool.submit(queue.receive, wait_seconds=20)
        queue.send("now")
        assert list(receiving.result(10)) == ["now"]
