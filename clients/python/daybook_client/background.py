"""The thread `daybook-sender`: when the sender takes its steps."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Callable

from daybook_client import forking
from daybook_client.sending import MAX_EVENTS, Sender, Step

logger = logging.getLogger("daybook_client")

LINGER = 1.0  # seconds in which a batch may gather
IDLE = 30.0  # seconds; then it looks for what a killed process has left
HURRIED = 0.05
NEVER = 1 << 62


class Background:
    """Takes the sender's steps in a daemon thread of this process, once something was recorded."""

    def __init__(self, sender: Sender, *, linger: float = LINGER) -> None:
        self._sender = sender
        self._linger = linger
        self._begin()
        forking.take_part(self)

    def _begin(self) -> None:
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._new = 0  # recorded since the last step began; two threads may count one event, which does no harm
        self._wake_at = NEVER  # so many new events end the present wait
        self._hurry = 0  # callers of `flush`
        self._nudged = False
        self._stopped = False
        self.used = False
        """Something was recorded in this process."""

    def recorded(self, count: int) -> None:
        """Say that events were recorded. Takes no lock in the common case."""
        self.used = True
        if self._thread is None:
            self.start()
        self._new += count
        if self._new >= self._wake_at:
            with self._condition:
                self._condition.notify_all()

    def start(self) -> None:
        """Start the thread unless it runs. At the interpreter's end none can be started: `flush` then does its work."""
        with self._condition:
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name="daybook-sender", daemon=True)
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def stop(self, timeout: float) -> None:
        """End the thread after the step that it is in. Waits for so many seconds at most."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def hurry_until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Send without lingering until `done`, which is asked after each step. False if the time ran out first."""
        if self._thread is threading.current_thread():
            return done()  # a callback of the sender's own can't wait for it
        deadline = None if timeout is None else time.monotonic() + timeout
        self.start()
        with self._condition:
            self._hurry += 1
            self._nudged = True
            self._condition.notify_all()
        try:
            while not done():
                left = HURRIED if deadline is None else min(deadline - time.monotonic(), HURRIED)
                if left <= 0:
                    return False
                if self._thread is None or not self._thread.is_alive():
                    time.sleep(min(self._step().wait, left))
                else:
                    with self._condition:
                        self._condition.wait(left)
            return True
        finally:
            with self._condition:
                self._hurry -= 1

    def _run(self) -> None:
        with self._condition:
            self._gather()
        while not self._stopped:
            step = self._step()
            with self._condition:
                self._condition.notify_all()  # who flushes looks whether it is done
                if step.kind == "idle":
                    self._wait(HURRIED if self._hurry else IDLE, 1)
                    if self._new:
                        self._gather()
                elif step.kind == "sent":
                    self._gather()
                elif step.kind != "more":
                    self._back_off(step)

    def _step(self) -> Step:
        self._new = 0
        try:
            return self._sender.step()
        except Exception:
            logger.exception("Sending failed; the events stay in the buffer")
            return Step("trouble", IDLE)

    def _gather(self) -> None:
        """Let a batch gather, unless somebody is in a hurry."""
        deadline = time.monotonic() + self._linger
        while not self._hurry and not self._stopped and self._new < MAX_EVENTS:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._wait(left, MAX_EVENTS)

    def _back_off(self, step: Step) -> None:
        deadline = time.monotonic() + step.wait
        self._nudged = False
        while not self._stopped:
            left = deadline - time.monotonic()
            if left <= 0 or (self._nudged and step.kind == "trouble"):
                return
            self._condition.wait(left)

    def _wait(self, seconds: float, wake_at: int) -> None:
        """Wait until so many new events, a hurry or the end; with the condition held."""
        self._wake_at = wake_at
        if self._new < wake_at and not self._stopped and not (self._hurry and seconds > HURRIED):
            self._condition.wait(seconds)
        self._wake_at = NEVER

    def before_fork(self) -> None:
        """The thread goes on in the parent."""

    def after_fork_in_parent(self) -> None:
        """Nothing was held."""

    def after_fork_in_child(self) -> None:
        stopped = self._stopped
        self._begin()
        self._stopped = stopped
        self._sender.become_another()
