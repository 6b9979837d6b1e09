"""A tenant's log: the ingest function and the query function over one wiring."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import format_time
from daybook.crypto.keys import TenantKeys
from daybook.http.serve import Operation, serve
from daybook.ids import lowest_id
from daybook.people.forgetter import Forgetter, mark_of, no_sweep
from daybook.tenant import EnvironmentKey, Tenant
from query.handler import operations
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.ingest import KEYS, NOW, Sender, settings
from tests.support.wiring import wiring_over


class Reader:
    """Reads as an auditor does and returns the answers."""

    def __init__(
        self,
        wiring: Wiring,
        tenant: str = "acme",
        role: str = "auditor",
        operations_of: Callable[[Wiring], Mapping[str, Operation]] = operations,
    ) -> None:
        """`operations_of` makes the function that answers."""
        self._operations = operations_of(wiring)
        self._role = role
        self._tenant = tenant

    def __call__(
        self,
        path: str = "/v1/events",
        query: Mapping[str, str | Sequence[str]] | None = None,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **authorizer: Any,
    ) -> dict[str, Any]:
        of_operations = self._role == OPERATIONS
        event = call(
            "GET",
            path,
            parameters=parameters,
            headers={**(headers or {}), **({"daybook-tenant": self._tenant} if of_operations else {})},
            authorizer=authorized(self._role, **({"tenant": "" if of_operations else self._tenant} | authorizer)),
        )
        event["multiValueQueryStringParameters"] = {
            name: [values] if isinstance(values, str) else list(values) for name, values in (query or {}).items()
        }
        return documented(event, serve(event, Context(), self._operations))


class TenantLog:
    """One tenant's log. Sending and reading use a clock that the test controls."""

    def __init__(
        self, dynamodb: Any, tables: Tables, profile: str = "generic", tenant: str = "acme", **changed: Any
    ) -> None:
        """`changed` are fields of the tenant's settings."""
        self.now = NOW
        self.dynamodb = dynamodb
        self.tables = tables
        self.tenant = Tenant(tenant)
        self.wiring = wiring_over(dynamodb, tables, self.clock, seed=tenant)
        self.control = self.wiring.control
        self.settings = settings(profile, tenant=self.tenant, **changed)
        self.control.create_tenant(self.settings)
        self.send = Sender(self.wiring.replacing(), tenant)
        self.read = self.reader()

    def clock(self) -> int:
        return self.now

    @property
    def keys(self) -> TenantKeys:
        return KEYS.of(self.settings.code)

    def key(self, environment: str = "prod") -> EnvironmentKey:
        return self.settings.environment_key(environment)

    def reader(self, role: str = "auditor", **replaced: Any) -> Reader:
        """`replaced` are properties of the wiring."""
        return Reader(self.wiring.replacing(**replaced), self.tenant, role)

    def sent(self, *events: Mapping[str, Any]) -> list[str]:
        """Returns the ids of the events, which must all be accepted. Missing fields mean: now, in `prod`, by Mike."""
        filled = [
            {
                "occurred_at": format_time(self.now),
                "environment": "prod",
                "activity": "document.updated",
                "actor": {"type": "user", "username": "mike.mars"},
                **event,
            }
            for event in events
        ]
        answer = self.send({"events": filled})
        assert answer["statusCode"] == 201, answer["body"]
        return [result["id"] for result in answered(answer)["results"]]

    def page(self, query: Mapping[str, str | Sequence[str]] | None = None, **authorizer: Any) -> dict[str, Any]:
        answer = self.read(query=query, **authorizer)
        assert answer["statusCode"] == 200, answer["body"]
        page: dict[str, Any] = answered(answer)
        return page

    def found(self, **query: str | Sequence[str]) -> list[str]:
        """The ids of a search's first page, without Daybook's own events."""
        return [event["id"] for event in self.page(query)["events"] if event["component"] != "Audit Log"]

    def recorded(self, activity: str = "") -> list[dict[str, Any]]:
        """Daybook's own events, in no particular order. The read that this call makes is not among them yet."""
        everything = self.page({"limit": "500"})["events"]
        return [event for event in everything if event["activity"].startswith(f"audit-log.{activity}")]

    def forget(self, guid: str) -> None:
        """Does what operations do, without the checks and the record."""
        Forgetter(self.wiring.forgetting, self.keys, no_sweep).forget(
            self.key(), mark_of(guid, lowest_id(self.now), 365)
        )


def problem_of(answer: Mapping[str, Any]) -> tuple[int, str]:
    """The status and code of an answer that must be a problem."""
    assert answer["headers"]["Content-Type"] == "application/problem+json", answer
    return answer["statusCode"], answered(answer)["code"]
