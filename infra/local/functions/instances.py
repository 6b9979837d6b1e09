"""Runs the functions as Lambda does: each in its own processes, with its own environment and memory.

In one process the functions would share imports, caches and the environment, and a variable that the template lacks for
one of them would still be found. So each function has an instance from the start. It gets another one when all are
busy, as on Lambda, up to `MAX_INSTANCES`. Beyond that, calls wait. An invocation costs about a third of a millisecond
more than a direct call.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from infra import LAMBDAS

RUNTIME = Path(__file__).with_name("runtime.py")
MAX_INSTANCES = 4  # of one function, so that a laptop can run all of them
START_SECONDS = 60.0
STOP_SECONDS = 1.0  # for all instances of a function: local Daybook must end within five seconds
MAX_BYTES = 6 * 1024 * 1024  # of an invocation's event: Lambda's limit


class FunctionError(Exception):
    """The handler raised, ended its process or timed out. `message` is the message of the raised exception."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EventTooLarge(Exception):  # noqa: N818  a fact, not a failure
    """The event exceeds Lambda's limit of 6 MB."""


class Invocable(Protocol):
    def invoke(self, event: Mapping[str, Any], request_id: str) -> Any:
        """Returns the handler's result. Raises `FunctionError`, or `EventTooLarge` without calling the handler."""


@dataclass(frozen=True)
class Configuration:
    """A function as the template defines it."""

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
        """Whether the handler is imported within so many seconds. May be called once."""
        try:
            return self.connection.poll(seconds) and self.connection.recv_bytes() == b"ready"
        except (EOFError, OSError):
            return False

    def hang_up(self) -> None:
        """Both ends read the end of the connection, also in a thread that waits for it. The descriptor stays open."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as line, suppress(OSError):  # macOS: it has ended
            line.shutdown(socket.SHUT_RDWR)

    def end(self, seconds: float) -> None:
        """Waits so long for the process to end by itself."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Function:
    """One function with its instances. Any number of threads may call `invoke`.

    A busy instance belongs to the thread that took it, which alone closes its connection: a descriptor that another
    thread closes may be a new file's by the time it is read.
    """

    configuration: Configuration
    log: BinaryIO
    code: Path = LAMBDAS
    calls_ended: int = 0
    """The number of finished calls, successful or not. `warm_up` and a failed start of an instance count too."""
    _free: list[Instance] = field(default_factory=list)
    _all: list[Instance] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopped: bool = False

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
        """Starts the first instance. Raises `FunctionError` if the handler can't be imported."""
        self._give_back(self._take())

    def stop(self) -> None:
        """Ends all instances. Calls that are under way or come later raise `FunctionError`."""
        with self._changed:
            self._stopped = True
            instances = list(self._all)
            for instance in instances:
                instance.hang_up()  # all of them first, so that they end at the same time
            for instance in self._free:
                self._forget(instance)
            self._free.clear()
            self._changed.notify_all()
        until = time.monotonic() + STOP_SECONDS
        for instance in instances:
            instance.end(max(0.0, until - time.monotonic()))

    def _take(self) -> Instance:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._free or len(self._all) < MAX_INSTANCES)
            if self._stopped:
                raise FunctionError(f"{self.configuration.handler} is stopped")
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
                # -P: the function must find no code of the project except the asset's root.
                [sys.executable, "-P", str(RUNTIME), str(theirs.fileno())],
                env=dict(self.configuration.environment) | {"PYTHONPATH": str(self.code)},
                cwd=self.code,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # only the parent receives Ctrl-C; instances end when their connection closes
            )
        return Instance(process, ours)

    def _give_back(self, instance: Instance) -> None:
        with self._changed:
            if self._stopped:
                self._forget(instance)
            else:
                self._free.append(instance)
            self.calls_ended += 1
            self._changed.notify()

    def _discard(self, instance: Instance) -> None:
        if not self._stopped:  # otherwise `stop` ends it
            instance.end(seconds=0)
        with self._changed:
            self._forget(instance)
            self.calls_ended += 1
            self._changed.notify()

    def _forget(self, instance: Instance) -> None:
        self._all.remove(instance)
        instance.connection.close()
