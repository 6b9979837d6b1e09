"""Reads as steps, so that threads and asyncio run the same ones: each says what to do, how long to wait, what it found.

A read is a generator of `Do`, `Pause` and `Found`. Whoever runs it sends it the result of each `Do`, or throws what
that raised. `in_thread` runs it here; `aio` runs it on an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Union

from daybook_client.errors import DaybookError, ThrottledError, UnavailableError
from daybook_client.waiting import Waits


@dataclass(frozen=True)
class Do:
    """Work that blocks: a call, a piece of a file.

    `settle`: whoever breaks the read off waits for it, because it writes to what is tidied up then.
    """

    work: Callable[[], Any]
    settle: bool = False


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Found:
    value: Any


Step = Union[Do, Pause, Found]
Steps = Generator[Step, Any, Any]


class Patience:
    """How long a read tries again. It waits up to `seconds` in all since the last success; None waits for ever."""

    def __init__(self, seconds: float | None, chance: Callable[[], float]) -> None:
        self._seconds = seconds
        self._waits = Waits(chance)
        self._waited = 0.0

    def begin(self) -> None:
        """The last try succeeded."""
        self._waits.reset()
        self._waited = 0.0

    def after(self, error: DaybookError) -> float:
        """Seconds until the next try. Raises `error` where trying again is no use, or would exceed the patience."""
        if not isinstance(error, (UnavailableError, ThrottledError)):
            raise error
        wait = self._waits.after_failure(error.retry_after)
        if self._seconds is not None and self._waited + wait > self._seconds:
            raise error
        self._waited += wait
        return wait


def patiently(work: Callable[[], Any], patience: Patience) -> Steps:
    """Do it until it succeeds, and return its result. Raises what trying again does not mend."""
    while True:
        try:
            result = yield Do(work)
        except DaybookError as error:
            wait = patience.after(error)
        else:
            patience.begin()
            return result
        yield Pause(wait)


def in_thread(steps: Steps, sleep: Callable[[float], Any]) -> Iterator[Any]:
    """Run the steps in the calling thread and yield what they find."""
    go_on: Callable[[Any], Step] = steps.send
    result: Any = None
    try:
        while True:
            try:
                step = go_on(result)
            except StopIteration:
                return
            go_on, result = steps.send, None
            if isinstance(step, Found):
                yield step.value
            elif isinstance(step, Pause):
                sleep(step.seconds)
            else:
                try:
                    result = step.work()
                except Exception as error:  # noqa: BLE001  the steps decide
                    go_on, result = steps.throw, error
    finally:
        steps.close()
