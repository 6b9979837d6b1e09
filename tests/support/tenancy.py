"""The function `tenants` over the gateway's events. A list stands in for the log of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybook.aws.credentials_table.authorizing import CredentialTable
from daybook.aws.wiring import Tables
from daybook.http.problem import Problem
from daybook.http.request import Request
from daybook.http.serve import serve
from daybook.tenants.settings import TenantSettings
from tenants.handler import operations as operations_of
from tests.support.calls import Context, call, operations
from tests.support.documented import documented
from tests.support.wiring import wiring_over

NOW = 1_795_365_067_123
NOW_TEXT = "2026-11-22T16:31:07.123Z"
NEW = {
    "tenant": "acme",
    "name": "Acme Inc",
    "profile": "carear",
    "environments": ["prod", "test"],
    "audit_since": None,
}
LIMITS = {
    "calls_a_minute": 12_000,
    "events_a_second": 1_000,
    "events_a_day": 10_000_000,
    "read_units_a_minute": 120_000,
}
SHOWN = {**NEW, "shards": 1, "limits": LIMITS, "created_at": NOW_TEXT}


@dataclass
class Log:
    """A log of the log that keeps its records in a list and can be made to fail."""

    broken: bool = False
    records: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def __call__(
        self,
        settings: TenantSettings,
        request: Request,  # noqa: ARG002  the real recorder reads the caller and address from it
        activity: str,
        params: Mapping[str, str | int | list[str] | None],
        variant: str | None = None,  # noqa: ARG002  no activity of these tests has variants
    ) -> None:
        if self.broken:
            raise Problem(503, "not_recorded", "Try again.", headers={"Retry-After": "1"})
        self.records.append((settings.tenant, activity, dict(params)))


@dataclass
class Tenancy:
    dynamodb: Any
    tables: Tables
    log: Log = field(default_factory=Log)
    now: int = NOW

    def __post_init__(self) -> None:
        self.wiring = wiring_over(self.dynamodb, self.tables, lambda: self.now, record=self.log)
        self.control = self.wiring.control
        self.credentials = CredentialTable(self.dynamodb, self.tables.credentials)

    def __call__(
        self,
        method: str,
        resource: str,
        body: Any = None,
        *,
        authorizer: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        event = call(method, resource, body, authorizer=authorizer or operations(), **kwargs)
        return documented(event, serve(event, Context(), operations_of(self.wiring)))

    def create(self, **changed: Any) -> dict[str, Any]:
        return self("POST", "/v1/tenants", {**NEW, **changed})

    def change(self, body: Any, tenant: str = "acme") -> dict[str, Any]:
        return self("PATCH", "/v1/tenants/{tenant}", body, parameters={"tenant": tenant})

    def issue(self, body: Any, tenant: str = "acme", **kwargs: Any) -> dict[str, Any]:
        return self("POST", "/v1/tenants/{tenant}/keys", body, parameters={"tenant": tenant}, **kwargs)

    def keys(self, tenant: str = "acme", **kwargs: Any) -> dict[str, Any]:
        return self("GET", "/v1/tenants/{tenant}/keys", parameters={"tenant": tenant}, **kwargs)

    def rotate(self, key_id: str, body: Any, tenant: str = "acme", **kwargs: Any) -> dict[str, Any]:
        parameters = {"tenant": tenant, "key_id": key_id}
        return self("POST", "/v1/tenants/{tenant}/keys/{key_id}/rotate", body, parameters=parameters, **kwargs)

    def revoke(self, key_id: str, tenant: str = "acme", **kwargs: Any) -> dict[str, Any]:
        parameters = {"tenant": tenant, "key_id": key_id}
        return self("DELETE", "/v1/tenants/{tenant}/keys/{key_id}", parameters=parameters, **kwargs)

    def make_operators_key(self, body: Any, **kwargs: Any) -> dict[str, Any]:
        return self("POST", "/v1/operators/keys", body, **kwargs)

    def operators_keys(self, **kwargs: Any) -> dict[str, Any]:
        return self("GET", "/v1/operators/keys", **kwargs)

    def revoke_operators_key(self, key_id: str, **kwargs: Any) -> dict[str, Any]:
        return self("DELETE", "/v1/operators/keys/{key_id}", parameters={"key_id": key_id}, **kwargs)
