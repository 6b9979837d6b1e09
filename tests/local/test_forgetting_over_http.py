"""A person is forgotten over HTTP with only the permissions of the function's own role."""

from tests.support.running_daybook import LocalDaybook, make_tenant

TENANT = "forgetting-http"


def test_a_person_is_forgotten_and_comes_back_as_somebody_new(local_daybook: LocalDaybook) -> None:
    """After the answer nobody has the name. The tenant's own admin may not forget anyone."""
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT, "chat").status_code == 201
        made = operations.post(f"/v1/tenants/{TENANT}/keys", json={"role": "admin", "environment": "*", "label": "a"})
    event = {"activity": "chat-opened", "actor": {"type": "user", "id": "u/1", "username": "mike.mars"}}
    with local_daybook.client(made.json()["key"]) as admin:
        assert admin.post("/v1/events", json=event).status_code == 201
        assert admin.post("/v1/actors/mike.mars/forget").status_code == 403
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as operations:
        answer = operations.post("/v1/actors/u%2F1/forget")
        assert answer.status_code == 200, answer.text
        (person,) = answer.json()["forgotten"]
        guid = person["actor_id"]
        assert operations.post("/v1/actors/mike.mars/forget").status_code == 404
        assert operations.get("/v1/actors", params={"prefix": "mike"}).json()["actors"] == []
        assert operations.get("/v1/events", params={"actor": "mike.mars"}).json()["events"] == []
        assert len(operations.get("/v1/events", params={"actor": guid}).json()["events"]) == 1
        assert operations.post("/v1/events", json=event).status_code == 201
        (new,) = operations.get("/v1/actors", params={"prefix": "mike"}).json()["actors"]
        assert new["id"] != guid
        recorded = operations.get("/v1/events", params={"activity": "audit-log.person-forgotten"}).json()["events"]
        assert [each["id"] for each in recorded] == [person["event_id"]]
