"""The measured events: the contract's example and a typical event of each product."""

import random
from typing import Any

from daybook.access.roles import PRODUCER
from daybook.catalogue.profile import profile
from daybook.clock import parse_time
from daybook.crypto.keys import DeploymentKeys
from daybook.events.decoding import Sent
from daybook.events.item import StoredEvent
from daybook.http.caller import Caller
from daybook.tenant import Tenant
from daybook.tenants.settings import Layout, TenantSettings
from ingest.handler import ingest_over
from tests.support.memory_stores import MemoryEvents, memory_wiring

SECRET = bytes(range(32))
KEYS = DeploymentKeys.from_secret(SECRET)
NOW = parse_time("2026-11-22T16:31:08.000Z")

CONTRACT_EXAMPLE: dict[str, Any] = {
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

_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


def _person(username: str, name: str, number: int, **more: Any) -> dict[str, Any]:
    email = f"{username}@customer.example"
    return {"type": "user", "id": f"u-{number}", "username": username, "name": name, "email": email, **more}


TYPICAL: dict[str, dict[str, Any]] = {
    "jiffy": {
        "id": "evt-7f3a90c1",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "clusters.update",
        "variant": "name",
        "actor": _person("priya.nair", "Priya Nair", 4711, user_type="Admin"),
        "target": {
            "type": "cluster",
            "id": "ocr-pool",
            "name": "OCR pool",
            "within": {"type": "app", "id": "invoices"},
        },
        "params": {"old_name": "OCR pool", "new_name": "Reader pool", "app": "Invoice Reader", "app_group": "Finance"},
        "context": {"ip": "198.51.100.23", "user_agent": _BROWSER, "session_id": "s-5d0c2f81"},
    },
    "enate": {
        "id": "packet-9941832",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "work-item.status-changed",
        "variant": "changed",
        "actor": _person("lena.fischer", "Lena Fischer", 88, user_type="Team Leader", roles=["Team Leader"]),
        "target": {
            "type": "action",
            "id": "20417-T-A2",
            "name": "Check supplier invoice",
            "within": {"type": "case", "id": "20417-T"},
        },
        "params": {"from": "In Progress", "to": "Resolved"},
        "changes": [{"field": "status", "from": "In Progress", "to": "Resolved"}],
        "context": {"ip": "198.51.100.23", "user_agent": _BROWSER, "session_id": "5d0c2f81-5f0e"},
    },
    "chat": {
        "id": "c-5a1f09e2-17",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "chat-assigned-to-user",
        "actor": _person("hana.suzuki", "Hana Suzuki", 511, roles=["Supervisor"]),
        "target": {"type": "chat", "id": "c-5a1f09e2"},
        "params": {"user": {"user": "ravi.menon"}},
        "context": {"ip": "198.51.100.23", "user_agent": _BROWSER},
    },
    "carear": {
        "id": "b1946ac92492d2347c6235b4d2611184",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "user-administration.role-changed",
        "actor": _person("sam.okafor", "Sam Okafor", 2207, roles=["Tenant Admin"]),
        "source": {"type": "portal"},
        "target": {"type": "user", "id": "u-2300", "username": "noor.haddad", "name": "Noor Haddad"},
        "details": "Role of noor.haddad changed from Agent to Group Admin",
        "changes": [{"field": "role", "from": "Agent", "to": "Group Admin"}],
        "context": {"ip": "198.51.100.23", "user_agent": _BROWSER, "session_id": "0b6e1f52"},
    },
    "symbee": {
        "id": "ch-000183274",
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "workcodes.upd",
        "actor": _person("mike.mars", "Mike Mars", 17),
        "source": {"type": "ADMIN"},
        "target": {"type": "workcode", "id": "promised-to-pay", "name": "Promised to Pay"},
        "changes": [{"field": "timeout_seconds", "from": 30, "to": 45}],
        "context": {"ip": "198.51.100.23", "user_agent": _BROWSER},
    },
}

MEASURED = {"the contract's example": ("jiffy", CONTRACT_EXAMPLE)} | {
    f"a typical event of {product}": (product, event) for product, event in TYPICAL.items()
}

EVERYWHERE = Caller(role=PRODUCER, tenant="acme", environment="*", credential="k1", label="The key")


def settings_of(product: str, tenant: str = "acme") -> TenantSettings:
    return TenantSettings(
        tenant=Tenant(tenant),
        name=tenant.title(),
        profile=product,
        environments=("prod", "test"),
        created_at=0,
        audit_since=None,
        retention_days=profile(product).retention.default_days,
        layouts=(Layout(0, 1),),
    )


def stored_forms(
    product: str, events: list[dict[str, Any]], now_ms: int = NOW, tenant: str = "acme"
) -> list[StoredEvent]:
    """The stored forms of these events, at most 500 at a time. All must be accepted."""
    store, chance = MemoryEvents(), random.Random(product)  # noqa: S311  the same each time
    ingest = ingest_over(memory_wiring(SECRET, lambda: now_ms, chance.randbytes, events=store))
    results = ingest.store(settings_of(product, tenant), EVERYWHERE, Sent(list(events), 32), lambda: 10.0)
    refused = [result for result in results if result.status != "stored"]
    assert not refused, refused[:3]
    return list(store.events.values())
