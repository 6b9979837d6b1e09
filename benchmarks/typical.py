"""The measured events: the contract's example and a typical event of each product."""

import random
import zlib
from typing import Any

from daybook.access.roles import PRODUCER
from daybook.catalogue.profile import profile
from daybook.clock import parse_time
from daybook.crypto.keys import DeploymentKeys
from daybook.events.decoding import Sent
from daybook.events.item import StoredEvent
from daybook.http.caller import Caller
from daybook.ids import ALPHABET
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.settings import Layout, TenantSettings
from events.typical import CONTRACT_EXAMPLE, TYPICAL
from ingest.handler import ingest_over
from tests.support.memory_stores import MemoryEvents, memory_wiring

SECRET = bytes(range(32))
KEYS = DeploymentKeys(SECRET)
NOW = parse_time("2026-11-22T16:31:08.000Z")

MEASURED = {"the contract's example": ("jiffy", CONTRACT_EXAMPLE)} | {
    f"a typical event of {product}": (product, event) for product, event in TYPICAL.items()
}

EVERYWHERE = Caller(role=PRODUCER, tenant="acme", environment="*", credential="x7k2m9q4c1tz8wfa", label="The key")


def code_for(tenant: str) -> TenantCode:
    """A code that follows from the slug, so that tests and benchmarks need not pass it on."""
    chosen = zlib.crc32(tenant.encode())
    code = TenantCode("".join(ALPHABET[chosen >> shift & 31] for shift in range(0, 30, 5)))
    SLUGS[code] = Tenant(tenant)
    return code


SLUGS: dict[TenantCode, Tenant] = {}
"""The slugs of the codes that were made here."""


def settings_of(product: str, tenant: str = "acme") -> TenantSettings:
    return TenantSettings(
        code=code_for(tenant),
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
