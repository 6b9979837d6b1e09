"""A tenant's limits over HTTP, counted in the table by the functions' own roles."""

from tests.support.running_daybook import LocalDaybook, make_tenant

TENANT = "limits-http"


def test_a_tenant_past_its_limit_waits_and_nobody_else_does(local_daybook: LocalDaybook) -> None:
    """Operators still act in it, and another tenant is served."""
    with local_daybook.operations as operations:
        for tenant in (TENANT, f"{TENANT}-2"):
            assert make_tenant(operations, tenant, "generic").status_code == 201
        limits = {"calls_a_minute": 12, "events_a_day": 5}
        changed = operations.patch(f"/v1/tenants/{TENANT}", json={"limits": limits})
        assert changed.json()["limits"] | limits == changed.json()["limits"]
        keys = [
            operations.post(f"/v1/tenants/{tenant}/keys", json={"role": "admin", "label": "a"}).json()["key"]
            for tenant in (TENANT, f"{TENANT}-2")
        ]
    event = {"activity": "a.b", "actor": {"type": "system"}}
    with local_daybook.client(keys[0]) as admin, local_daybook.client(keys[1]) as neighbour:
        sent = [admin.post("/v1/events", json={"events": [event] * 5}) for _ in range(2)]
        assert [answer.status_code for answer in sent] == [201, 429]
        assert int(sent[1].headers["Retry-After"]) > 60
        paths = ("/v1/events", f"/v1/tenants/{TENANT}", "/v1/groups", "/v1/exports", "/v1/settings/stream")
        read = [admin.get(path) for _ in range(6) for path in paths]
        # All functions count in one row. Two minutes may meet here.
        assert {answer.status_code for answer in read} == {200, 429}
        assert sum(answer.status_code == 200 for answer in read) <= 24
        (refused, *_) = [answer for answer in read if answer.status_code == 429]
        assert refused.json()["code"] == "limit_reached"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert neighbour.get("/v1/events").status_code == 200
        # What is to be done about a leaked key, whose holder may have used up the limits.
        listed = [admin.get(f"/v1/tenants/{TENANT}/keys") for _ in range(20)]
        assert {answer.status_code for answer in listed} == {200}
    with local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": TENANT}) as operations:
        shown = operations.get("/v1/events", params={"activity": "a.b"}).json()["events"]
        assert len(shown) == 5
