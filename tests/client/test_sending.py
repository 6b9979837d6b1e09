"""What the sender makes of answers: an event leaves the buffer only by a result of its own."""

import json
import logging
from collections.abc import Callable, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from daybook_client import RejectedEvent
from daybook_client.answers import Answer
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
from daybook_client.events import make_event
from daybook_client.sending import MAX_BYTES, Sender
from tests.support.client_server import Log, answer_of

NOW = 1_790_000_000.0
DENIED = Answer(403, b'{"code":"environment_denied","detail":"not yours"}')


class House:
    """Answers as `reply` says, else takes the batch."""

    def __init__(self, reply: Callable[[list[dict[str, Any]]], Answer | None] = lambda _: None) -> None:
        self.log = Log()
        self.reply = reply
        self.batches: list[int] = []

    def __call__(self, events: Sequence[bytes]) -> Answer:
        batch = [json.loads(event) for event in events]
        self.batches.append(len(batch))
        made = self.reply(batch)
        if made is not None:
            return made
        status, body = answer_of([self.log.append(place, event) for place, event in enumerate(batch)])
        return Answer(status, body)

    @property
    def stored(self) -> list[int]:
        return [event["params"]["n"] for event in self.log.events.values()]


class Sending:
    """A buffer on a clock that stands, and a sender that is lucky half of the time."""

    def __init__(self, directory: Path, house: House) -> None:
        self.now = NOW
        self.buffer = Buffer(directory / "a.buffer", power_cut_safe=False, clock=lambda: self.now)
        self.told: list[RejectedEvent] = []
        self.sender = Sender(self.buffer, house, on_rejected=self.told.append, chance=lambda: 0.5)

    def add(self, *numbers: int, **fields: Any) -> None:
        given = [{"activity": "tried", "actor": {}, "params": {"n": number}, **fields} for number in numbers]
        self.buffer.add([make_event(one, self.now).body for one in given])

    @property
    def waiting(self) -> int:
        return queue.status(self.buffer).waiting

    @property
    def rejected(self) -> list[tuple[int, str]]:
        return [(one.event["params"]["n"], one.code) for one in queue.rejected(self.buffer)]


def test_batches_have_at_most_500_events_and_3_mb(tmp_path: Path) -> None:
    """A full batch is followed at once by the next."""
    house = House()
    sending = Sending(tmp_path, house)
    sending.add(*range(501))
    assert [sending.sender.step().kind for _ in range(3)] == ["more", "sent", "idle"]
    assert house.batches == [500, 1]
    sending.add(*range(10), details="x" * 700_000)
    assert sending.sender.step().kind == "more"
    assert house.batches[-1] == MAX_BYTES // 700_150


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None, error="refused"),
        Answer(500, b""),
        Answer(502, b"<html>Bad gateway</html>"),
        Answer(503, b'{"code":"throttled"}'),
        Answer(200, b"<html>Sign in to the hotel's network</html>"),
        Answer(201, b'{"stored":3,"rejected":0,"results":[{"index":0,"status":"stor'),
        Answer(201, b'{"stored":3}'),
        Answer(201, b'{"results":[{"index":0,"status":"stored"},{"index":1,"status":"stored"}]}'),
        Answer(
            201, b'{"results":[{"index":0,"status":"stored"},{"index":0,"status":"stored"},{"index":2,"status":"x"}]}'
        ),
        Answer(204, b""),
        Answer(302, b"", {"location": "https://elsewhere.example"}),
        Answer(429, b'{"code":"limit_reached"}'),
        Answer(401, b'{"code":"unauthorized"}'),
        Answer(403, b'{"code":"forbidden"}'),
        Answer(403, b"<html>Blocked by the firewall</html>"),
        Answer(404, b"<html>No such page</html>"),
        Answer(400, b"<html>Bad request</html>"),
        Answer(400, b'{"code":"tenant_needed"}'),
        Answer(201, b"[" * 100_000),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:30].decode()}",
)
def test_no_other_answer_costs_an_event(tmp_path: Path, answer: Answer) -> None:
    """Proxies' pages, half answers, too few results, redirects, a revoked key: everything stays, and is sent later."""
    house = House(lambda _: answer)
    sending = Sending(tmp_path, house)
    sending.add(1, 2, 3)
    step = sending.sender.step()
    assert step.kind in ("trouble", "asked")
    assert 0 < step.wait <= 66
    assert sending.waiting == 3
    assert queue.status(sending.buffer).last_error
    house.reply = lambda _: None
    assert sending.sender.step().kind == "sent"
    assert sorted(house.stored) == [1, 2, 3]
    assert queue.status(sending.buffer).last_error is None


