"""When a log is signed."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, SECOND
from daybook.errors import Throttled
from daybook.ledger.logs import Log, LogKey
from daybook.ledger.signing import SignRequest
from daybook.tenant import TenantCode
from ledger.sign_handler import serve
from ledger.sign_rounds import Rounds
from tests.support.ledger import log_key, log_of
from tests.support.set_clock import SetClock
from tests.support.signing import SigningHouse
from tests.support.wiring import wiring_over

NOON = 1_764_158_400_000
CODES = ("ABC123", "ABC124", "ABC125")


@pytest.fixture
def time() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def house(dynamodb: Any, tables: Tables, time: SetClock) -> SigningHouse:
    return SigningHouse(wiring_over(dynamodb, tables, time))


def rounds_of(house: SigningHouse, **replaced: Any) -> Rounds:
    parts = {
        "codes": lambda: map(TenantCode, CODES),
        "logs": house.wiring.logs,
        "appends": house.wiring.appends,
        "checkpoints": house.wiring.checkpoints,
        "signer": house.signer,
        "queue": house.queue,
        "clock": house.wiring.clock,
        "checkpoint_ms": HOUR,
    }
    return Rounds(**{**parts, **replaced})


def request_of(log: Log, size: int = 1) -> SignRequest:
    return SignRequest(log.key.environment, log.key.visibility, size)


def test_the_schedule_asks_for_each_log_that_has_grown(house: SigningHouse, time: SetClock) -> None:
    """Of all tenants and kinds, and only for current ones. A tick comes a little early or late, or twice."""
    keys: list[LogKey] = [log_key(), log_key(number=2), log_key(visibility="operations"), log_key("ABC124")]
    logs = [house.begin(log_of(key, seed=number)) for number, key in enumerate(keys)]
    rounds = rounds_of(house)
    rounds.wake()
    assert house.queue.sent == []
    for log in logs[:3]:
        house.grow(log, 1)
    successor = house.begin(log_of(keys[1], seed=9, previous=logs[1]))
    rounds.wake()
    asked = [request_of(log) for log in (logs[0], logs[2])]
    assert set(house.queue.sent) == {(request, 0) for request in asked}
    for request in asked:
        rounds.answer(request)
    for log in (*logs[:3], successor):
        house.grow(log, 1)
    house.queue.sent.clear()
    time.now = NOON + SECOND
    rounds.wake()
    assert house.queue.sent == [(request_of(successor), 0)]
    house.queue.sent.clear()
    time.now = NOON + HOUR - SECOND
    rounds.wake()
    assert set(house.queue.sent) == {(request_of(log, 2), 0) for log in (logs[0], logs[2])} | {
        (request_of(successor), 0)
    }


def test_a_tenant_that_is_throttled_holds_up_no_other(house: SigningHouse) -> None:
    """Its logs are looked at again with the next tick. Many requests take several calls."""
    logs = [house.begin(log_of(log_key(CODES[1], number), seed=number)) for number in range(25)]
    for log in logs:
        house.grow(log, 1)

    class Throttling:
        def of(self, code: TenantCode) -> Any:
            if code == CODES[0]:
                raise Throttled
            return house.wiring.logs.of(code)

    rounds_of(house, logs=Throttling()).wake()
    assert {request for request, _ in house.queue.sent} == {request_of(log) for log in logs}
    assert len(house.queue.sent) == 25


def test_who_asks_gets_a_checkpoint_once_a_minute(house: SigningHouse, time: SetClock) -> None:
    """A request that comes sooner waits in the queue, and is dropped if a checkpoint covers what was asked for."""
    log = house.begin()
    house.grow(log, 1)
    rounds = rounds_of(house)
    rounds.answer(request_of(log))
    house.grow(log, 2)
    time.now = NOON + 20 * SECOND + 1
    first, second = request_of(log, 2), request_of(log, 3)
    for request in (first, second):
        rounds.answer(request)
    assert house.queue.sent == [(first, 40), (second, 40)]
    assert list(house.archive.notes) == [(log.name, 1)]
    time.now = NOON + MINUTE + SECOND
    for request in (first, second):
        rounds.answer(request)
    house.grow(log, 1)
    rounds.answer(second)
    assert list(house.archive.notes) == [(log.name, 1), (log.name, 3)]
    assert len(house.queue.sent) == 2


def test_who_asks_while_a_head_is_being_signed_is_answered(house: SigningHouse, time: SetClock) -> None:
    """The head was read before the entry came, and dated after it was asked for: the fold took half a minute."""
    log = house.begin()
    house.grow(log, 1)

    class Folding:
        def run(self, log: Log) -> None:
            house.grow(log, 1)
            time.now += 30 * SECOND

    replace(house.signer, fold=Folding()).sign(log)
    rounds = rounds_of(house)
    rounds.answer(request_of(log, 2))
    assert house.queue.sent == [(request_of(log, 2), 60)]
    time.now += MINUTE
    rounds.answer(request_of(log, 2))
    assert list(house.archive.notes) == [(log.name, 1), (log.name, 2)]


def test_a_clock_that_was_ahead_does_not_stop_a_log(house: SigningHouse, time: SetClock) -> None:
    """One signer's clock was a day ahead. The times of checkpoints stand still until then, the log does not."""
    log = house.begin()
    house.grow(log, 1)
    time.now = NOON + DAY
    house.signer.sign(log)
    time.now = NOON
    house.grow(log, 1)
    rounds = rounds_of(house)
    rounds.wake()
    assert house.queue.sent == [(request_of(log, 2), 0)]
    rounds.answer(request_of(log, 2))
    newest = house.wiring.checkpoints.newest(log)
    assert newest is not None
    assert (newest.size, newest.at_ms) == (2, NOON + DAY)


