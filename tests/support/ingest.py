"""An ingest function as its composition root makes it, over the stores and keys that a test hands in."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.typical import CONTRACT_EXAMPLE, KEYS, NOW, SECRET
from daybook.aws.control_table.catalogues import CatalogueTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import Clock
from daybook.http.serve import serve
from daybook.people.resolver import Identities
from daybook.tenant import Tenant
from daybook.tenants.settings import Layout, TenantSettings
from ingest.handler import SendEvents
from ingest.ingest import Ingest
from tests.conftest import Tables
from tests.support.calls import Context, authorized, call

__all__ = ["CONTRACT_EXAMPLE", "KEYS", "NOW", "SECRET"]


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


def seeded_bytes(seed: int | str = 1) -> Callable[[int], bytes]:
    """Randomness that a test can repeat."""
    return random.Random(seed).randbytes  # noqa: S311


class Sender:
    """Sends calls to an ingest function and gives what it answers."""

    def __init__(self, send_events: SendEvents, tenant: str = "acme", context: Context | None = None) -> None:
        self._send_events = send_events
        self._tenant = tenant
        self._context = context or Context()

    def __call__(self, body: Any, headers: Mapping[str, str] | None = None, **authorizer: Any) -> dict[str, Any]:
        event = call(
            "POST",
            "/v1/events",
            body,
            headers=headers,
            authorizer=authorized("producer", **({"tenant": self._tenant} | authorizer)),
        )
        return serve(event, self._context, {"send_events": self._send_events})


def ingest_over(dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, **replaced: Any) -> SendEvents:
    """`replaced`: `events` or `people`, a store in place of the tables'; `settings_of` in place of the control table;
    `seed` of its randomness.
    """
    people = replaced.get("people") or IdentityTable(dynamodb, tables.identities)
    events = replaced.get("events") or EventTable(dynamodb, tables.events)
    chance = seeded_bytes(replaced.get("seed", 1))
    ingest = Ingest(
        events=events,
        identities=Identities(people, chance, clock),
        catalogues=Catalogues(CatalogueTable(dynamodb, tables.control)),
        keys=KEYS,
        clock=clock,
        random_bytes=chance,
    )
    return SendEvents(ingest, replaced.get("settings_of") or ControlTable(dynamodb, tables.control).settings)
