"""How long a tenant's events are kept, and the legal hold that keeps them longer.

Both rule the very next read, since settings are read with each request. What is stored is re-stamped by a job.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct

from daybook import validation
from daybook.caller import Tenant
from daybook.catalogue import RetentionPolicy, profile
from daybook.clock import Clock, format_time
from daybook.derivation import DeploymentKeys
from daybook.http import Answer, Request
from daybook.jobs import JobQueue, JobStore
from daybook.problem import Problem, bad_field
from daybook.recording import Record
from daybook.retention import ask_for_restamp, latest_restamp, open_reason, seal_reason
from daybook.tenants import Hold, TenantSettings

MOST_REASON = 1_000


class Store(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""

    def change_tenant(self, tenant: Tenant, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings: ...


class SentRetention(Struct, forbid_unknown_fields=True):
    days: int | None


class SentHold(Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=MOST_REASON)]


@dataclass(frozen=True)
class Retaining:
    store: Store
    jobs: JobStore
    queue: JobQueue
    record: Record
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def read_retention(self, request: Request) -> Answer:
        return self._retention(self.store.settings(request.tenant))

    def set_retention(self, request: Request) -> Answer:
        """The same days once more are recorded and stamped once more: what broke off is completed so."""
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        days = validation.read_form(request, SentRetention).days
        _check_days(profile(settings.profile).retention, days)

        def changed(now: TenantSettings) -> TenantSettings:
            if now.hold is not None and _is_shorter(days, now.retention_days):
                raise Problem(409, "legal_hold", "While the legal hold is on, the retention can't be shortened.")
            return replace(now, retention_days=days)

        changed(settings)
        params = {"from_days": _in_words(settings.retention_days), "to_days": _in_words(days)}
        self.record(settings, request, "retention-changed", params)
        self._restamp(settings)
        return self._retention(self.store.change_tenant(settings.tenant, changed))

    def read_hold(self, request: Request) -> Answer:
        return self._hold(self.store.settings(request.tenant))

    def set_hold(self, request: Request) -> Answer:
        """Set again, it has another reason, and holds what it held."""
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        reason = validation.text("reason", validation.read_form(request, SentHold).reason, MOST_REASON)
        self.record(settings, request, "legal-hold-set", {"reason": reason})
        self._restamp(settings)
        sealed, now_ms = seal_reason(self.keys, settings.tenant, reason), self.clock()

        def held(now: TenantSettings) -> TenantSettings:
            was = now.hold or Hold(now_ms, now.retention_edge(now_ms), sealed)
            return replace(now, hold=replace(was, sealed_reason=sealed))

        return self._hold(self.store.change_tenant(settings.tenant, held))

    def lift_hold(self, request: Request) -> Answer:
        """Nothing where there is none."""
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        if settings.hold is not None:
            self.record(settings, request, "legal-hold-lifted", {})
            self._restamp(settings)
            self.store.change_tenant(settings.tenant, lambda now: replace(now, hold=None))
        return Answer(204)

    def _restamp(self, settings: TenantSettings) -> None:
        ask_for_restamp(self.jobs, self.queue, settings, self.clock(), self.random_bytes)

    def _retention(self, settings: TenantSettings) -> Answer:
        policy = profile(settings.profile).retention
        return Answer(
            200,
            {
                "days": settings.retention_days,
                "default_days": policy.default_days,
                "min_days": policy.min_days,
                "max_days": policy.max_days,
                "configurable": policy.configurable,
                "job": latest_restamp(self.jobs, settings.tenant),
            },
        )

    def _hold(self, settings: TenantSettings) -> Answer:
        hold = settings.hold
        about: dict[str, Any] = {"active": hold is not None, "reason": None, "since": None}
        if hold is not None:
            about |= {
                "reason": open_reason(self.keys, settings.tenant, hold.sealed_reason),
                "since": format_time(hold.since_ms),
            }
        return Answer(200, {**about, "job": latest_restamp(self.jobs, settings.tenant)})


def _check_days(policy: RetentionPolicy, days: int | None) -> None:
    if not policy.configurable:
        raise Problem(409, "retention_fixed", "The tenant's profile fixes the retention.")
    if days is None:
        if policy.default_days is not None:
            raise bad_field("days", f"must be {policy.min_days} to {policy.max_days}")
    elif not policy.min_days <= days <= policy.max_days:
        raise bad_field("days", f"must be {policy.min_days} to {policy.max_days}")


def _is_shorter(days: int | None, than: int | None) -> bool:
    return days is not None and (than is None or days < than)


def _in_words(days: int | None) -> str:
    return "unlimited" if days is None else str(days)
