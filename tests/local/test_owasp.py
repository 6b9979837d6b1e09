"""OWASP's API Security Top 10 (2023) over HTTP, as far as a client can try it. SECURITY.md gives the counts.

The calls are derived from the table of routes, so a new route is tried as well.
"""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from daybook.access.roles import ADMIN, AUDITOR, OPERATIONS, PRODUCER
from daybook.http.routes import ROUTES, Route
from infra import ROOT
from infra.openapi.document import documented_path
from tests.support.documented import document
from tests.support.running_daybook import LocalDaybook, logs_of, make_tenant

MINE, THEIRS = "owasp-mine", "owasp-theirs"
GUARDED = [route for route in ROUTES if route.roles]
PARAMETERS = {name for route in ROUTES for name in re.findall(r"\{(\w+)\+?\}", route.path)}


@dataclass(frozen=True)
class Tenants:
    mine: Mapping[str, httpx.Client]
    """Clients of one tenant, by role. Operations name the tenant in the header."""
    theirs: httpx.Client
    """An admin of another tenant."""
    things: Mapping[str, str]
    """What the other tenant has, by the name of a path's parameter."""


@pytest.fixture(scope="module")
def tenants(local_daybook: LocalDaybook) -> Iterator[Tenants]:
    with local_daybook.operations as operations:
        assert all(make_tenant(operations, tenant).status_code == 201 for tenant in (MINE, THEIRS))
        keys = {role: made_key(operations, MINE, role) for role in (PRODUCER, AUDITOR, ADMIN)}
        theirs = local_daybook.client(made_key(operations, THEIRS, ADMIN))
    mine = {role: local_daybook.client(key) for role, key in keys.items()}
    mine[OPERATIONS] = local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": MINE})
    yield Tenants(mine, theirs, their_things(theirs))
    for client in (*mine.values(), theirs):
        client.close()


def made_key(operations: httpx.Client, tenant: str, role: str) -> str:
    made = operations.post(f"/v1/tenants/{tenant}/keys", json={"role": role, "label": role})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


def their_things(theirs: httpx.Client) -> dict[str, str]:
    event = {"activity": "door.opened", "actor": {"type": "user", "id": "p-1", "username": "their.person"}}
    variant = {"variant": "default", "template": "The door was shut", "params": []}
    activity = {"category": "Theirs", "component": "Door", "event": "Shut", "origin": "any", "variants": [variant]}
    stored = theirs.post("/v1/events", json=event)
    exported = theirs.post("/v1/exports", json={})
    assert stored.status_code == 201, stored.text
    assert exported.status_code == 202, exported.text
    assert theirs.put("/v1/groups/their-group", json={"members": ["their.person"]}).is_success
    assert theirs.put("/v1/views/their-group", json={"query": "actor=their.person"}).is_success
    put = theirs.put("/v1/catalogue/their.activity", json=activity)
    assert put.is_success, put.text
    return {
        "tenant": THEIRS,
        "event_id": stored.json()["results"][0]["id"],
        "export_id": exported.json()["id"],
        "job_id": exported.json()["id"],
        "key_id": theirs.get(f"/v1/tenants/{THEIRS}/keys").json()["keys"][0]["key_id"],
        "name": "their-group",
        "activity": "their.activity",
        "actor": "their.person",
        "log": logs_of(theirs)[0]["name"],
        "tile": "0/000.p/1",
    }


def path_of(route: Route, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\+?\}", lambda parameter: values[parameter[1]], route.path)


def documented_count(risk: str) -> int:
    """The number of calls that SECURITY.md gives for this risk."""
    (row,) = (line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith(f"| {risk}:"))
    return int(row.split("|")[-2])


def test_api1_nobody_reaches_what_another_tenant_has(tenants: Tenants) -> None:
    """Broken object level authorization: with each role that a route admits, what another tenant has is not found.

    PUT makes the caller's own thing of that name; it is tried by looking at theirs afterwards.
    """
    tried = [
        (role, route, values)
        for route in GUARDED
        for role in sorted(route.roles - {OPERATIONS})
        for values in foreign(route, tenants.things)
        if route.method != "PUT"
    ]
    for role, route, values in tried:
        answer = tenants.mine[role].request(route.method, path_of(route, values), json=body_for(route))
        assert answer.status_code == 404, f"{role} {route.method} {path_of(route, values)}: {answer.text}"
    tenants.mine[ADMIN].put("/v1/groups/their-group", json={"members": ["my.person"]})
    headed = tenants.mine[ADMIN].get("/v1/groups/their-group", headers={"Daybook-Tenant": THEIRS})
    assert headed.json()["members"] != ["their.person"]
    assert tenants.theirs.get("/v1/groups/their-group").json()["members"] == ["their.person"]
    assert tenants.theirs.get(f"/v1/exports/{tenants.things['export_id']}").json()["status"] != "cancelled"
    assert tenants.theirs.get(f"/v1/events/{tenants.things['event_id']}").status_code == 200
    assert len(tried) == documented_count("API1")


