"""The jobs that begin a minute and a half after they are asked for, and what the control table has of jobs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.running_daybook import LocalDaybook

MAX_SECONDS = 180


@dataclass(frozen=True)
class SlowJobs:
    """A re-stamp, by the only function that may change an event, and the sweep after somebody was forgotten."""

    local_daybook: LocalDaybook
    admin: httpx.Client
    restamp: str
    """The job's id."""
    sweep: str
    """The job's row."""

    def end(self) -> set[str]:
        """Waits for both. Gives the states that they ended in."""
        until = time.monotonic() + MAX_SECONDS
        both = {""}
        while both & {"", "queued", "running"}:
            assert time.monotonic() < until, both
            time.sleep(1)
            job = self.admin.get(f"/v1/jobs/{self.restamp}").json()
            both = {_sweeps(self.local_daybook)[self.sweep], job["status"]}
        return both


def ask_for_slow_jobs(local_daybook: LocalDaybook, admin: httpx.Client, tenant: str, environment: str) -> SlowJobs:
    event = {"activity": "document.updated", "actor": {"type": "user", "username": "mike.mars"}}
    assert admin.post("/v1/events", json={**event, "environment": environment}).status_code == 201
    earlier = _sweeps(local_daybook).keys()
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": tenant}) as operations:
        assert operations.post(f"/v1/actors/mike.mars/forget?environment={environment}").status_code == 200
    (sweep,) = _sweeps(local_daybook).keys() - earlier
    restamp = admin.put("/v1/settings/retention", json={"days": 60}).json()["job"]
    return SlowJobs(local_daybook, admin, restamp, sweep)


def _sweeps(local_daybook: LocalDaybook) -> dict[str, str]:
    """The status of every sweep, by its row."""
    rows = [row for row in control_rows(local_daybook) if row["sk"]["S"].startswith("sweep")]
    return {f"{row['pk']['S']} {row['sk']['S']}": row["status"]["S"] for row in rows}


def control_rows(local_daybook: LocalDaybook) -> Iterator[dict[str, Any]]:
    aws = local_daybook.aws("dynamodb")
    (control,) = [name for name in aws.list_tables()["TableNames"] if "Control" in name]
    for page in aws.get_paginator("scan").paginate(TableName=control):
        yield from page["Items"]
