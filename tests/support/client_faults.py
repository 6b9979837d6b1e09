"""Random schedules of what can go wrong between `record` and the log: one seed, one schedule.

A process is a buffer's connection and a sender in this process. A kill abandons both wherever they are: in the middle
of a request or between the answer and the buffer. What it had committed stays, as SQLite promises; the tests of real
processes hold that promise.
"""

import json
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from daybook_client.answers import Answer
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
from daybook_client.events import make_event, text_of
from daybook_client.sending import Sender
from tests.support.client_server import Log, answer_of

FAULTS = ("kept", "lost", "kept, then lost", "half", "html", "500", "429", "503", "redirect", "401", "retry", "killed")
AHEAD_SECONDS = 300


class Killed(BaseException):
    """The process ends here."""


class Schedule:
    """Two processes on one buffer, a server, and a clock that jumps."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.random = random.Random(seed)  # noqa: S311  a schedule, no secret
        self.path = directory / f"{seed}.buffer"
        self.log = Log()
        self.returned: set[tuple[str, str]] = set()
        self.real = 1_790_000_000.0
        self.error = 0.0  # of the client's clock
        self.up = True
        self.trouble = 0.0  # the share of requests that something happens to
        self.made = 0
        self.processes = [self._start() for _ in range(2)]

    def clock(self) -> float:
        return self.real + self.error

    def _start(self) -> tuple[Buffer, Sender]:
        buffer = Buffer(self.path, power_cut_safe=False, clock=self.clock)
        return buffer, Sender(buffer, self._post, chance=self.random.random)

    def run(self, steps: int) -> None:
        """Steps of all kinds, then good weather until the buffer is empty."""
        for _ in range(steps):
            self._something()
        self.trouble, self.up, self.error = 0.0, True, 0.0
        for _ in range(40):
            self.real += 4_000.0  # no lease and no wait is longer
            for place in range(2):
                self._step(place)
            if not queue.status(self.processes[0][0]).waiting:
                break
        for buffer, _ in self.processes:
            buffer.close()

    def _something(self) -> None:
        choice = self.random.random()
        place = self.random.randrange(2)
        if choice < 0.45:
            self._record(place)
        elif choice < 0.75:
            self._step(place)
        elif choice < 0.82:
            self._kill(place)
        elif choice < 0.87:
            self.up = not self.up
        elif choice < 0.92:
            self.trouble = self.random.choice((0.0, 0.3, 0.9))
        elif choice < 0.96:
            self.error = self.random.choice((0.0, -86_400.0, 86_400.0, 3_600.0, -60.0))
        else:
            self.real += self.random.choice((1.0, 130.0, 4_000.0))

    def _record(self, place: int) -> None:
        count = self.random.choice((1, 1, 2, 5, 20))
        actor = {"type": "user", "username": "mike.mars"}
        made = []
        for _ in range(count):
            self.made += 1
            event = {"activity": "tried", "actor": actor, "params": {"number": self.made}}
            made.append(make_event(event, self.clock()))
        self.processes[place][0].add([event.body for event in made])
        self.returned |= {(event.id, json.loads(event.body)["occurred_at"]) for event in made}

    def _step(self, place: int) -> None:
        try:
            self.processes[place][1].step()
        except Killed:
            self._kill(place)

    def _kill(self, place: int) -> None:
        self.processes[place][0].close()
        self.processes[place] = self._start()

    def _post(self, events: Sequence[bytes]) -> Answer:
        if not self.up:
            return Answer(None, error="refused")
        fault = self.random.choice(FAULTS) if self.random.random() < self.trouble else ""
        return self._faulty(fault, events)

    def _faulty(self, fault: str, events: Sequence[bytes]) -> Answer:
        plain = {
            "lost": Answer(None, error="timed out"),
            "html": Answer(200, b"<html>Welcome to the hotel's network</html>"),
            "500": Answer(500, b'{"code":"internal_error"}'),
            "429": Answer(429, b'{"code":"limit_reached"}', {"retry-after": "7"}),
            "redirect": Answer(302, b"", {"location": "https://elsewhere.example/"}),
            "401": Answer(401, b'{"code":"unauthorized"}'),
            "503": Answer(503, b"upstream connect error"),
        }
        if fault in plain:
            return plain[fault]
        results = self._results(events, retry=fault == "retry")
        status, body = answer_of(results)
        if fault == "killed" or (fault == "kept" and self.random.random() < 0.5):
            raise Killed
        if fault == "kept, then lost":
            return Answer(None, error="timed out")
        if fault == "half":
            cut = [body[: len(body) // 2], json.dumps({"results": results[:-1]}).encode()]
            return Answer(status, self.random.choice(cut))
        return Answer(503 if fault == "retry" else status, body)

    def _results(self, events: Sequence[bytes], *, retry: bool) -> list[dict[str, object]]:
        """By the contract: from over five minutes ahead nothing is taken; of a throttled store some is."""
        results: list[dict[str, object]] = []
        latest = text_of(datetime.fromtimestamp(self.real + AHEAD_SECONDS, UTC))
        for place, event in enumerate(map(json.loads, events)):
            if event["occurred_at"] > latest:
                results.append({"index": place, "status": "rejected", "code": "in_future", "errors": []})
            elif retry and self.random.random() < 0.5:
                if self.random.random() < 0.5:
                    self.log.append(place, event)  # stored, though the answer does not know
                results.append({"index": place, "status": "retry"})
            else:
                results.append(self.log.append(place, event))
        return results


def faults_of(seed: int, directory: Path, steps: int = 40) -> str:
    """What a schedule lost or doubled, in words; empty if nothing."""
    logging.getLogger("daybook_client").setLevel(logging.CRITICAL)
    schedule = Schedule(seed, directory)
    schedule.run(steps)
    stored = set(schedule.log.events)
    if stored == schedule.returned and not schedule.log.conflicts:
        return ""
    lost, strangers = len(schedule.returned - stored), len(stored - schedule.returned)
    return f"seed {seed}: lost {lost}, strangers {strangers}, conflicts {schedule.log.conflicts}"
