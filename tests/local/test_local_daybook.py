"""Local Daybook as a newcomer starts it: its answers, its output, its data and its end."""

import ctypes
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra import ROOT
from tests.support.running_daybook import STOP_SECONDS, LocalDaybook, free_port, make_tenant, running_daybook

KEY = "dbk_laptop_" + "k" * 40
PROBLEM = "application/problem+json"


def test_it_says_once_where_it_is(local_daybook: LocalDaybook) -> None:
    """It is the last line that it prints, once everything answers."""
    assert [line for line in local_daybook.printed if "ready" in line] == [
        f"Daybook is ready at {local_daybook.url}/console"
    ]
    assert local_daybook.printed[-1].startswith("Daybook is ready")


def test_health_asks_for_no_credential(local_daybook: LocalDaybook) -> None:
    """A wrong credential is not looked at either."""
    for client in (local_daybook.client(), local_daybook.client("nonsense")):
        with client:
            answer = client.get("/v1/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["content-type"] == "application/json"


def test_the_console_is_a_page(local_daybook: LocalDaybook) -> None:
    """The printed link opens an HTML page."""
    with local_daybook.client() as client:
        answer = client.get("/console")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer nonsense", f"Bearer {KEY}", f"Basic {KEY}", KEY],
    ids=["none", "empty", "no credential", "no key", "unknown key", "other scheme", "no scheme"],
)
def test_without_a_good_credential_the_answer_is_401(local_daybook: LocalDaybook, authorization: str | None) -> None:
    """The answer is a problem document with the challenge, from the gateway or from the authorizer."""
    headers = {} if authorization is None else {"Authorization": authorization}
    with local_daybook.client(**headers) as client:
        answer = client.get("/v1/events")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/v1", "/v1/nowhere", "/v1/events/a/b", "/v1//events", "/V1/events"])
def test_unknown_paths_are_404(local_daybook: LocalDaybook, path: str) -> None:
    """The answer is a problem document, with or without a credential, by any method."""
    with local_daybook.client() as anyone, local_daybook.operations as operations:
        for answer in (anyone.get(path), operations.get(path), operations.post(path, json={})):
            assert answer.status_code == 404
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/events", "GET, POST"),
        ("PUT", "/v1/health", "GET"),
        ("POST", "/console", "GET"),
        ("OPTIONS", "/v1/tenants/acme/keys", "GET, POST"),
    ],
)
def test_other_methods_are_405(local_daybook: LocalDaybook, method: str, path: str, allow: str) -> None:
    """The answer names the methods that the resource has."""
    with local_daybook.client() as client:
        answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["allow"] == allow


