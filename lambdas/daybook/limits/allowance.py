"""Holds each tenant to its limits, over all instances of all functions.

An instance lets a tenant use a little on credit, a fiftieth of a minute's limit. Then it adds that to the tenant's row
of the span, which answers with the sum of all instances. When the sum has reached the limit, the tenant is through: the
instance remembers it and asks no more until the span ends.

- A tenant below its limit is never refused: only what was really used is in the sum. Leases in advance would refuse
  it, since what idle instances hold counts as used.
- No more is used than the limit, what the instances hold on credit, and the last call of each. An instance's credit
  begins at a sixteenth and doubles with each report, so that many instances with few calls each are seen too, and one
  with few calls alone never writes.
- Where the store fails, each instance goes on with what it knows. That admits, up to a limit an instance.
- What a call uses counts in the span in which the instance's own clock lies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from daybook.clock import SECOND, Clock
from daybook.observability import LIMITS_UNAVAILABLE, logger
from daybook.tenant import TenantCode
from daybook.tenants.limits import EVENTS, EVENTS_A_DAY, Limits, Resource

REPORTS = 50
"""How many reports of an instance use up a minute's limit."""

FIRST_SHARE = 16
"""The first credit of an instance in a span is this part of its full credit."""

PAUSE_MS = 5 * SECOND
"""After a failure of the store, an instance reports nothing for so long: a call must not wait for it each time."""

MAX_ACCOUNTS = 4_000
"""Beyond so many, an instance drops those whose span is over."""


class UsageStore(Protocol):
    def add(self, code: TenantCode, resource: Resource, span: int, amount: int) -> int:
        """Adds to what the tenant has used in this span, counted since 1970. Returns the sum of all instances."""


class LimitReached(Exception):  # noqa: N818  a fact, not a failure
    """The tenant has used up a limit."""

    def __init__(self, resource: Resource, limit: int, retry_after_seconds: int) -> None:
        super().__init__(resource.limit)
        self.resource = resource
        self.limit = limit
        self.retry_after_seconds = retry_after_seconds


@dataclass
class _Account:
    """What one tenant uses of one resource in one span, as this instance knows it."""

    span: int
    credit: int
    unreported: int = 0
    total: int = 0
    """Of all instances, as of the last report, and what this one could not report since."""

    @property
    def known(self) -> int:
        """The tenant has used this much, and may have used more."""
        return self.total + self.unreported


class Allowance:
    """For one instance. It handles one call at a time, as Lambda's do: where threads share it, a report may miss some
    of what was used.
    """

    def __init__(self, store: UsageStore, clock: Clock, count: Callable[[str, int], None]) -> None:
        self._store = store
        self._clock = clock
        self._count = count
        self._accounts: dict[tuple[TenantCode, Resource], _Account] = {}
        self._paused_until = 0

    def check(self, code: TenantCode, limits: Limits, resource: Resource) -> None:
        """Raises `LimitReached` if the tenant is known to be through."""
        if self._account(code, limits, resource).known >= resource.budget(limits):
            raise self._reached(limits, resource)

    def take(self, code: TenantCode, limits: Limits, resource: Resource, amount: int) -> None:
        """Raises `LimitReached` if the tenant was through before these. A call is never refused for its own size."""
        self.check(code, limits, resource)
        self.charge(code, limits, resource, amount)
        if self._account(code, limits, resource).known - amount >= resource.budget(limits):
            raise self._reached(limits, resource)

    def charge(self, code: TenantCode, limits: Limits, resource: Resource, amount: int) -> None:
        """Counts what was used already."""
        account = self._account(code, limits, resource)
        account.unreported += amount
        if account.unreported < account.credit or self._clock() < self._paused_until:
            return
        amount, account.unreported = account.unreported, 0
        account.credit = min(2 * account.credit, credit(resource, limits))
        try:
            account.total = self._store.add(code, resource, account.span, amount)
        except Exception:
            # It may have been added all the same. To add it again could refuse a tenant below its limit.
            account.total += amount
            logger.exception("limits")
            self._count(LIMITS_UNAVAILABLE, 1)
            self._paused_until = self._clock() + PAUSE_MS

    def _account(self, code: TenantCode, limits: Limits, resource: Resource) -> _Account:
        span = self._clock() // resource.span_ms
        account = self._accounts.get((code, resource))
        if account is None or account.span != span:
            if len(self._accounts) >= MAX_ACCOUNTS:
                self._forget_past_spans()
            account = _Account(span, max(1, credit(resource, limits) // FIRST_SHARE))
            self._accounts[code, resource] = account
        return account

    def _forget_past_spans(self) -> None:
        now_ms = self._clock()
        self._accounts = {
            key: account for key, account in self._accounts.items() if account.span == now_ms // key[1].span_ms
        }

    def _reached(self, limits: Limits, resource: Resource) -> LimitReached:
        left_ms = resource.span_ms - self._clock() % resource.span_ms
        return LimitReached(resource, limits.of(resource.limit), -(-left_ms // SECOND))


def credit(resource: Resource, limits: Limits) -> int:
    """How much an instance may let a tenant use between two reports: at least 1, which is then exact."""
    share = resource.budget(limits) // REPORTS
    if resource is EVENTS_A_DAY:  # reported as often as the events a second, so that instances that end lose little
        share = min(share, credit(EVENTS, limits))
    return max(1, share)
