"""Asking for a checkpoint."""

from collections.abc import Sequence

from daybook.clock import MINUTE, SECOND
from daybook.ledger.signing import AskToSign, SignRequest
from tests.support.ledger import log_key, log_of


class Queue:
    def __init__(self) -> None:
        self.sent: list[SignRequest] = []
        self.fails = False

    def send(self, requests: Sequence[SignRequest], delay_seconds: int) -> None:
        assert delay_seconds == 0
        if self.fails:
            raise OSError
        self.sent += requests


def test_a_log_is_asked_for_once_a_minute() -> None:
    """However many ask. Where the queue took no request, the next one is sent. Who asks need not care."""
    now, queue = [MINUTE], Queue()
    ask, log, other = AskToSign(queue, lambda: now[0]), log_of(), log_of(log_key(visibility="operations"), seed=2)
    queue.fails = True
    ask(log, 1)
    queue.fails = False
    for moment in (MINUTE, MINUTE + 59 * SECOND, 2 * MINUTE):
        now[0] = moment
        ask(log, moment // SECOND)
    ask(other, 7)
    assert queue.sent == [
        SignRequest(log.key.environment, "all", 60),
        SignRequest(log.key.environment, "all", 120),
        SignRequest(log.key.environment, "operations", 7),
    ]


def test_a_clock_that_goes_back_does_not_silence_anybody() -> None:
    now, queue = [MINUTE * 100], Queue()
    ask = AskToSign(queue, lambda: now[0])
    ask(log_of(), 1)
    now[0] = 0
    ask(log_of(), 1)
    assert len(queue.sent) == 2
