"""The functions as Lambda runs them: each in processes of its own, with its own environment and its own memory.

In one process five functions would share their imports, their caches and one environment, and a variable that the
template forgot for one of them would be there all the same. So each has an instance from the start, and gets
another where all are busy, as on Lambda, up to `MAX_INSTANCES`; beyond that, calls wait. An invocation costs about
a third of a millisecond more than a call would.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from infra import LAMBDAS

RUNTIME = Path(__file__).with_name("runtime.py")
MAX_INSTANCES = 4  # of one function: what a laptop bears
START_SECONDS = 60.0
STOP_SECONDS = 1.0  # for all of a function's: the whole house has five to end
MAX_BYTES = 6 * 1024 * 1024  # of an invocation's event


class FunctionError(Exception):
    """The handler raised, ended its process or ran out of time. `message` is the raised exception's own."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EventTooLarge(Exception):  # noqa: N818  a fact, not a failure
    """Lambda takes no event of more than 6 MB."""


class Invocable(Protocol):
    def invoke(self, event: Mapping[str, Any], request_id: str) -> Any:
        """What the handler answers. Raises `FunctionError`, or `EventTooLarge` without having called it."""


@dataclass(frozen=True)
class Configuration:
    """A function as the template has it."""

    name: str
    arn: str
    handler: str
    seconds: int
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(eq=False)
class Instance:
    process: subprocess.Popen[bytes]
    connection: Connection

    def is_ready(self, seconds: float) -> bool:
        """Whether its handler is imported, waiting so long for it; asked once."""
        try:
            return self.connection.poll(seconds) and self.connection.recv_bytes() == b"ready"
        except (EOFError, OSError):
            return False

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        self.connection.close()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Function:
    """Give `invoke` to as many threads as you like."""

    configuration: Configuration
    log: BinaryIO
    code: Path = LAMBDAS
    calls_ended: int = 0
    """However they ended; the start of an instance counts as one."""
    _free: list[Instance] = field(default_factory=list)
    _all: list[Instance] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def invoke(self, event: Mapping[str, Any], request_id: str) -> Any:
        configuration = self.configuration
        context = {
            "aws_request_id": request_id,
            "deadline": time.time() + configuration.seconds,
            "invoked_function_arn": configuration.arn,
        }
        invocation = json.dumps({"event": event, "context": context}).encode()
        if len(invocation) > MAX_BYTES:
            raise EventTooLarge
        instance = self._take()
        try:
            instance.connection.send_bytes(invocation)
            if not instance.connection.poll(configuration.seconds):
                raise TimeoutError
            outcome = json.loads(instance.connection.recv_bytes())
        except (OSError, EOFError) as failure:  # TimeoutError is an OSError
            self._discard(instance)
            raise FunctionError("Task timed out" if isinstance(failure, TimeoutError) else "Process exited") from None
        self._give_back(instance)
        if "error" in outcome:
            raise FunctionError(outcome["error"]["errorMessage"])
        return outcome["result"]

    def warm_up(self) -> None:
        """Start the first instance. Raises `FunctionError` where the handler can't be imported."""
        self._give_back(self._take())

    def stop(self) -> None:
        with self._changed:
            instances = list(self._all)
        for instance in instances:
            instance.connection.close()  # all of them hear it at once, so that they end together
        until = time.monotonic() + STOP_SECONDS
        for instance in instances:
            instance.stop(max(0.0, until - time.monotonic()))

    def _take(self) -> Instance:
        with self._changed:
            self._changed.wait_for(lambda: self._free or len(self._all) < MAX_INSTANCES)
            if self._free:
                return self._free.pop()
            instance = self._start()
            self._all.append(instance)
        if not instance.is_ready(START_SECONDS):
            self._discard(instance)
            raise FunctionError(f"{self.configuration.handler} could not be started")
        return instance

    def _start(self) -> Instance:
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(  # noqa: S603  our own arguments
                # -P: of the project's own code nothing is to be found but the asset's root.
                [sys.executable, "-P", str(RUNTIME), str(theirs.fileno())],
                env=dict(self.configuration.environment) | {"PYTHONPATH": str(self.code)},
                cwd=self.code,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the parent's to hear; they end when their connection closes
            )
        return Instance(process, ours)

    def _give_back(self, instance: Instance) -> None:
        with self._changed:
            self._free.append(instance)
            self.calls_ended += 1
            self._changed.notify()

    def _discard(self, instance: Instance) -> None:
        instance.stop(seconds=0)
        with self._changed:
            self._all.remove(instance)
            self.calls_ended += 1
            self._changed.notify()
