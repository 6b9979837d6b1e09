"""The demo's tenants, loaded over HTTP into local Daybook."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from daybook.catalogue.profile import profile
from events.demo import PRODUCTS, load
from events.demo.load import LABEL, Demo
from tests.support.running_daybook import LocalDaybook


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
