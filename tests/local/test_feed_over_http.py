"""The feed, tampering and the sweep in the running Daybook: the stream, the queue and the roles are the template's."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx

from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.clock import SECOND, system_clock
from daybook.jobs.job import LEDGER_SWEEP, Job, Status, new_job
from daybook.jobs.store import submit
from daybook.tenant import Tenant
from tests.local.test_conditions import Endpoint
from tests.support.running_daybook import LocalDaybook, tenants_admin

EVENT = {"activity": "document.updated", "actor": {"type": "user", "username": "mike.mars"}, "environment": "made"}
PATIENCE_SECONDS = 60


def waited_for(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.2)
    return found


def table(local_daybook: LocalDaybook, name: str) -> str:
    names = local_daybook.aws("dynamodb").list_tables()["TableNames"]
    return next(str(each) for each in names if name in each)


def test_a_stored_event_comes_by_the_feed_and_who_changes_it_is_told_of(local_daybook: LocalDaybook) -> None:
    with tenants_admin(local_daybook, "fed", ("made",)) as admin:
        sent = admin.post("/v1/events", json=EVENT).json()["results"][0]["id"]
        waited_for(lambda: sent in ids(admin))
        make_expire(local_daybook, sent)
        (alert,) = waited_for(lambda: admin.get("/v1/alerts").json()["alerts"])
        assert (alert["environment"], alert["event"]["what"], alert["event"]["id"]) == ("made", "expires-early", sent)
        told = admin.get(f"/v1/events/{alert['id']}").json()
        assert (told["activity"], told["params"]["event"]) == ("audit-log.tamper-found", sent)
        waited_for(lambda: alert["id"] in ids(admin))  # it is sealed as any event
        grouped = admin.get("/v1/feed?environment=made&group=nobody")
        assert grouped.json()["code"] == "unknown_group"


def ids(admin: httpx.Client) -> list[str]:
    """Of the events that a poller gets from the beginning on."""
    found: list[str] = []
    after, size = 0, 1
    while after < size:
        page = admin.get(f"/v1/feed?environment=made&after={after}").json()
        found += [item["event"]["id"] for item in page["events"] if "event" in item]
        after, size = page["next"], page["size"]
    return found


def make_expire(local_daybook: LocalDaybook, identifier: str) -> None:
    """As somebody would who has the credentials of the one role that may change an event. The table's policy refuses
    whoever else has rights in the account.
    """
    aws, events = local_daybook.aws("dynamodb"), table(local_daybook, "Events")
    scan = aws.get_paginator("scan").paginate(TableName=events)
    (item,) = (item for page in scan for item in page["Items"] if item["sk"]["S"] == identifier)
    Endpoint(local_daybook).of("restamp", "dynamodb").update_item(
        TableName=events,
        Key={name: item[name] for name in ("pk", "sk")},
        UpdateExpression="SET expires_at = :soon",
        ExpressionAttributeValues={":soon": {"N": str(system_clock() // SECOND + 60)}},
    )


def test_a_tenant_is_swept_by_the_function_that_may(local_daybook: LocalDaybook) -> None:
    """It reads events and appends to logs with its own role. Here it finds all sealed, or seals it."""
    with tenants_admin(local_daybook, "swept-here", ("made",)) as admin:
        assert admin.post("/v1/events", json=EVENT).status_code == 201
        aws = local_daybook.aws("dynamodb")
        control = table(local_daybook, "Control")
        code = ControlTable(aws, control).settings(Tenant("swept-here")).code
        queues = local_daybook.aws("sqs").list_queues()["QueueUrls"]
        url = next(each for each in queues if "LedgerSweepQueue" in each and "Dead" not in each)
        jobs = JobTable(aws, control)
        job = new_job(tenant=code, kind=LEDGER_SWEEP, ask={}, now_ms=system_clock(), random_bytes=os.urandom)
        submit(job, jobs, SqsJobQueue(local_daybook.aws("sqs"), url), max_active=1)

        def ended() -> Job | None:
            now = jobs.job(job.key)
            return now if now.status.has_ended else None

        done: Job = waited_for(ended)
        assert (done.status, done.error) == (Status.SUCCEEDED, None)
        assert done.processed >= 1
