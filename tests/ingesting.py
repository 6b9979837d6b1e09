"""An ingest function as its composition root makes it, over the stores and keys that a test hands in."""

from collections.abc import Callable, Mapping
from typing import Any

from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.identities import IdentityTable
from daybook.caller import Tenant
from daybook.clock import Clock, parse_time
from daybook.derivation import DeploymentKeys
from daybook.http import serve
from daybook.identities import Identities
from daybook.tenants import Layout, TenantSettings
from ingest.handler import SendEvents
from ingest.ingest import Ingest
from tests.calls import Context, authorized, call
from tests.conftest import Tables

SECRET = bytes(range(32))
KEYS = DeploymentKeys.from_secret(SECRET)
NOW = parse_time("2026-11-22T16:31:08.000Z")

EXAMPLE: dict[str, Any] = {
    "id": "your own id, makes a retry harmless",
    "occurred_at": "2026-11-22T16:31:07.123Z",
    "environment": "prod",
    "activity": "clusters.update",
    "variant": "name",
    "status": "success",
    "actor": {
        "type": "user",
        "id": "your stable id of the person",
        "username": "mike.mars",
        "name": "Mike Mars",
        "email": "mike@mars.example",
        "user_type": "Admin",
        "roles": ["Release Manager"],
    },
    "source": {"type": "ADMIN"},
    "target": {
        "type": "defect",
        "id": "D-9",
        "name": "Wrong amount",
        "within": {"type": "work-item", "id": "1234-C-A1"},
    },
    "params": {
        "old_name": "c1",
        "new_name": "c2",
        "app": "Flight Scanner",
        "app_group": "Demo App",
        "approver": {"user": "jane.roe"},
    },
    "details": "free text, in place of a template",
    "people": [{"username": "jane.roe", "name": "Jane Roe"}],
    "changes": [{"field": "due_date", "from": "2026-11-20", "to": "2026-11-24"}],
    "context": {"ip": "203.0.113.7", "user_agent": "…", "session_id": "…", "request_id": "…"},
    "caused_by": "the id of another event",
}
"""The contract's own."""


def settings(profile: str = "jiffy", **changed: Any) -> TenantSettings:
    given: dict[str, Any] = {
        "tenant": Tenant("acme"),
        "name": "Acme Inc",
        "profile": profile,
        "environments": ("prod", "test"),
        "created_at": 0,
        "audit_since": None,
        "retention_days": 365,
        "layouts": (Layout(0, 1),),
    }
    return TenantSettings(**(given | changed))


def counting_bytes() -> Callable[[int], bytes]:
    """Randomness that a test can repeat: no two answers alike."""
    counter = iter(range(1, 2**31))
    return lambda length: (next(counter) * 0x9E3779B97F4A7C15).to_bytes(48, "big")[-length:].rjust(length, b"\x01")


class Sender:
    """Sends calls to an ingest function and gives what it answers."""

    def __init__(self, send_events: SendEvents, tenant: str = "acme") -> None:
        self._send_events = send_events
        self._tenant = tenant

    def __call__(self, body: Any, headers: Mapping[str, str] | None = None, **authorizer: Any) -> dict[str, Any]:
        event = call(
            "POST",
            "/v1/events",
            body,
            headers=headers,
            authorizer=authorized("producer", **({"tenant": self._tenant} | authorizer)),
        )
        return serve(event, Context(), {"send_events": self._send_events})


def ingest_over(dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, **replaced: Any) -> SendEvents:
    """`replaced`: `events` or `people`, a store in place of the tables'."""
    people = replaced.get("people") or IdentityTable(dynamodb, tables.identities)
    events = replaced.get("events") or EventTable(dynamodb, tables.events)
    ingest = Ingest(events, Identities(people, counting_bytes()), KEYS, clock, counting_bytes())
    return SendEvents(ingest, ControlTable(dynamodb, tables.control).settings)
