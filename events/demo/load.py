"""Creates five tenants with a quarter of events each, over HTTP as any product does.

Sending events again is harmless but takes time. So the auditor's key is created last. If a start finds one from an
earlier start, all events up to its creation have been sent, and only later ones are sent.
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
"""The label of the keys that a start creates. The next start revokes them, because it can't show them again."""

BATCH = 200
AT_ONCE = 2  # of the five tenants; more would only start more instances of the functions
OVERLAP = DAY  # an earlier start began before its key was created; an event that is sent twice is stored once
_TRIES = 8
_SECONDS = 60.0
_BUSY = frozenset({502, 503, 504})

# A tenant of an earlier start may have been changed by hand or filled by an earlier version. Its data stays.
_HARMLESS = frozenset({"id_conflict", "past_retention", "before_audit"})


class DemoFailed(Exception):  # noqa: N818  what happened
    """Daybook gave an unexpected answer. The text says to which call, and the answer."""


@dataclass(frozen=True)
class Demo:
    """One product's tenant and its keys, each for all of its environments."""

    product: str
    tenant: str
    environments: tuple[str, ...]
    events: int
    """The number of events, including those of earlier starts."""
    admin_key: str = field(repr=False)
    auditor_key: str = field(repr=False)
    producer_key: str = field(repr=False)


def load(base_url: str, operations_key: str, clock: Clock = system_clock) -> list[Demo]:
    """Creates the missing tenants and sends each its events up to now. It may run any number of times.

    Raises `DemoFailed`, or httpx's HTTPError if nobody answers.
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
        """If a throttled store refused some events, the whole batch is sent again, which changes nothing else."""
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
    """The time up to which earlier starts have sent everything, judged by their keys. Empty if there is none."""
    times = [parse_time(key["created_at"]) for key in earlier if key["role"] == AUDITOR]
    return format_time(max(times) - OVERLAP) if times else ""
