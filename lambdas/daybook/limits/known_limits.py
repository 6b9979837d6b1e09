"""What an instance knows of tenants' limits, without a read of its own at each call."""

from contextlib import suppress
from typing import Protocol

from daybook.clock import SECOND, Clock
from daybook.errors import Throttled, UnknownTenant
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.limits import Limits

AGAIN_MS = 5 * SECOND
"""A tenant's limits are read again at most this often: each read costs a unit, and refused calls should cost little."""


class Store(Protocol):
    def settings(self, tenant: Tenant) -> object:
        """Reads a tenant's settings. Raises `UnknownTenant`, `Throttled`."""

    def limits(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        """As last read. Raises `UnknownTenant`, `Throttled`."""


class KnownLimits:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read_ms: dict[Tenant, int] = {}

    def last_read(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        """Raises `UnknownTenant`, `Throttled`."""
        return self._store.limits(tenant)

    def before_refusing(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        """Not older than `AGAIN_MS`, if the store answers. A refused call reads no settings, so without this a raised
        limit would help only when the minute has ended.
        """
        if self._clock() >= self._read_ms.get(tenant, 0) + AGAIN_MS:
            self._read_ms[tenant] = self._clock()
            with suppress(Throttled, UnknownTenant):
                self._store.settings(tenant)
        return self._store.limits(tenant)
