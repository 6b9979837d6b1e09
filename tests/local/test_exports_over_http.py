"""An export over HTTP: requested, written by the worker behind its queue, and downloaded."""

import csv
import hashlib
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.places import VERIFIER
from tests.support.running_daybook import LocalDaybook, logs_of, make_tenant

TENANT = "exports-http"
EVENTS = 1_200
MAX_SECONDS = 60
MAX_PROVING_SECONDS = 240


@pytest.fixture(scope="module")
def client(local_daybook: LocalDaybook) -> Any:
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT, "carear").status_code == 201
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as client:
        for start in range(0, EVENTS, 400):
            events = [
                {
                    "activity": "experiences.add",
                    "actor": {"type": "user", "username": f"person.{number % 9}"},
                    "details": f"={number}",
                    "source": {"type": "portal"},
                }
                for number in range(start, start + 400)
            ]
            assert client.post("/v1/events", json={"events": events}).status_code == 201
        yield client


@pytest.fixture(scope="module")
def proven(client: httpx.Client) -> httpx.Response:
    """An export with evidence, as it was asked for."""
    return client.post("/v1/exports", json={"evidence": True})


def test_a_key_that_is_revoked_stops_no_export(local_daybook: LocalDaybook, client: httpx.Client) -> None:
    """The export goes on, and another key with the permission downloads it."""
    asked = {"role": "auditor", "environment": "prod", "label": "leaving"}
    key = client.post(f"/v1/tenants/{TENANT}/keys", json=asked).json()
    with local_daybook.client(key["key"]) as leaving:
        export = leaving.post("/v1/exports", json={"sort": "target"})
        assert export.status_code == 202
        assert client.delete(f"/v1/tenants/{TENANT}/keys/{key['key_id']}").status_code == 204
        assert leaving.get(export.headers["Location"]).status_code == 401
    shown = ended(client, export)
    assert shown["status"] == "succeeded", shown
    assert shown["rows"] >= EVENTS
    assert httpx.get(shown["download_url"]).status_code == 200


def exported(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    asked = client.post("/v1/exports", json=body)
    assert asked.status_code == 202, asked.text
    return ended(client, asked)


def ended(client: httpx.Client, asked: httpx.Response, max_seconds: float = MAX_SECONDS) -> dict[str, Any]:
    until = time.monotonic() + max_seconds
    while time.monotonic() < until:
        shown: dict[str, Any] = client.get(asked.headers["Location"]).json()
        if shown["status"] not in ("queued", "running"):
            return shown
        time.sleep(0.05)
    raise AssertionError(f"not done after {max_seconds} s: {shown}")


@pytest.mark.parametrize("sort", ["-occurred_at", "actor"])
def test_a_file_is_fetched_with_curl_alone(client: httpx.Client, tmp_path: Path, sort: str) -> None:
    """It has its own name and type, the checksum and the rows that were answered."""
    shown = exported(client, {"sort": sort, "filters": {"category": "Experiences"}})
    assert (shown["status"], shown["rows"]) == ("succeeded", EVENTS), shown
    subprocess.run(["curl", "-sSfOJ", shown["download_url"]], check=True, cwd=tmp_path)  # noqa: S603, S607
    (file,) = tmp_path.iterdir()
    assert file.name == shown["filename"]
    content = file.read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (shown["sha256"], shown["bytes"])
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert sorted(int(row["Event Description"].removeprefix("'=")) for row in rows) == list(range(EVENTS))
    usernames = [row["Username"] for row in rows]
    assert sort != "actor" or usernames == sorted(usernames)
    fetched = httpx.get(shown["download_url"])
    assert fetched.headers["Content-Type"] == "text/csv; charset=utf-8"
    manifest = httpx.get(shown["manifest_url"]).json()
    assert (manifest["rows"], manifest["sha256"], manifest["tenant"]) == (EVENTS, shown["sha256"], TENANT)


@pytest.mark.long
@pytest.mark.usefixtures("slow_jobs")
def test_an_auditor_verifies_an_export_that_the_running_functions_proved(
    client: httpx.Client, proven: httpx.Response, tmp_path: Path
) -> None:
    """With the addresses of one answer and a line of `GET /v1/logs`. It waits for a minute and a half before it
    reads.
    """
    shown = ended(client, proven, MAX_PROVING_SECONDS)
    assert (shown["status"], shown["evidence"]) == ("succeeded", "ready"), shown
    file, evidence = tmp_path / "file.csv", tmp_path / "file.evidence.ndjson"
    file.write_bytes(httpx.get(shown["download_url"]).content)
    evidence.write_bytes(httpx.get(shown["evidence_url"]).content)
    (log,) = [each for each in logs_of(client) if each["visibility"] == "all"]
    command = [sys.executable, "-m", "daybook_verify", "export", file, "--evidence", evidence, "--key", log["key"][0]]
    environment = {"PYTHONPATH": str(VERIFIER)}
    said = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    assert said.returncode == 0, said.stdout + said.stderr
    assert "complete" in said.stdout