def test_where_logs_are_signed_more_often_nobody_waits_for_a_minute(house: SigningHouse, time: SetClock) -> None:
    """As on the laptop."""
    log = house.begin()
    house.grow(log, 1)
    rounds = rounds_of(house, checkpoint_ms=10 * SECOND)
    rounds.answer(request_of(log))
    house.grow(log, 1)
    time.now = NOON + 4 * SECOND
    rounds.answer(request_of(log, 2))
    assert [delay for _, delay in house.queue.sent] == [6]


def test_a_log_that_does_not_exist_is_not_signed(house: SigningHouse) -> None:
    """Nothing was appended to it yet."""
    rounds_of(house).answer(request_of(log_of()))
    assert house.archive.notes == {}


class Failing:
    def __init__(self, house: SigningHouse, failures: dict[str, Exception]) -> None:
        self._house, self._failures = house, failures

    def sign(self, log: Log) -> None:
        if log.name in self._failures:
            raise self._failures[log.name]
        self._house.signer.sign(log)


def message(identifier: str, body: str) -> dict[str, str]:
    return {"messageId": identifier, "body": body}


def test_one_log_that_fails_holds_up_no_other(house: SigningHouse) -> None:
    """A store that is throttled brings it again. Anything else is an error of the function, once the others are done.
    A message that asks for nothing is dropped.
    """
    logs = [house.begin(log_of(log_key(number=number), seed=number)) for number in range(3)]
    for log in logs:
        house.grow(log, 1)
    bodies = [msgspec.json.encode(request_of(log)).decode() for log in logs]
    event = {"Records": [message("x", "{}"), *(message(str(number), body) for number, body in enumerate(bodies))]}
    throttled = rounds_of(house, signer=Failing(house, {logs[0].name: Throttled()}))
    assert serve(event, throttled) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert [name for name, _ in house.archive.notes] == [log.name for log in logs[1:]]
    house.archive.notes.clear()
    house.grow(logs[2], 1)
    broken = rounds_of(house, signer=Failing(house, {logs[0].name: ZeroDivisionError()}), checkpoint_ms=0)
    later = json.dumps({**json.loads(bodies[2]), "size": 2})
    with pytest.raises(ZeroDivisionError):
        serve({"Records": [message("0", bodies[0]), message("2", later)]}, broken)
    assert [name for name, _ in house.archive.notes] == [logs[2].name]


def test_a_tick_wakes_the_rounds(house: SigningHouse) -> None:
    """EventBridge's event has no records."""
    log = house.begin()
    house.grow(log, 1)
    assert serve({"source": "aws.events"}, rounds_of(house)) == {}
    assert house.queue.sent == [(request_of(log), 0)]
