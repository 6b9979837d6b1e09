"""A tenant's log, with the people, groups and catalogue that its admin manages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables, Wiring
from daybook.http.serve import Operation, serve
from manage import handler
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.jobs import MemoryQueue
from tests.support.tenant_log import TenantLog


def _unrecorded(*_: Any, **__: Any) -> None: ...


class ManagedLog(TenantLog):
    def __init__(
        self, dynamodb: Any, tables: Tables, profile: str = "generic", *, recorded: bool = True, **changed: Any
    ) -> None:
        """`recorded` says whether changes to these are recorded in the log."""
        super().__init__(dynamodb, tables, profile, **changed)
        self.managing = self.wiring.replacing(**({} if recorded else {"record": _unrecorded}))
        self.groups, self.jobs = self.managing.groups, self.managing.jobs
        self.restamps = MemoryQueue()
        self.context = Context()
        self.operations = self.operations_over(self.managing)

    def operations_over(self, wiring: Wiring) -> Mapping[str, Operation]:
        return handler.operations(wiring, self.restamps)

    def manage(self, method: str, resource: str, body: Any = None, role: str = "admin", **given: Any) -> dict[str, Any]:
        """Returns the answer. `given`: the path's parameters, `query`, the `credential` and the `first` one of its
        rotations, and its only `environment`.
        """
        bound = {name: given.pop(name) for name in ("environment", "credential", "first") if name in given}
        query = {name: [value] for name, value in given.pop("query", {}).items()}
        event = call(
            method,
            resource,
            body,
            # The gateway passes them undecoded.
            parameters={name: quote(value, safe="") for name, value in given.items()},
            headers={"daybook-tenant": self.tenant} if role == OPERATIONS else None,
            authorizer=authorized(role, tenant="" if role == OPERATIONS else self.tenant, **bound),
        )
        event["multiValueQueryStringParameters"] = query
        return documented(event, serve(event, self.context, self.operations))

    def done(self, method: str, resource: str, body: Any = None, role: str = "admin", **given: Any) -> Any:
        """Returns the content of an answer that must be a success."""
        answer = self.manage(method, resource, body, role, **given)
        assert answer["statusCode"] in (200, 204), answer["body"]
        return answered(answer) if answer["body"] else None

    def put_group(self, name: str, *members: str) -> list[str]:
        """Returns the members in the answer."""
        given: list[str] = self.done("PUT", "/v1/groups/{name}", {"members": list(members)}, name=name)["members"]
        return given

    def group(self, name: str) -> list[str]:
        members: list[str] = self.done("GET", "/v1/groups/{name}", name=name)["members"]
        return members

    def guid_of(self, username: str) -> str:
        """The GUID of the one person who has or had exactly this name."""
        picked = self.done("GET", "/v1/actors", query={"prefix": username})["actors"]
        (guid,) = [one["id"] for one in picked if one["username"].lower() == username.lower()]
        return str(guid)
