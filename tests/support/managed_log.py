"""A tenant's people, groups and catalogue as its admin manages them, beside the log that they are of."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from daybook.access.roles import OPERATIONS
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.groups import GroupTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.http.serve import Operation, serve
from daybook.people.resolver import Identities
from daybook.self_audit.recorder import Recorder, record_by
from manage import handler
from manage.actors import ActorOperations
from manage.catalogue import CatalogueOperations
from manage.groups import GroupOperations
from manage.retention import RetentionOperations
from tests.support.calls import Context, answered, authorized, call
from tests.support.ingest import KEYS, seeded_bytes
from tests.support.jobs import MemoryQueue
from tests.support.tenant_log import TenantLog


def _unrecorded(*_: Any) -> None: ...


class ManagedLog(TenantLog):
    def __init__(
        self, dynamodb: Any, tables: Tables, profile: str = "generic", *, recorded: bool = True, **changed: Any
    ) -> None:
        """`recorded`: whether what is managed stands in the log."""
        super().__init__(dynamodb, tables, profile, **changed)
        chance = seeded_bytes(f"managing {self.tenant}")
        events = EventTable(dynamodb, tables.events)
        record = record_by(Recorder(events, KEYS, self.clock, chance)) if recorded else _unrecorded
        control = ControlTable(dynamodb, tables.control)
        identities = IdentityTable(dynamodb, tables.identities)
        self.groups = GroupTable(dynamodb, tables.control, self.clock)
        self.grouping = GroupOperations(
            control, self.groups, identities, lambda store: Identities(store, chance, self.clock), record
        )
        activities = CatalogueTable(dynamodb, tables.control)
        self.cataloguing = CatalogueOperations(control, activities, Catalogues(activities), record)
        self.jobs = JobTable(dynamodb, tables.control)
        self.restamps = MemoryQueue()
        self.retaining = RetentionOperations(control, self.jobs, self.restamps, record, KEYS, self.clock, chance)
        self.context = Context()
        self.actors = ActorOperations(control, identities)
        self.operations = self.operations_with(self.retaining)

    def operations_with(self, retaining: RetentionOperations) -> Mapping[str, Operation]:
        return handler.operations(self.actors, self.grouping, self.cataloguing, retaining)

    def manage(self, method: str, resource: str, body: Any = None, role: str = "admin", **given: Any) -> dict[str, Any]:
        """What is answered; `given`: the path's parameters, `query`, and the credential's one `environment`."""
        bound = {"environment": given.pop("environment")} if "environment" in given else {}
        query = {name: [value] for name, value in given.pop("query", {}).items()}
        event = call(
            method,
            resource,
            body,
            # As the gateway hands them on: undecoded.
            parameters={name: quote(value, safe="") for name, value in given.items()},
            headers={"daybook-tenant": self.tenant} if role == OPERATIONS else None,
            authorizer=authorized(role, tenant="" if role == OPERATIONS else self.tenant, **bound),
        )
        event["multiValueQueryStringParameters"] = query
        return serve(event, self.context, self.operations)

    def done(self, method: str, resource: str, body: Any = None, role: str = "admin", **given: Any) -> Any:
        """The content of an answer that must not be a refusal."""
        answer = self.manage(method, resource, body, role, **given)
        assert answer["statusCode"] in (200, 204), answer["body"]
        return answered(answer) if answer["body"] else None

    def put_group(self, name: str, *members: str) -> list[str]:
        """The members as they are answered."""
        given: list[str] = self.done("PUT", "/v1/groups/{name}", {"members": list(members)}, name=name)["members"]
        return given

    def group(self, name: str) -> list[str]:
        members: list[str] = self.done("GET", "/v1/groups/{name}", name=name)["members"]
        return members

    def guid_of(self, username: str) -> str:
        """Of the one person who has or had exactly this name."""
        picked = self.done("GET", "/v1/actors", query={"prefix": username})["actors"]
        (guid,) = [one["id"] for one in picked if one["username"].lower() == username.lower()]
        return str(guid)
