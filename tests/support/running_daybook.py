"""Local Daybook as `make run` starts it: in its own process, on free ports, with its own data."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from infra import ROOT
from infra.local.template import CACHE
from tests.support.documented import documented_response

USED_GRANTS = CACHE / "used-grants"
"""What `make granted` holds against the templates. It grows until somebody removes it, as `.ci/run` does."""

START_SECONDS = 240  # the very first start synthesises the template and may fetch DynamoDB Local and Java
STOP_SECONDS = 5  # the promised limit
APPEND_SECONDS = 60


@dataclass(frozen=True)
class LocalDaybook:
    url: str
    aws_url: str
    operations_key: str
    printed: list[str]
    data: Path
    process: subprocess.Popen[str]

    def client(self, credential: str | None = None, **headers: str) -> httpx.Client:
        """A client that sends this credential, or none if it is not given."""
        if credential:
            headers["Authorization"] = f"Bearer {credential}"
        hooks = {"response": [documented_response]}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, event_hooks=hooks)

    @property
    def operations(self) -> httpx.Client:
        return self.client(self.operations_key)

    def aws(self, service: str, key: str = "any", **session: str) -> Any:
        """A boto3 client of the local AWS endpoint, with any credentials or with those of a function or a session."""
        signing = {"aws_access_key_id": key, "aws_secret_access_key": "any", "aws_session_token": None, **session}
        return boto3.client(service, endpoint_url=self.aws_url, region_name="us-east-1", **signing)

    def stop(
        self, how: signal.Signals = signal.SIGTERM, send: Callable[[int, signal.Signals], None] = os.kill
    ) -> float:
        """Stops local Daybook and returns the seconds until all of its processes had ended."""
        children = descendants(self.process.pid)
        assert children
        asked = time.monotonic()
        send(self.process.pid, how)
        assert self.process.wait(STOP_SECONDS) == 0
        took = time.monotonic() - asked
        assert not [child for child in children if is_running(child)]
        return took


@contextmanager
def running_daybook(data: Path, *, module: str = "infra.local", **environment: str) -> Iterator[LocalDaybook]:
    """An empty local Daybook. Asserts that it ends correctly, unless the test has stopped it."""
    port, aws_port = free_port(), free_port()
    data.mkdir(parents=True, exist_ok=True)
    errors = data / "stderr"
    process = subprocess.Popen(  # noqa: S603  a module of ours
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ
        | {"PORT": str(port), "DAYBOOK_AWS_PORT": str(aws_port), "DAYBOOK_DATA": str(data), "DAYBOOK_DEMO": "0"}
        | {"DAYBOOK_USED_GRANTS": str(USED_GRANTS)}
        | environment,
        stdout=subprocess.PIPE,
        stderr=errors.open("w"),
        text=True,
    )
    try:
        printed = lines_until_ready(process)
        assert "moto" not in errors.read_text().lower()  # its warnings would hide what an operator has to read
        (key,) = (line.split()[-1] for line in printed if line.startswith("Operations key:"))
        local_daybook = LocalDaybook(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{aws_port}", key, printed, data, process
        )
        yield local_daybook
        if process.poll() is None:
            local_daybook.stop()
    finally:
        process.kill()
        process.wait()
        sys.stderr.write(errors.read_text())


def make_tenant(operations: httpx.Client, tenant: str, profile: str = "generic") -> httpx.Response:
    """A tenant with the one environment `prod`."""
    settings = {"tenant": tenant, "name": tenant, "profile": profile, "environments": ["prod"], "audit_since": None}
    return operations.post("/v1/tenants", json=settings)


def tenants_admin(local_daybook: LocalDaybook, tenant: str, environments: Sequence[str] = ("prod",)) -> httpx.Client:
    """A new tenant, and a client with the key of its admin."""
    settings = {"tenant": tenant, "name": tenant, "profile": "generic", "environments": environments}
    with local_daybook.operations as operations:
        assert operations.post("/v1/tenants", json={**settings, "audit_since": None}).status_code == 201
        asked = {"role": "admin", "environment": "*", "label": "admin"}
        key = operations.post(f"/v1/tenants/{tenant}/keys", json=asked)
        assert key.status_code == 201, key.text
    return local_daybook.client(key.json()["key"])


def logs_of(client: httpx.Client, *, signed: bool = False) -> list[dict[str, Any]]:
    """The logs of a tenant that has sent something: they begin with the first append, some seconds later.

    `signed`: each has a checkpoint.
    """
    deadline = time.monotonic() + APPEND_SECONDS
    while time.monotonic() < deadline:
        logs: list[dict[str, Any]] = client.get("/v1/logs").json()["logs"]
        if logs and (not signed or all(log["size"] for log in logs)):
            return logs
        time.sleep(0.2)
    raise AssertionError("nothing was signed" if signed else "nothing was appended")


def lines_until_ready(process: subprocess.Popen[str]) -> list[str]:
    """All that it printed up to the line that says it is ready."""
    assert process.stdout
    alarm = threading.Timer(START_SECONDS, process.kill)
    alarm.start()
    printed = []
    for line in process.stdout:
        printed.append(line.rstrip("\n"))
        if line.startswith("Daybook is ready at "):
            alarm.cancel()
            return printed
    raise AssertionError("it ended before it was ready:\n" + "\n".join(printed))


def free_port() -> int:
    """Below the ports that systems give to connections (from 32768 on with Linux): a server takes seconds to its first
    call, and meanwhile a connection of another test could get one of those.
    """
    for port in random.sample(range(10_000, 32_768), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("100 ports are all in use")


def descendants(process: int) -> list[int]:
    """Every process that this one started, and those that they did."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True)  # noqa: S607
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.stdout.splitlines())}
    found = [process]
    for one in found:
        found += [pid for pid, parent in parents.items() if parent == one]
    return found[1:]


def is_running(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False
