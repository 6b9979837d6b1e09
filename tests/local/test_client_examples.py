"""The examples, run as a reader would run them, against a running Daybook."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.places import PYTHON_CLIENT
from tests.support.running_daybook import LocalDaybook, free_port, tenants_admin

EXAMPLES = PYTHON_CLIENT / "examples"
SECONDS = 30

pytestmark = pytest.mark.long


class Tenant:
    """A tenant of an example, and what its admin finds there."""

    def __init__(self, local_daybook: LocalDaybook, name: str, tmp_path: Path) -> None:
        self.admin = tenants_admin(local_daybook, name)
        asked = {"role": "producer", "environment": "prod", "label": "example"}
        made = self.admin.post(f"/v1/tenants/{name}/keys", json=asked).json()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(PYTHON_CLIENT),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "DAYBOOK_URL": local_daybook.url,
            "DAYBOOK_KEY": made["key"],
        }

    def events(self, activity: str, count: int) -> list[dict[str, Any]]:
        """The events, newest first, once there are so many."""
        deadline = time.monotonic() + SECONDS
        while True:
            found: list[dict[str, Any]] = self.admin.get("/v1/events", params={"activity": activity}).json()["events"]
            if len(found) >= count or time.monotonic() > deadline:
                assert len(found) == count
                return found
            time.sleep(0.1)


@pytest.fixture
def tenant(local_daybook: LocalDaybook, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Tenant]:
    name = request.node.name.removeprefix("test_").split("_")[0]
    tenant = Tenant(local_daybook, f"{name}-example", tmp_path)
    yield tenant
    tenant.admin.close()


@contextmanager
def served(example: str, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """The example as a server, once it answers, and a client behind one proxy of it."""
    port = str(free_port())
    command = [sys.executable, str(EXAMPLES / example)]
    process = subprocess.Popen(command, env={**environment, "PORT": port, "PROXIES": "1"})  # noqa: S603  ours
    try:
        headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "User-Agent": "Firefox", "X-Request-Id": "r-1"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10) as client:
            wait_until(lambda: answers(client) or process.poll() is not None)
            yield client
    finally:
        process.terminate()
        process.wait(10)


def answers(client: httpx.Client) -> bool:
    try:
        client.get("/")
    except httpx.HTTPError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_fastapi_events_say_who_and_from_where(tenant: Tenant) -> None:
    """Whoever signed in, at the address that the proxy saw."""
    with served("fastapi_app.py", tenant.environment) as client:
        assert client.post("/invoices/1042/approve", auth=("mike.mars", "wrong")).status_code == 401
        answer = client.post("/invoices/1042/approve", auth=("mike.mars", "sesame"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Request-Id"] == "r-1"
        (event,) = tenant.events("invoice.approved", 1)
    assert event["client_id"] == answer.json()["recorded"]
    assert event["actor"]["username"] == "mike.mars"
    assert event["target"]["id"] == "1042"
    assert event["context"] == {
        "ip": "203.0.113.7",
        "user_agent": "Firefox",
        "session_id": None,
        "request_id": "r-1",
    }


def test_django_events_say_who_and_from_where(tenant: Tenant) -> None:
    """Django's own user, who has just signed in or comes with a session; and a failed sign-in, by the name tried."""
    with served("django_app.py", tenant.environment) as client:
        tried = {"username": "mike.mars", "password": "wrong"}
        assert client.post("/sign-in", data=tried).status_code == 401
        assert client.post("/sign-in", data={**tried, "password": "sesame"}).status_code == 200
        answer = client.post("/invoices/1042/approve")
        assert answer.status_code == 200, answer.text
        (event,) = tenant.events("invoice.approved", 1)
        signed_in, failed = tenant.events("user.signed_in", 2)
    assert event["client_id"] == answer.json()["recorded"]
    actor = {name: event["actor"][name] for name in ("type", "client_id", "username", "name", "email")}
    assert actor == {
        "type": "user",
        "client_id": "1",
        "username": "mike.mars",
        "name": "Mike Mars",
        "email": "mike@mars.example",
    }
    assert signed_in["actor"]["client_id"] == "1"
    assert (failed["status"], failed["actor"]["type"]) == ("failure", "unknown")
    for one in (event, signed_in, failed):
        assert (one["context"]["ip"], one["context"]["user_agent"]) == ("203.0.113.7", "Firefox")
        assert one["context"]["request_id"] == "r-1"


def test_logging_events_are_those_that_say_so(tenant: Tenant) -> None:
    """With the job's actor, and a failure where it logged an error."""
    command = [sys.executable, str(EXAMPLES / "logging_app.py")]
    subprocess.run(command, env=tenant.environment, check=True, timeout=SECONDS)  # noqa: S603  ours
    closed = tenant.events("invoice.closed", 2)
    assert {event["target"]["id"] for event in closed} == {"1042", "1043"}
    assert {event["actor"]["username"] for event in closed} == {"mike.mars"}
    assert {event["details"] for event in closed} == {"invoice 1042 closed", "invoice 1043 closed"}
    assert {event["context"]["request_id"] for event in closed} == {"nightly-2026-11-22"}
    (sent,) = tenant.events("statement.sent", 1)
    assert (sent["status"], sent["details"]) == ("failure", "statement not sent")
