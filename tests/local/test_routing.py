"""How the gateway's emulator chooses a resource."""

import pytest

from infra.local.gateway.routing import Resource, Router

RESOURCES = [
    "/",
    "/{proxy+}",
    "/v1/events",
    "/v1/events/{event_id}",
    "/v1/events/count",
    "/v1/tenants/{tenant}/keys/{key_id}",
    "/files/{path+}",
]


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/", "/", {}),
        ("", "/", {}),
        ("/v1/events", "/v1/events", {}),
        ("/v1/events/", "/v1/events", {}),
        ("/v1/events/count", "/v1/events/count", {}),
        ("/v1/events/01J", "/v1/events/{event_id}", {"event_id": "01J"}),
        ("/v1/events/a%2Fb%20c", "/v1/events/{event_id}", {"event_id": "a%2Fb%20c"}),
        ("/v1/events/a/b", "/{proxy+}", {"proxy": "v1/events/a/b"}),
        ("/v1//events", "/{proxy+}", {"proxy": "v1//events"}),
        ("/v1", "/{proxy+}", {"proxy": "v1"}),
        ("/V1/events", "/{proxy+}", {"proxy": "V1/events"}),
        (
            "/v1/tenants/acme/keys/k1",
            "/v1/tenants/{tenant}/keys/{key_id}",
            {"tenant": "acme", "key_id": "k1"},
        ),
        ("/files/a/b/c", "/files/{path+}", {"path": "a/b/c"}),
    ],
)
def test_the_most_particular_resource_answers(path: str, resource: str, parameters: dict[str, str]) -> None:
    """A literal segment has priority over a parameter, and that over a greedy one. Nothing is decoded."""
    match = Router(Resource(each, {}) for each in RESOURCES).find(path)
    assert match
    assert (match.resource.path, match.parameters) == (resource, parameters)


def test_without_a_greedy_resource_a_path_may_lead_nowhere() -> None:
    """A REST API then answers "Missing Authentication Token"."""
    assert Router([Resource("/v1/events", {})]).find("/v1/nothing") is None
