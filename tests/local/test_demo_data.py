"""The demo's tenants, loaded over HTTP into local Daybook."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daybook.catalogue.profile import profile
from daybook_verify.__main__ import main as verify
from events.demo import PRODUCTS, load
from events.demo.load import LABEL, Demo
from tests.support.running_daybook import LocalDaybook

SEALED_SECONDS = 90
"""A few windows of the stream and a checkpoint each ten seconds, on a busy machine."""


@pytest.fixture(scope="module")
def demos(local_daybook: LocalDaybook) -> dict[str, Demo]:
    return {demo.product: demo for demo in load.load(local_daybook.url, local_daybook.operations_key)}


def _all_events(client: httpx.Client, environment: str) -> Iterator[dict[str, Any]]:
    """All events except Daybook's own."""
    query: dict[str, Any] = {"environment": environment, "limit": 500}
    while True:
        answer = client.get("/v1/events", params=query).json()
        yield from (event for event in answer["events"] if event["component"] != "Audit Log")
        if answer["next_cursor"] is None:
            return
        query["cursor"] = answer["next_cursor"]


def _ids(local_daybook: LocalDaybook, demo: Demo) -> list[str]:
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": demo.tenant}) as client:
        return [event["id"] for environment in demo.environments for event in _all_events(client, environment)]


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_product_has_a_tenant_with_all_its_events(
    local_daybook: LocalDaybook, demos: dict[str, Demo], product: str
) -> None:
    """All of them arrive, also in the product's own view."""
    demo = demos[product]
    assert demo.tenant == f"{product}-demo"
    assert len(set(_ids(local_daybook, demo))) == demo.events
    with local_daybook.client(demo.auditor_key) as client:
        answer = client.get("/v1/events", params={"view": product}).json()
    assert answer["columns"] == [column.label for column in profile(product).columns]
    assert len(answer["events"]) == 50


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_tenant_has_logs_checkpoints_and_statistics(
    local_daybook: LocalDaybook,
    demos: dict[str, Demo],
    product: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Soon after the start its events are sealed and counted, as whoever trusts nobody can verify.

    Operations see all logs, those of what only they may read too.
    """
    demo = demos[product]
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": demo.tenant}) as client:
        logs = _sealed(client, demo.events)
        totals = [
            client.get("/v1/stats", params={"environment": name, "interval": "none"}).json()["total"]
            for name in demo.environments
        ]
    assert {log["environment"] for log in logs} == {*demo.environments}
    assert sum(totals) >= demo.events
    monkeypatch.setenv("DAYBOOK_KEY", local_daybook.operations_key)
    for log in logs:
        keys = [part for line in log["key"] for part in ("--key", line)]
        address = f"{local_daybook.url}/v1/logs/{log['name']}"
        assert verify(["monitor", address, *keys, "--tenant", demo.tenant, "--kept", str(tmp_path / log["name"])]) == 0


def _sealed(client: httpx.Client, events: int) -> list[dict[str, Any]]:
    """The tenant's logs, once they have as many signed entries."""
    end = time.monotonic() + SEALED_SECONDS
    while True:
        logs: list[dict[str, Any]] = client.get("/v1/logs").json()["logs"]
        if sum(log["size"] for log in logs) >= events:
            return logs
        assert time.monotonic() < end, logs
        time.sleep(0.5)


def test_the_keys_are_of_the_three_roles(local_daybook: LocalDaybook, demos: dict[str, Demo]) -> None:
    """The key that the page shows can read and not write."""
    demo = demos["chat"]
    with local_daybook.client(demo.admin_key) as client:
        keys = client.get(f"/v1/tenants/{demo.tenant}/keys").json()["keys"]
    assert {(key["role"], key["label"], key["environment"]) for key in keys} == {
        (role, LABEL, "*") for role in ("admin", "auditor", "producer")
    }
    event = {"activity": "user-logged-in", "actor": {"type": "user", "username": "tanya.osei"}}
    with local_daybook.client(demo.auditor_key) as client:
        assert client.post("/v1/events", json=event).status_code == 403
    with local_daybook.client(demo.producer_key) as client:
        assert client.get("/v1/events").status_code == 403


def test_the_documents_riddle_is_solved(local_daybook: LocalDaybook, demos: dict[str, Demo]) -> None:
    """John Doe deleted the Defect."""
    about = {"target": "defect:D-1", "at": "2022-04-12T13:41:32Z"}
    with local_daybook.client(demos["enate"].auditor_key) as client:
        answer = client.get("/v1/target/attribution", params=about).json()
    assert answer["conclusion"]["name"] == "John Doe"


def test_a_second_start_adds_nothing_and_changes_the_keys(local_daybook: LocalDaybook, demos: dict[str, Demo]) -> None:
    """Neither a start that knows of the first one nor a start that sends everything again."""
    first = demos["carear"]
    before = _ids(local_daybook, first)
    again = {demo.product: demo for demo in load.load(local_daybook.url, local_daybook.operations_key)}["carear"]
    path = f"/v1/tenants/{first.tenant}/keys"
    with local_daybook.operations as operations:
        for key in operations.get(path).json()["keys"]:
            assert operations.delete(f"{path}/{key['key_id']}").status_code == 204
    third = {demo.product: demo for demo in load.load(local_daybook.url, local_daybook.operations_key)}["carear"]
    ids = _ids(local_daybook, third)
    new = len(ids) - len(before)  # the events that have happened in between
    assert ids[new:] == before
    assert new == third.events - first.events
    for earlier in (first, again):
        with local_daybook.client(earlier.auditor_key) as client:
            assert client.get("/v1/events").status_code == 401
