"""The main job over HTTP: events are sent, stored durably, and found by every filter."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from events.typical import CONTRACT_EXAMPLE as EXAMPLE
from tests.support.running_daybook import LocalDaybook, make_tenant

TENANT = "over-http"
NOW = datetime.now(UTC)


def at(minutes_ago: int) -> str:
    return (NOW - timedelta(minutes=minutes_ago)).isoformat()


EVENTS: list[dict[str, Any]] = [
    EXAMPLE | {"id": "first", "occurred_at": at(30)},
    {
        "id": "second",
        "occurred_at": at(20),
        "activity": "user.login",
        "actor": {"type": "user", "username": "jane.roe"},
    },
    {"id": "third", "occurred_at": at(10), "activity": "odd.thing", "actor": {"type": "system"}, "status": "failure"},
]


@pytest.fixture(scope="module")
def client(local_daybook: LocalDaybook) -> Iterator[httpx.Client]:
    """Operations in a new tenant with the three events stored."""
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT, "jiffy").status_code == 201
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as client:
        answer = client.post("/v1/events", json={"events": EVENTS})
        assert answer.status_code == 201, answer.text
        assert answer.json()["stored"] == 3
        yield client


def encoded(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def client_ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [event["client_id"] for event in answer.json()["events"] if event["component"] != "Audit Log"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "mike.mars"}, ["first"]),
        ({"actor": "JANE.ROE"}, ["second"]),
        ({"actor": "System"}, ["third"]),
        ({"activity": ["user.login", "odd.thing"]}, ["third", "second"]),
        ({"category": "clusters"}, ["first"]),
        ({"category": "other"}, ["third"]),
        ({"component": "Clusters"}, ["first"]),
        ({"variant": "name"}, ["first"]),
        ({"status": "failure"}, ["third"]),
        ({"actor_type": "system"}, ["third"]),
        ({"user_type": "Admin"}, ["first"]),
        ({"target": "defect:D-9"}, ["first"]),
        ({"target": "work-item:1234-C-A1"}, ["first"]),
        ({"ip": "203.0.113.7"}, ["first"]),
        ({"source_type": "ADMIN"}, ["first"]),
        ({"origin": "system"}, ["third"]),
        ({"session_id": "…"}, ["first"]),
        ({"request_id": "…"}, ["first"]),
        ({"caused_by": "the id of another event"}, ["first"]),
        ({"q": "FREE TEXT"}, ["first"]),
        ({"from": at(25), "to": at(15)}, ["second"]),
        ({"range": "7d", "sort": "occurred_at"}, ["first", "second", "third"]),
        ({"actor": "mike.mars", "status": "failure"}, []),
    ],
    ids=" ".join,  # the names of the filters only: values hold the time of day, and all workers must give the same ids
)
def test_every_filter_finds_its_events(client: httpx.Client, query: dict[str, Any], found: list[str]) -> None:
    """Each filter finds its events and no others."""
    assert client_ids(client.get("/v1/events", params=query)) == found


def test_a_retry_is_the_same_event(client: httpx.Client) -> None:
    """Whatever offset its time has. Different content under the same id is refused."""
    first = client.post("/v1/events", json=EVENTS[1]).json()["results"][0]
    again = EVENTS[1] | {"occurred_at": EVENTS[1]["occurred_at"].replace("+00:00", "Z")}
    assert client.post("/v1/events", json=again).json()["results"][0] == first
    answer = client.post("/v1/events", json=EVENTS[1] | {"details": "other"})
    assert answer.status_code == 422
    assert answer.json()["results"][0]["code"] == "id_conflict"


def test_a_batch_is_answered_one_by_one(client: httpx.Client) -> None:
    """207 if some are stored, with the wrong field of each that is not."""
    answer = client.post("/v1/events", json={"events": [EVENTS[0], {"activity": "a.b", "actor": {"type": "robot"}}]})
    assert answer.status_code == 207
    stored, rejected = answer.json()["results"]
    assert (stored["status"], rejected["status"]) == ("stored", "rejected")
    assert rejected["errors"][0]["path"] == "actor.type"


def test_what_is_stored_is_read_back(client: httpx.Client) -> None:
    """The native event holds what was sent, by search and by id."""
    (event,) = client.get("/v1/events", params={"activity": "clusters.update"}).json()["events"]
    assert client.get(f"/v1/events/{event['id']}").json() == event
    for field in ("activity", "variant", "status", "params", "details", "source", "context", "caused_by"):
        assert event[field] == EXAMPLE[field], field
    assert event["target"]["within"] == EXAMPLE["target"]["within"]
    assert event["actor"]["username"] == "mike.mars"
    assert event["actor"]["client_id"] == EXAMPLE["actor"]["id"]


def test_pages_follow_each_other(client: httpx.Client) -> None:
    """By cursors that are valid for this query only."""
    query: dict[str, Any] = {"activity": ["user.login", "odd.thing"], "limit": 1}
    first = client.get("/v1/events", params=query)
    cursor = first.json()["next_cursor"]
    second = client.get("/v1/events", params=query | {"cursor": cursor})
    assert client_ids(first) + client_ids(second) == ["third", "second"]
    other = client.get("/v1/events", params={"activity": "user.login", "cursor": cursor})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_mismatch")


def test_a_search_is_on_record(client: httpx.Client) -> None:
    """The record shows who searched with which filters. A person that a filter names is shown as a person."""
    client.get("/v1/events", params={"actor": "mike.mars", "status": "success"})
    records = client.get("/v1/events", params={"activity": "audit-log.searched", "limit": 500}).json()["events"]
    wanted = ["actor=mike.mars", "status=success"]
    (record,) = [event for event in records if event["params"]["filters"] == wanted]
    assert record["actor"]["type"] == "operations"
    assert record["params"]["rows"] == 1


@pytest.mark.parametrize("name", ["repo:create", "user.signed_in", "ConsoleLogin", "s3.amazonaws.com:GetObject"])
@pytest.mark.parametrize("in_path", [lambda name: name, encoded], ids=["plain", "encoded"])
def test_other_products_activities_are_catalogued(
    client: httpx.Client, name: str, in_path: Callable[[str], str]
) -> None:
    """Also where the path has every character of the name percent-encoded."""
    path = f"/v1/catalogue/{in_path(name)}"
    answer = client.put(path, json={"category": "Imported"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["activity"] == name
    assert name in {each["activity"] for each in client.get("/v1/catalogue").json()["activities"]}
    sent = client.post("/v1/events", json={"activity": name, "actor": {"type": "user", "username": "jane.roe"}})
    assert sent.status_code == 201, sent.text
    native = client.get(f"/v1/events/{sent.json()['results'][0]['id']}").json()
    assert (native["activity"], native["category"]) == (name, "Imported")
    assert client.delete(path).status_code == 204
