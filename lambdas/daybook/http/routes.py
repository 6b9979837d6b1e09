"""Every route of the HTTP API. The stack, the laptop's gateway, the authorizer and the functions read this table."""

from typing import NamedTuple

from daybook.access.roles import ADMIN, AUDITOR, OPERATIONS, PRODUCER, ROLES


class Route(NamedTuple):
    """One method of one resource. `roles` is empty if the route needs no credential.

    A last part of the form `{name+}` matches the whole rest of a path, slashes and all.
    """

    method: str
    path: str
    function: str
    operation: str
    roles: frozenset[str]


_WRITERS = frozenset({PRODUCER, ADMIN, OPERATIONS})
_READERS = frozenset({AUDITOR, ADMIN, OPERATIONS})
_MANAGERS = frozenset({ADMIN, OPERATIONS})
_OPERATORS = frozenset({OPERATIONS})
_ANYONE: frozenset[str] = frozenset()

ROUTES = (
    Route("GET", "/console", "console", "console", _ANYONE),
    Route("GET", "/console/{file}", "console", "console_file", _ANYONE),
    Route("GET", "/v1/console-config", "console", "read_console_config", _ANYONE),
    Route("POST", "/v1/sign-in", "console", "sign_in", _ANYONE),
    Route("GET", "/v1/health", "public", "health", _ANYONE),
    Route("GET", "/v1/openapi.json", "public", "openapi", _ANYONE),
    Route("POST", "/v1/events", "ingest", "send_events", _WRITERS),
    Route("GET", "/v1/events", "query", "search_events", _READERS),
    Route("GET", "/v1/events/{event_id}", "query", "read_event", _READERS),
    Route("GET", "/v1/feed", "ledger", "read_feed", _READERS),
    Route("GET", "/v1/alerts", "ledger", "list_alerts", _READERS),
    Route("GET", "/v1/events/{event_id}/proof", "ledger", "read_proof", _READERS),
    Route("GET", "/v1/stats", "ledger", "read_stats", _READERS),
    Route("GET", "/v1/logs", "ledger", "list_logs", _READERS),
    Route("GET", "/v1/logs/{log}/checkpoint", "ledger", "read_checkpoint", _READERS),
    Route("GET", "/v1/logs/{log}/tile/{tile+}", "ledger", "read_tile", _READERS),
    Route("GET", "/v1/me", "query", "read_me", ROLES),
    Route("GET", "/v1/catalogue", "query", "read_catalogue", ROLES),
    Route("PUT", "/v1/catalogue/{activity}", "manage", "put_activity", _MANAGERS),
    Route("DELETE", "/v1/catalogue/{activity}", "manage", "take_back_activity", _MANAGERS),
    Route("PUT", "/v1/settings/catalogue", "manage", "set_catalogue_mode", _MANAGERS),
    Route("GET", "/v1/settings/stream", "streams", "read_stream", _MANAGERS),
    Route("PUT", "/v1/settings/stream", "streams", "set_stream", _MANAGERS),
    Route("DELETE", "/v1/settings/stream", "streams", "remove_stream", _MANAGERS),
    Route("POST", "/v1/settings/stream/test", "streams", "test_stream", _MANAGERS),
    Route("POST", "/v1/settings/stream/replay", "streams", "replay_stream", _MANAGERS),
    Route("GET", "/v1/settings/retention", "manage", "read_retention", _MANAGERS),
    Route("PUT", "/v1/settings/retention", "manage", "set_retention", _MANAGERS),
    Route("GET", "/v1/settings/legal-hold", "manage", "read_hold", _MANAGERS),
    Route("PUT", "/v1/settings/legal-hold", "manage", "set_hold", _MANAGERS),
    Route("DELETE", "/v1/settings/legal-hold", "manage", "lift_hold", _MANAGERS),
    Route("GET", "/v1/target", "query", "read_target", _READERS),
    Route("GET", "/v1/target/time", "query", "read_target_time", _READERS),
    Route("GET", "/v1/target/attribution", "query", "read_target_attribution", _READERS),
    Route("GET", "/v1/actors", "manage", "list_actors", _READERS),
    Route("POST", "/v1/actors/{actor}/forget", "forget", "forget_person", _OPERATORS),
    Route("GET", "/v1/groups", "manage", "list_groups", _READERS),
    Route("GET", "/v1/groups/{name}", "manage", "read_group", _READERS),
    Route("PUT", "/v1/groups/{name}", "manage", "put_group", _MANAGERS),
    Route("DELETE", "/v1/groups/{name}", "manage", "remove_group", _MANAGERS),
    Route("GET", "/v1/views", "manage", "list_views", _READERS),
    Route("GET", "/v1/views/{name}", "manage", "read_view", _READERS),
    Route("PUT", "/v1/views/{name}", "manage", "put_view", _READERS),
    Route("DELETE", "/v1/views/{name}", "manage", "remove_view", _READERS),
    Route("GET", "/v1/refused", "manage", "list_refused", _MANAGERS),
    Route("POST", "/v1/exports", "exports", "create_export", _READERS),
    Route("GET", "/v1/exports", "exports", "list_exports", _READERS),
    Route("GET", "/v1/exports/{export_id}", "exports", "read_export", _READERS),
    Route("DELETE", "/v1/exports/{export_id}", "exports", "cancel_export", _READERS),
    Route("GET", "/v1/jobs", "exports", "list_jobs", _MANAGERS),
    Route("GET", "/v1/jobs/{job_id}", "exports", "read_job", _MANAGERS),
    Route("POST", "/v1/tenants", "tenants", "create_tenant", _OPERATORS),
    Route("GET", "/v1/tenants", "tenants", "list_tenants", _OPERATORS),
    Route("GET", "/v1/tenants/{tenant}", "tenants", "read_tenant", ROLES),
    Route("PATCH", "/v1/tenants/{tenant}", "tenants", "change_tenant", _OPERATORS),
    Route("POST", "/v1/tenants/{tenant}/keys", "tenants", "create_key", _MANAGERS),
    Route("GET", "/v1/tenants/{tenant}/keys", "tenants", "list_keys", _MANAGERS),
    Route("DELETE", "/v1/tenants/{tenant}/keys/{key_id}", "tenants", "revoke_key", _MANAGERS),
    Route("POST", "/v1/tenants/{tenant}/keys/{key_id}/rotate", "tenants", "rotate_key", _MANAGERS),
    Route("POST", "/v1/operators/keys", "tenants", "create_operators_key", _OPERATORS),
    Route("GET", "/v1/operators/keys", "tenants", "list_operators_keys", _OPERATORS),
    Route("DELETE", "/v1/operators/keys/{key_id}", "tenants", "revoke_operators_key", _OPERATORS),
)

NOT_IN_RESERVED = frozenset(
    {
        "change_tenant",
        "put_activity",
        "put_group",
        "remove_group",
        "send_events",
        "set_catalogue_mode",
        "set_retention",
        "take_back_activity",
    }
)
"""Operations that would let operators falsify or shorten the log about themselves, so nobody may do them there."""

BY_RESOURCE = {(route.method, route.path): route for route in ROUTES}


def methods_of(path: str) -> tuple[str, ...]:
    """The methods of a resource, sorted; none for an unknown resource."""
    return tuple(sorted(route.method for route in ROUTES if route.path == path))
