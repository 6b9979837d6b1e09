"""Calls that no other test of the running Daybook makes. Their functions need grants that nothing else needs
(`tests/support/unused_grants.py`).
"""

import time

import pytest

from tests.local.test_streams import Customer
from tests.support.running_daybook import LocalDaybook, tenants_admin
from tests.support.slow_jobs import SlowJobs, control_rows

ENVIRONMENTS = ("made", "forgotten", "exported", "streamed", "counted")
"""Of each tenant: in each, the first recorded call is of another function."""


def test_each_function_counts_what_a_tenants_key_uses(local_daybook: LocalDaybook) -> None:
    """With a limit so low that an instance reports each call at once."""
    with tenants_admin(local_daybook, "rare-uses", ENVIRONMENTS) as admin:
        few = {"limits": {"calls_a_minute": 60}}
        with local_daybook.operations as operations:
            assert operations.patch("/v1/tenants/rare-uses", json=few).status_code == 200
        paths = ("/v1/tenants/rare-uses", "/v1/groups", "/v1/exports", "/v1/settings/stream", "/v1/events", "/v1/logs")
        for path in paths:
            assert admin.get(path).status_code == 200, path
        assert admin.put("/v1/groups/few", json={"members": ["mike.mars"]}).status_code == 200
        assert admin.delete("/v1/groups/few").status_code == 204


def test_the_caller_may_be_new_to_the_environment_whatever_is_called(local_daybook: LocalDaybook) -> None:
    """Whoever records a call then makes a person of the caller's address."""
    with tenants_admin(local_daybook, "rare-callers", ENVIRONMENTS) as admin:
        mike = {"type": "user", "username": "mike.mars"}
        event = {"activity": "document.updated", "actor": mike, "environment": "forgotten"}
        assert admin.post("/v1/events", json=event).status_code == 201
        assert admin.post("/v1/exports", json={"filters": {"environment": "exported"}}).status_code == 202
        stream = {
            "stream_arn": "arn:aws:kinesis:us-east-1:123456789012:stream/none",
            "role_arn": "arn:aws:iam::123456789012:role/daybook",
            "format": "native",
        }
        assert admin.put("/v1/settings/stream?environment=streamed", json=stream).status_code == 200
        # The names of what is counted are the catalogue's, with the tenant's own activities.
        variant = {"variant": "default", "template": "The door was shut", "params": []}
        activity = {"category": "Own", "component": "Door", "event": "Shut", "origin": "any", "variants": [variant]}
        assert admin.put("/v1/catalogue/own.door-shut", json=activity).status_code == 200
        assert admin.get("/v1/stats?environment=counted").status_code == 200
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": "rare-callers"}) as operations:
        forgotten = operations.post("/v1/actors/mike.mars/forget?environment=forgotten")
        assert forgotten.status_code == 200, forgotten.text


@pytest.mark.long
def test_what_begins_ninety_seconds_later_is_done(slow_jobs: SlowJobs) -> None:
    assert slow_jobs.end() == {"succeeded"}


def test_what_was_parked_arrives_when_a_test_finds_the_stream_again(local_daybook: LocalDaybook) -> None:
    customer = Customer(local_daybook)
    customer.send()
    customer.received(1)
    customer.delete_stream()
    parked = customer.send()
    customer.reaches(status="failing", pending=1)
    replay = customer.replay()
    waits(local_daybook, replay)
    customer.replay()  # asks how many of the tenant are under way
    customer.create_stream()
    assert customer.test_stream().json()["delivered"]
    customer.receives(parked)  # the replay sends the first one again, and the test is a record too
    customer.reaches(status="active", pending=0)
    customer.ends(replay, status="succeeded")


def waits(local_daybook: LocalDaybook, replay: str) -> None:
    """Until the replay has left its stream alone for a while: it then asks its queue for its next turn."""
    until = time.monotonic() + 60
    while not any(
        row["sk"]["S"].endswith(replay.rpartition("/")[2]) and "held_ms" in str(row.get("checkpoint"))
        for row in control_rows(local_daybook)
    ):
        assert time.monotonic() < until, replay
        time.sleep(0.1)