def test_a_body_over_10_mb_is_413(local_daybook: LocalDaybook) -> None:
    """The answer is a problem document with the gateway's text."""
    with local_daybook.operations as client:
        answer = client.post("/v1/events", content=bytes(10 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_the_printed_key_is_operations(local_daybook: LocalDaybook) -> None:
    """It makes tenants and keys in them. A revoked key stops working at once."""
    with local_daybook.operations as operations:
        made = make_tenant(operations, "first")
        assert made.status_code == 201, made.text
        key = operations.post(
            "/v1/tenants/first/keys", json={"role": "auditor", "environment": "prod", "label": "tests"}
        ).json()
        with local_daybook.client(key["key"]) as auditor:
            assert auditor.get("/v1/tenants/first").status_code == 200
            assert auditor.post("/v1/events", json={}).status_code == 403
            assert auditor.get("/v1/tenants").status_code == 403
            assert operations.delete(f"/v1/tenants/first/keys/{key['key_id']}").status_code == 204
            assert auditor.get("/v1/tenants/first").status_code == 401


def test_gzip_reaches_the_function_as_sent(local_daybook: LocalDaybook) -> None:
    """The function reads the envelope in it: an empty list of events is refused as such."""
    with local_daybook.operations as operations:
        make_tenant(operations, "gzip")
        event = {"activity": "thing.done", "actor": {"type": "system"}}
        answer = operations.post(
            "/v1/events",
            content=gzip.compress(json.dumps(event).encode()),
            headers={"Daybook-Tenant": "gzip", "Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
    assert answer.status_code == 201, answer.text


def test_every_call_leaves_a_line_in_the_access_log(local_daybook: LocalDaybook) -> None:
    """With both request ids, also if the gateway itself answered."""
    with local_daybook.client() as client:
        headers = client.get("/v1/catalogue").headers
    lines = [json.loads(line) for line in (local_daybook.data / "logs" / "access.log").read_text().splitlines()]
    (line,) = (each for each in lines if each["extended_request_id"] == headers["x-amz-apigw-id"])
    assert line["request_id"] == headers["x-amzn-requestid"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/catalogue", "401")


def test_the_aws_endpoint_takes_any_credentials(local_daybook: LocalDaybook) -> None:
    """A real client finds the deployment's tables there."""
    dynamodb = local_daybook.aws("dynamodb")
    assert len(dynamodb.list_tables()["TableNames"]) >= 3


@pytest.mark.long
def test_a_given_key_is_operations_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    """Within five seconds, without errors, with everything that it started. Other tests here end it with SIGTERM."""
    with running_daybook(tmp_path, DAYBOOK_OPERATIONS_KEY=KEY) as local_daybook:
        assert local_daybook.operations_key == KEY
        with local_daybook.operations as operations:
            assert operations.get("/v1/tenants").json() == {"tenants": []}
        assert local_daybook.stop(signal.SIGINT) < STOP_SECONDS


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="tgkill and /proc are Linux's")
def test_a_signal_to_another_thread_ends_it_too(tmp_path: Path) -> None:
    """The system chooses the thread. It once chose another than the main thread, which slept on."""

    def send(process: int, how: signal.Signals) -> None:
        others = {int(thread.name) for thread in Path(f"/proc/{process}/task").iterdir()} - {process}
        assert not ctypes.CDLL(None).tgkill(process, min(others), how)

    with running_daybook(tmp_path) as local_daybook:
        assert local_daybook.stop(send=send) < STOP_SECONDS


@pytest.mark.long
def test_dynamodb_local_keeps_what_was_there(tmp_path: Path) -> None:
    """Tenants and the generated key that made them exist after a restart."""
    with (
        running_daybook(tmp_path, DAYBOOK_STORE="dynamodb-local") as local_daybook,
        local_daybook.operations as operations,
    ):
        made = make_tenant(operations, "kept")
        assert made.status_code == 201, made.text
        local_daybook.stop()
    with running_daybook(tmp_path, DAYBOOK_STORE="dynamodb-local") as again, again.operations as operations:
        assert again.operations_key == local_daybook.operations_key
        assert operations.get("/v1/tenants/kept").json()["name"] == "kept"


@pytest.mark.parametrize(
    "environment",
    [
        {"PORT": "none"},
        {"DAYBOOK_STORE": "paper"},
        {"DAYBOOK_OPERATIONS_KEY": "open sesame"},
        {"DAYBOOK_OIDC_AUDIENCE": "daybook"},
        {"DAYBOOK_OIDC_CONSOLE_CLIENT": "console"},
        {"DAYBOOK_OIDC_ISSUER": "http://id.example.com", "DAYBOOK_OIDC_AUDIENCE": "daybook"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_what_can_not_be_is_said(tmp_path: Path, environment: dict[str, str]) -> None:
    """One line names the variable, without a traceback."""
    refused = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DAYBOOK_DATA": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert next(iter(environment)) in line


@pytest.mark.parametrize("variable", ["PORT", "DAYBOOK_AWS_PORT"])
def test_a_taken_port_is_said(local_daybook: LocalDaybook, tmp_path: Path, variable: str) -> None:
    """One line names the variable that chooses another port. The process that has the port continues."""
    taken = (local_daybook.url if variable == "PORT" else local_daybook.aws_url).rsplit(":", 1)[1]
    free = {name: str(free_port()) for name in ("PORT", "DAYBOOK_AWS_PORT")}
    refused = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env=os.environ | free | {"DAYBOOK_DATA": str(tmp_path), variable: taken},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert taken in line
    assert f"Set {variable}" in line
    with local_daybook.client() as client:
        assert client.get("/v1/health").status_code == 200
