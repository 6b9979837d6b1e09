"""The ingest function over a test's wiring."""

from collections.abc import Mapping
from typing import Any

from benchmarks.typical import KEYS, NOW, SECRET, code_for
from daybook.aws.wiring import Wiring
from daybook.http.serve import serve
from daybook.tenant import Tenant
from daybook.tenants.settings import Layout, TenantSettings
from events.typical import CONTRACT_EXAMPLE
from ingest.handler import SendEvents, ingest_over, refusals_over
from tests.support.calls import Context, authorized, call
from tests.support.documented import documented
from tests.support.wiring import seeded_bytes

__all__ = ["CONTRACT_EXAMPLE", "KEYS", "NOW", "SECRET", "code_for", "seeded_bytes"]


def settings(profile: str = "jiffy", **changed: Any) -> TenantSettings:
    given: dict[str, Any] = {
        "tenant": Tenant("acme"),
        "code": code_for(changed.get("tenant", "acme")),
        "name": "Acme Inc",
        "profile": profile,
        "environments": ("prod", "test"),
        "created_at": 0,
        "audit_since": None,
        "retention_days": 365,
        "layouts": (Layout(0, 1),),
    }
    return TenantSettings(**(given | changed))


class Sender:
    """Sends calls to an ingest function and returns its answers."""

    def __init__(self, wiring: Wiring, tenant: str = "acme", context: Context | None = None) -> None:
        self._send_events = SendEvents(ingest_over(wiring), refusals_over(wiring), wiring.control.settings, wiring.gate)
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
        return documented(event, serve(event, self._context, {"send_events": self._send_events}))
