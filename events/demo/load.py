"""Five tenants with a quarter of events each, brought in over HTTP as any product would bring them.

Sending again what is there already is harmless, but takes its time. So the auditor's key is made last: where one of an
earlier start is found, all that had happened when it was made has been sent, and only what came after is.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from daybook.access.roles import ADMIN, AUDITOR, PRODUCER
from daybook.clock import DAY, Clock, format_time, parse_time, system_clock
from daybook.http.caller import EVERY_ENVIRONMENT
from events.demo import PRODUCTS, generate
from events.demo.product import Product
from events.demo.story import Event

LABEL = "demo"
"""Of the keys that a start makes; the next start revokes them, since it can't show them again."""

BATCH = 200
AT_ONCE = 2  # of the five tenants: more only start more instances of the functions, on a laptop's cores
OVERLAP = DAY  # an earlier start began before its key was made; what is sent twice is stored once
_TRIES = 8
_SECONDS = 60.0
_BUSY = frozenset({502, 503, 504})

# A tenant of an earlier start may have been changed by hand, or filled by an earlier version: what stands, stands.
_HARMLESS = frozenset({"id_conflict", "past_retention", "before_audit"})


class DemoFailed(Exception):  # noqa: N818  what happened
    """Daybook answered otherwise than it must; says to what, and how."""


@dataclass(frozen=True)
class Demo:
    """One product's tenant, and the keys to it, each for all of its environments."""

    product: str
    tenant: str
    environments: tuple[str, ...]
    events: int
    """How many there are, those of earlier starts included."""
    admin_key: str = field(repr=False)
    auditor_key: str = field(repr=False)
    producer_key: str = field(repr=False)


def load(base_url: str, operations_key: str, clock: Clock = system_clock) -> list[Demo]:
    """Makes the tenants that are not there yet and sends each its events up to now; harmless however often.

    Raises `DemoFailed`, or httpx's HTTPError where nobody answers.
    """
    now_ms = clock()
    with (
        httpx.Client(base_url=base_url, timeout=_SECONDS) as client,
        ThreadPoolExecutor(max_workers=AT_ONCE) as pool,
    ):
        loading = _Loading(client, operations_key, now_ms)
        return list(pool.map(loading.load, PRODUCTS.values()))


@dataclass(frozen=True)
class _Loading:
    client: httpx.Client
    operations_key: str = field(repr=False)
    now_ms: int

    def load(self, product: Product) -> Demo:
        tenant = f"{product.name}-demo"
        self._make(tenant, product)
        path = f"/v1/tenants/{tenant}/keys"
        earlier = [key for key in self._call("GET", path).json()["keys"] if key["label"] == LABEL]
        admin_key, producer_key = self._new_key(path, ADMIN), self._new_key(path, PRODUCER)
        events = generate(product.name, self.now_ms)
        new = [event for event in events if event["occurred_at"] > _sent_before(earlier)]
        for start in range(0, len(new), BATCH):
            self._send(producer_key, new[start : start + BATCH])
        auditor_key = self._new_key(path, AUDITOR)
        for key in earlier:
            self._call("DELETE", f"{path}/{key['key_id']}", expected=frozenset({204}))
        return Demo(
            product=product.name,
            tenant=tenant,
            environments=product.environments,
            events=len(events),
            admin_key=admin_key,
            auditor_key=auditor_key,
            producer_key=producer_key,
        )

    def _make(self, tenant: str, product: Product) -> None:
        settings = {
            "tenant": tenant,
            "name": product.company,
            "profile": product.name,
            "environments": product.environments,
            "audit_since": None,
        }
        self._call("POST", "/v1/tenants", settings, expected=frozenset({201, 409}))

    def _new_key(self, path: str, role: str) -> str:
        wanted = {"role": role, "environment": EVERY_ENVIRONMENT, "label": LABEL}
        key: str = self._call("POST", path, wanted, expected=frozenset({201})).json()["key"]
        return key

    def _send(self, producer_key: str, batch: list[Event]) -> None:
        """What a throttled store did not take is sent again with all the rest, which changes nothing."""
        expected = _BUSY | {201, 207, 422}
        for attempt in range(_TRIES):
            answer = self._call("POST", "/v1/events", {"events": batch}, expected=expected, credential=producer_key)
            if answer.status_code not in _BUSY:
                break
            time.sleep(0.2 * 2**attempt)
        results = answer.json().get("results", [])
        bad = [result for result in results if result["status"] != "stored" and result.get("code") not in _HARMLESS]
        if bad or len(results) != len(batch):
            sent = batch[bad[0]["index"]] if bad else None
            raise DemoFailed(f"POST /v1/events: {answer.status_code} {bad[:1] or answer.text[:500]}, sent {sent}")

    def _call(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        expected: frozenset[int] = frozenset({200}),
        credential: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {credential or self.operations_key}"}
        answer = self.client.request(method, path, json=content, headers=headers)
        if answer.status_code not in expected:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer


def _sent_before(earlier: list[dict[str, str]]) -> str:
    """Up to when all has been sent, by the keys of earlier starts; empty where nothing is known to have been."""
    times = [parse_time(key["created_at"]) for key in earlier if key["role"] == AUDITOR]
    return format_time(max(times) - OVERLAP) if times else ""
