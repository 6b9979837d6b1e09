"""People who sign in at a real issuer call the laptop's API with their tokens."""

from typing import Any

import pytest

from tests.local.conftest import TENANT
from tests.support.running_daybook import LocalDaybook, make_tenant
from tests.support.sign_in import id_token

HERE = {"Daybook-Tenant": TENANT}


@pytest.fixture(scope="module", autouse=True)
def tenant(local_daybook: LocalDaybook) -> None:
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT).status_code == 201


def _searches_of(local_daybook: LocalDaybook, username: str) -> list[dict[str, Any]]:
    with local_daybook.operations as operations:
        found = operations.get("/v1/events?activity=audit-log.searched&actor_type=user", headers=HERE).json()["events"]
    return [event for event in found if event["actor"]["username"] == username]


def test_a_token_reads_and_its_user_is_in_the_log_of_the_log(local_daybook: LocalDaybook, provider: str) -> None:
    """As a person, who can be forgotten."""
    with local_daybook.client(id_token(provider, "jane")) as jane:
        assert jane.get("/v1/events").status_code == 200
        assert jane.put("/v1/settings/retention", json={"days": 60}).status_code == 403
        assert jane.get("/v1/tenants/other").status_code == 404
    (event,) = _searches_of(local_daybook, "jane.roe")
    guid = event["actor"]["id"]
    assert (event["actor"]["type"], event["actor"]["name"]) == ("user", "Jane Roe")
    assert (event["actor"]["email"], event["context"]["ip"]) == ("jane@roe.example", "127.0.0.1")
    with local_daybook.operations as operations:
        (forgotten,) = operations.post(f"/v1/actors/{guid}/forget", headers=HERE).json()["forgotten"]
    assert forgotten["actor_id"] == guid


def test_a_token_sends_events_and_several_roles_add_up(local_daybook: LocalDaybook, provider: str) -> None:
    """What it sent names the person by the same GUID as the log of the log does."""
    event = {"activity": "a.b", "actor": {"type": "system"}}
    with local_daybook.client(id_token(provider, "kim")) as kim:
        assert kim.post("/v1/events", json=event).status_code == 201
        (sent,) = kim.get("/v1/events?activity=a.b").json()["events"]
        assert kim.get("/v1/events?environment=test").status_code == 404
    (search,) = _searches_of(local_daybook, "kim@example.com")
    assert sent["sender"]["credential"] == search["actor"]["id"]


def test_a_cursor_is_its_users(local_daybook: LocalDaybook, provider: str) -> None:
    """A new token of the same user continues, another user does not."""
    with local_daybook.client(id_token(provider, "kim")) as kim:
        kim.post("/v1/events", json={"events": [{"activity": "c.d", "actor": {"type": "system"}}] * 2})
        page: dict[str, str | int] = {"activity": "c.d", "limit": 1}
        page["cursor"] = kim.get("/v1/events", params=page).json()["next_cursor"]
    with local_daybook.client(id_token(provider, "kim")) as kim, local_daybook.client(id_token(provider, "lee")) as lee:
        assert kim.get("/v1/events", params=page).status_code == 200
        assert lee.get("/v1/events", params=page).json()["code"] == "cursor_mismatch"


@pytest.mark.parametrize(("subject", "status"), [("nobody", 401), ("operator", 401), ("stranger", 404)])
def test_what_no_token_opens(local_daybook: LocalDaybook, provider: str, subject: str, status: int) -> None:
    """No role of ours, the role of operators, a tenant that there is not."""
    with local_daybook.client(id_token(provider, subject)) as client:
        assert client.get("/v1/events").status_code == status
