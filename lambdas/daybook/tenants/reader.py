"""The store of tenants' settings, for code that only reads them."""

from typing import Protocol

from daybook.tenant import Tenant, TenantCode
from daybook.tenants.settings import TenantSettings


class SettingsReader(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Strongly consistent. Raises `UnknownTenant`, `Throttled`."""

    def settings_of(self, code: TenantCode) -> TenantSettings:
        """Strongly consistent. Raises `UnknownTenant`, `Throttled`."""