def test_back_off_doubles_up_to_a_minute(tmp_path: Path) -> None:
    """A random part of the bound, here always half. It begins anew once something got through."""
    house = House(lambda _: Answer(500))
    sending = Sending(tmp_path, house)
    sending.add(1)
    assert [sending.sender.step().wait for _ in range(10)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    house.reply = lambda _: None
    sending.sender.step()
    house.reply = lambda _: Answer(500)
    sending.add(2)
    assert sending.sender.step().wait == 0.25


@pytest.mark.parametrize(
    ("asks", "least", "most"),
    [
        ("30", 30, 33),
        (formatdate(4_000_000_000, usegmt=True), 3600, 3960),
        (formatdate(0, usegmt=True), 0, 1),
        ("soon", 0.1, 0.5),
        ("-5", 0, 0.5),
        ("9" * 400, 0, 3960),
    ],
)
def test_the_answers_own_wait_is_kept(tmp_path: Path, asks: str, least: float, most: float) -> None:
    """Seconds or a date, at most an hour; what is neither is as if it were not there."""
    sending = Sending(tmp_path, House(lambda _: Answer(429, b"", {"retry-after": asks})))
    sending.add(1)
    assert least <= sending.sender.step().wait <= most


def test_each_result_counts_for_its_own_event(tmp_path: Path) -> None:
    """Stored ones go, rejected ones are set apart with the answer and told, throttled ones stay."""

    def mixed(batch: list[dict[str, Any]]) -> Answer | None:
        if len(batch) == 1:
            return None
        fault = {"index": 1, "status": "rejected", "code": "unknown_field", "errors": [{"path": "a", "message": "b"}]}
        stored, again = {"index": 0, "status": "stored", "id": "x"}, {"index": 2, "status": "retry"}
        return Answer(503, json.dumps({"results": [stored, fault, again]}).encode(), {"retry-after": "3"})

    house = House(mixed)
    sending = Sending(tmp_path, house)
    sending.add(1, 2, 3)
    assert sending.sender.step().wait >= 3
    assert sending.rejected == [(2, "unknown_field")]
    assert sending.told == [*queue.rejected(sending.buffer)]
    assert sending.told[0].errors == [{"path": "a", "message": "b"}]
    assert sending.sender.step().kind == "sent"
    assert house.stored == [3]
    assert sending.waiting == 0


def test_a_callback_that_fails_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its error is logged, and the next event is told too."""
    sending = Sending(tmp_path, House(lambda batch: Answer(*_rejecting(batch))))
    told: list[RejectedEvent] = []

    def fail(event: RejectedEvent) -> None:
        told.append(event)
        raise RuntimeError("mine")

    sender = Sender(sending.buffer, House(lambda batch: Answer(*_rejecting(batch))), on_rejected=fail)
    sending.add(1, 2)
    assert sender.step().kind == "sent"
    assert len(told) == len(sending.rejected) == 2
    assert "on_rejected failed" in caplog.text


def _rejecting(batch: list[dict[str, Any]]) -> tuple[int, bytes]:
    return answer_of([{"index": n, "status": "rejected", "code": "missing_field"} for n in range(len(batch))])


def test_an_environment_that_the_key_is_not_for_is_set_apart_alone(tmp_path: Path) -> None:
    """Daybook refuses the whole batch for it. The others are stored, in few calls."""
    house = House(lambda batch: DENIED if any(event.get("environment") == "test" for event in batch) else None)
    sending = Sending(tmp_path, house)
    for number in range(100):
        sending.add(number, **({"environment": "test"} if number % 10 == 0 else {}))
    sending.sender.step()
    assert sorted(house.stored) == [number for number in range(100) if number % 10]
    assert {code for _, code in sending.rejected} == {"environment_denied"}
    assert len(sending.rejected) == 10
    assert len(house.batches) == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(413, b"<html>Request entity too large</html>"),
        Answer(413, b'{"code":"too_many_people"}'),
        Answer(400, b'{"code":"unreadable","detail":"nested too deep"}'),
    ],
    ids=["proxy", "people", "unreadable"],
)
def test_an_event_that_spoils_its_batch_is_found_by_halving(tmp_path: Path, answer: Answer) -> None:
    """All others are stored; that one is set apart once it is alone."""
    house = House(lambda batch: answer if any(event["params"]["n"] == 77 for event in batch) else None)
    sending = Sending(tmp_path, house)
    sending.add(*range(100))
    sending.sender.step()
    assert len(house.stored) == 99
    assert [number for number, _ in sending.rejected] == [77]
    assert sending.waiting == 0


def test_trouble_in_the_midst_of_halving_keeps_the_rest(tmp_path: Path) -> None:
    """What was stored is gone, what was not tried yet stays."""
    answers = iter([Answer(413), None, Answer(500)])
    house = House(lambda _: next(answers, None))
    sending = Sending(tmp_path, house)
    sending.add(*range(10))
    assert sending.sender.step().kind == "trouble"
    assert sending.waiting == 5
    sending.sender.step()
    assert sorted(house.stored) == [*range(10)]


def test_events_from_the_future_wait_until_their_time_comes(tmp_path: Path) -> None:
    """A clock that was a day ahead costs nothing, and keeps nothing else back."""

    def reply(batch: list[dict[str, Any]]) -> Answer:
        results = [
            {"index": n, "status": "rejected", "code": "in_future"}
            if event["params"]["n"] > 1 and sending.now < NOW + 86_400
            else house.log.append(n, event)
            for n, event in enumerate(batch)
        ]
        return Answer(*answer_of(results), {"date": formatdate(NOW, usegmt=True)})

    house = House(reply)
    sending = Sending(tmp_path, house)
    sending.now += 86_400
    sending.add(2, 3)
    sending.now -= 86_400
    sending.add(1)
    sending.sender.step()
    assert house.stored == [1]
    assert sending.sender.step().kind == "idle"
    sending.now += queue.MAX_WAIT + 1
    assert sending.sender.step().kind == "sent"
    assert sending.waiting == 2
    sending.now += 86_400
    sending.sender.step()
    assert house.stored == [1, 2, 3]


def test_events_from_the_far_future_are_set_apart(tmp_path: Path) -> None:
    """By Daybook's clock, not this machine's: nobody would wait for them."""
    batch = {"index": 0, "status": "rejected", "code": "in_future"}
    house = House(lambda _: Answer(*answer_of([batch]), {"date": formatdate(NOW, usegmt=True)}))
    sending = Sending(tmp_path, house)
    sending.add(1, occurred_at="2030-01-01T00:00:00Z")
    sending.sender.step()
    assert sending.rejected == [(1, "in_future")]


def test_a_failure_is_logged_once_and_names_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warning when it begins; no content of events, no key; silence when all is well."""
    caplog.set_level(logging.DEBUG, "daybook_client")
    house = House()
    sending = Sending(tmp_path, house)
    sending.add(1, details="secret words")
    sending.sender.step()
    assert not caplog.records
    house.reply = lambda _: Answer(401, b'{"code":"unauthorized","detail":"no valid credential"}')
    sending.add(2, details="secret words")
    for _ in range(5):
        sending.sender.step()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    house.reply = lambda batch: Answer(*_rejecting(batch))
    sending.sender.step()
    assert "secret" not in caplog.text


def test_too_many_rejected_events_are_bounded_and_counted(tmp_path: Path) -> None:
    """A key for the wrong environment can't fill the disk."""
    house = House(lambda batch: Answer(*_rejecting(batch)))
    sending = Sending(tmp_path, house)
    sending.buffer.max_bytes = 1024 * 1024
    for number in range(300):
        sending.add(number, details="x" * 1000)
    while sending.sender.step().kind != "idle":
        pass
    status = queue.status(sending.buffer)
    assert status.waiting == 0
    assert status.rejected + status.dropped == 300
    assert 0 < status.rejected < 130
    assert sending.rejected[-1][0] == 299