def foreign(route: Route, things: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The values of the path, at least one of them another tenant's."""
    names = re.findall(r"\{(\w+)\+?\}", route.path)
    if names:
        yield things
    if len(names) > 1:
        yield {**things, "tenant": MINE}


def body_for(route: Route) -> Any:
    """One that passes the checks of its form, so that only the tenant is in the way."""
    return {("POST", "create_key"): {"role": PRODUCER, "label": "mine"}}.get((route.method, route.operation))


FORGED = (
    None,
    "",
    "Bearer",
    "Basic ZGJrOmRiaw==",
    "Bearer dbk_0_" + "A" * 43,
    "Bearer dbk_" + "a" * 33 + "_" + "A" * 43,
    "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJvcGVyYXRpb25zIl19.",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJyb2xlcyI6WyJvcGVyYXRpb25zIl19.AAAA",
)


def test_api2_no_route_answers_without_a_valid_credential(local_daybook: LocalDaybook) -> None:
    """Broken authentication. From the 21st failure of a minute on the address has to wait: 429."""
    # An address of its own, so that no other test has to wait for it.
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    tried = 0
    with httpx.Client(base_url=local_daybook.url, transport=transport, timeout=30) as client:
        for route in GUARDED:
            path = path_of(route, dict.fromkeys(PARAMETERS, "any"))
            for forged in FORGED:
                headers = {} if forged is None else {"Authorization": forged}
                answer = client.request(route.method, path, headers=headers)
                assert answer.status_code in (401, 429), f"{route.method} {path} {forged}: {answer.text}"
                tried += 1
        missing = client.get("/v1/events")
    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert tried == documented_count("API2")


FIELDS = ("tenant", "role", "credential", "received_at", "is_admin", "__class__")


def test_api3_nobody_sets_a_field_that_is_not_theirs_to_set(tenants: Tenants) -> None:
    """Broken object property level authorization: each body refuses each unknown field by its name."""
    tried = 0
    key = tenants.mine[ADMIN].get(f"/v1/tenants/{MINE}/keys").json()["keys"][0]["key_id"]
    mine = {"tenant": MINE, "name": "mine", "activity": "my.activity", "key_id": key}
    for route, form in forms():
        known = properties(form)
        for field in (*FIELDS, "unknown_"):
            if field in known:
                continue
            path = path_of(route, mine)
            answer = tenants.mine[OPERATIONS].request(route.method, path, json={field: "x"})
            assert answer.status_code in (400, 422), f"{route.method} {path} {field}: {answer.text}"
            assert field in answer.text
            tried += 1
    listed = tenants.mine[ADMIN].get(f"/v1/tenants/{MINE}/keys").json()["keys"]
    assert not {"key", "hash", "secret"} & {name for key in listed for name in key}
    assert tried == documented_count("API3")


def forms() -> Iterator[tuple[Route, Mapping[str, Any]]]:
    for route in GUARDED:
        operation = document()["paths"][documented_path(route.path)][route.method.lower()]
        if "requestBody" in operation:
            yield route, operation["requestBody"]["content"]["application/json"]["schema"]


def properties(schema: Mapping[str, Any]) -> set[str]:
    """The fields of a form, of each of its alternatives."""
    if "$ref" in schema:
        return properties(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return set(schema.get("properties", {})).union(*(properties(each) for each in schema.get("anyOf", ())))


def test_api4_what_is_too_much_is_refused_before_it_costs(tenants: Tenants) -> None:
    """Unrestricted resource consumption. `tests/handlers` try the limits of a tenant."""
    admin = tenants.mine[ADMIN]
    event = {"activity": "a.b", "actor": {"type": "system"}}
    nested: Any = {"x": "x"}
    for _ in range(40):
        nested = {"params": nested}
    people = [{"username": f"person-{number}"} for number in range(50)]
    crowd = [
        {**event, "people": [{"username": f"{person['username']}-{each}"} for person in people]} for each in range(21)
    ]
    names = "&".join(f"activity=a.{number}" for number in range(101))
    refused = (
        (admin.post("/v1/events", json={"events": [event] * 501}), 400),
        (admin.post("/v1/events", content=b" " * 3_200_000), 413),
        (
            admin.post("/v1/events", content=gzip.compress(b" " * 100_000_000), headers={"Content-Encoding": "gzip"}),
            413,
        ),
        (admin.post("/v1/events", json={**event, **nested}), 400),
        (admin.post("/v1/events", json={"events": crowd}), 413),
        (admin.post("/v1/events", json={**event, "params": {f"p{n}": "x" for n in range(51)}}), 422),
        (admin.get("/v1/events?limit=501"), 400),
        (admin.get(f"/v1/events?{names}"), 400),
        (admin.get("/v1/events?cursor=" + "A" * 3_000), 400),
        (admin.put("/v1/groups/mine", json={"members": ["x" * 100_000]}), 422),
    )
    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    assert len(refused) == documented_count("API4")


def test_api5_no_role_calls_a_route_of_another(tenants: Tenants) -> None:
    """Broken function level authorization: the gateway's policy refuses, and behind it each function again."""
    tried = [(role, route) for route in GUARDED for role in sorted(tenants.mine.keys() - route.roles)]
    for role, route in tried:
        path = path_of(route, {**tenants.things, "tenant": MINE})
        answer = tenants.mine[role].request(route.method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), f"{role} {route.method} {path}"
    assert len(tried) == documented_count("API5")


REQUESTS_ELSEWHERE = (
    {"stream_arn": "http://169.254.169.254/latest/meta-data"},
    {"stream_arn": "arn:aws:kinesis:evil.example.com/#:210987654321:stream/audit"},
    {"stream_arn": "arn:aws:kinesis:eu-central-1@evil.example.com:210987654321:stream/audit"},
    {"stream_arn": "arn:aws:kinesis:127.0.0.1:210987654321:stream/audit"},
    {"stream_arn": "arn:aws:kinesis:localhost:210987654321:stream/audit"},
    {"stream_arn": "arn:aws:s3:eu-central-1:210987654321:stream/audit"},
    {"stream_arn": "arn:aws:kinesis:eu-central-1:210987654321:stream/../audit"},
    {"role_arn": "arn:aws:iam::evil:role/daybook"},
    {"role_arn": "arn:aws:iam::210987654321:user/daybook"},
    {"role_arn": "https://evil.example.com/role"},
)


@pytest.mark.parametrize("changed", REQUESTS_ELSEWHERE, ids=lambda changed: next(iter(changed.values())))
def test_api7_no_caller_chooses_where_daybook_connects_to(tenants: Tenants, changed: dict[str, str]) -> None:
    """Server side request forgery. What callers name becomes part of one host alone: Kinesis's of a region."""
    good = {
        "stream_arn": "arn:aws:kinesis:eu-central-1:210987654321:stream/audit",
        "role_arn": "arn:aws:iam::210987654321:role/daybook",
        "format": "native",
    }
    answer = tenants.mine[ADMIN].put("/v1/settings/stream", json={**good, **changed})
    assert answer.status_code == 422, answer.text
    assert len(REQUESTS_ELSEWHERE) == documented_count("API7")


def test_api6_a_flow_that_costs_much_is_bounded_for_each_tenant(tenants: Tenants) -> None:
    """Unrestricted access to sensitive business flows: of exports that wait or run a tenant may have a few."""
    asked = [tenants.mine[AUDITOR].post("/v1/exports", json={"complete": True}) for _ in range(25)]
    refused = [answer for answer in asked if answer.status_code == 429]
    assert {answer.status_code for answer in asked} == {202, 429}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert tenants.theirs.post("/v1/exports", json={}).status_code == 202
    for answer in asked:
        if answer.status_code == 202:
            tenants.mine[AUDITOR].delete(f"/v1/exports/{answer.json()['id']}")
    assert len(asked) == documented_count("API6")


UNREADABLE = (b"{", b"\xff\xfe", b'{"a":1e999}', b'{"a":1}{}', b"[" * 2_000)
TELLS = ("Traceback", "botocore", "arn:aws", "dynamodb", 'File "', "msgspec", "line 1")
"""Words of the inside."""


def test_api8_no_answer_tells_of_the_inside(tenants: Tenants) -> None:
    """Security misconfiguration: whatever can't be read is a problem document without internals."""
    tried = 0
    for route, _ in forms():
        path = path_of(route, {**tenants.things, "tenant": MINE})
        for body in UNREADABLE:
            answer = tenants.mine[OPERATIONS].request(route.method, path, content=body)
            assert 400 <= answer.status_code < 500, f"{route.method} {path} {body[:10]!r}: {answer.text}"
            # An event that can be read but not accepted is answered with the results of its batch.
            results = route.operation == "send_events" and answer.status_code == 422
            assert answer.headers["Content-Type"] == f"application/{'json' if results else 'problem+json'}"
            assert not [word for word in TELLS if word in answer.text]
            tried += 1
    assert tried == documented_count("API8")


ELSEWHERE = ("/v0/events", "/v2/events", "/admin", "/metrics", "/.env", "/v1", "/v1/events/a/b/c", "/internal/health")


def test_api9_what_is_not_in_the_table_is_not_there(local_daybook: LocalDaybook) -> None:
    """Improper inventory management: other paths are 404, other methods 405 with those that are allowed."""
    tried = 0
    with httpx.Client(base_url=local_daybook.url, timeout=30) as anybody:
        for path in ELSEWHERE:
            assert anybody.get(path).status_code == 404, path
            tried += 1
        for path in sorted({route.path for route in ROUTES}):
            allowed = {route.method for route in ROUTES if route.path == path}
            filled = path_of(next(route for route in ROUTES if route.path == path), dict.fromkeys(PARAMETERS, "any"))
            for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed):
                answer = anybody.request(method, filled)
                assert answer.status_code == 405, f"{method} {filled}: {answer.status_code}"
                assert {*answer.headers["Allow"].split(", ")} == allowed
                tried += 1
    assert tried == documented_count("API9")
