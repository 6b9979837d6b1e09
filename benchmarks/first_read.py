"""What a session of a tenant costs: the first read, the reads after it, and the start of a function.

It runs only by name, `python -m benchmarks first_read`. It starts a local Daybook whose STS answers after 0 and then
after 100 ms, and reads the logs of fresh tenants in a function that is warm.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.imports import ROOT
from benchmarks.measuring import ROUNDS, Row
from daybook.aws.tenant_sessions import TenantClient, tenants_sessions
from daybook.clock import system_clock
from daybook.tenant import TenantCode
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook

TENANTS = 20
STS_MILLISECONDS = (0, 100)
CALLS = 100_000

_IMPORT = "import query.handler; from daybook.aws import clients, tenant_sessions; "
BEFORE = _IMPORT + "clients.dynamodb()"
AFTER = _IMPORT + "clients.dynamodb_for_sessions(); clients.own_sts()"


class _Reads(NamedTuple):
    """Milliseconds."""

    first: float
    second: float


def rows() -> Iterator[Row]:
    for milliseconds in STS_MILLISECONDS:
        with (
            tempfile.TemporaryDirectory() as data,
            running_daybook(Path(data), DAYBOOK_STS_MILLISECONDS=str(milliseconds)) as local_daybook,
        ):
            reads = [_reads(local_daybook, f"tenant-{number}") for number in range(TENANTS + 1)][1:]
        first, second = (statistics.median(each) for each in zip(*reads, strict=True))
        yield Row(
            f"a tenant's first read in a warm function, and the next, where STS takes {milliseconds} ms",
            f"{first:.0f}, {second:.0f} ms",
        )
    yield Row("what a session adds to a call, once it is there", f"{_microseconds_a_call():.1f} µs")
    before, after = (statistics.median(_seconds(program) for _ in range(ROUNDS)) for program in (BEFORE, AFTER))
    yield Row(
        "start of the query function, with a DynamoDB client: without sessions, with",
        f"{before * 1_000:.0f}, {after * 1_000:.0f} ms",
    )


def _reads(local_daybook: LocalDaybook, tenant: str) -> _Reads:
    headers = {"Authorization": f"Bearer {local_daybook.operations_key}", "Daybook-Tenant": tenant}
    with httpx.Client(base_url=local_daybook.url, headers=headers, timeout=30) as client:
        assert make_tenant(client, tenant).status_code == 201
        return _Reads(_milliseconds(client), _milliseconds(client))


def _milliseconds(client: httpx.Client) -> float:
    started = time.perf_counter()
    answer = client.get("/v1/events", params={"limit": 1})
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - started) * 1_000


class _Stub:
    def assume_role(self, **_: Any) -> dict[str, Any]:
        end = datetime.now(UTC) + timedelta(hours=1)
        key = {"AccessKeyId": "key", "SecretAccessKey": "secret", "SessionToken": "token"}
        return {"Credentials": {**key, "Expiration": end}}

    def query(self) -> None: ...


def _microseconds_a_call() -> float:
    stub = _Stub()
    client = TenantClient(stub, tenants_sessions(stub, "role", system_clock), TenantCode("ACMEAB"))
    return (_seconds_of(client) - _seconds_of(stub)) / CALLS * 1_000_000


def _seconds_of(client: Any) -> float:
    client.query()
    started = time.perf_counter()
    for _ in range(CALLS):
        client.query()
    return time.perf_counter() - started


def _seconds(program: str) -> float:
    """The CPU time of a new process."""
    before = os.times()
    subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-c", program],
        check=True,
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT / "lambdas"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
