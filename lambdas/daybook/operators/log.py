"""The log of what operators do with their own keys: that of the reserved tenant `daybook`, made when first needed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from daybook.catalogue.profile import profile
from daybook.clock import Clock
from daybook.errors import Contended, TenantTaken, UnknownTenant
from daybook.http.request import Request
from daybook.self_audit.recorder import Params, Record
from daybook.tenant import RESERVED, new_code
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import Layout, TenantSettings

_PROFILE = "generic"
_ENVIRONMENT = "prod"
_TRIES = 3  # a name without settings, which half a restore leaves, stays so


class Store(SettingsReader, Protocol):
    def create_tenant(self, settings: TenantSettings) -> None:
        """Raises `TenantTaken`, or `Contended` if the code is taken."""


@dataclass(frozen=True)
class OperatorsLog:
    store: Store
    record_in: Record
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def record(self, request: Request, activity: str, params: Params) -> None:
        """Leaves one event. Durable when it returns. Raises `Problem` 503 where it can't be written,
        `Contended` where the tenant can be neither read nor made.
        """
        self.record_in(self._settings(), request, activity, params)

    def _settings(self) -> TenantSettings:
        for _ in range(_TRIES):
            try:
                return self.store.settings(RESERVED)
            except UnknownTenant:
                self._create()
        raise Contended(RESERVED)

    def _create(self) -> None:
        settings = TenantSettings(
            code=new_code(self.random_bytes),
            tenant=RESERVED,
            name="Daybook",
            profile=_PROFILE,
            environments=(_ENVIRONMENT,),
            created_at=self.clock(),
            audit_since=None,
            retention_days=profile(_PROFILE).retention.default_days,
            layouts=(Layout(0, 1),),
        )
        try:
            self.store.create_tenant(settings)
        except (Contended, TenantTaken):
            return  # another call made it, or another tenant has the code
