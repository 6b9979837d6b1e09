"""How long a tenant's events are kept, and the legal hold that keeps them longer.

Both apply to the very next read, since each request reads the settings. A job re-stamps stored events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook.catalogue.profile import RetentionPolicy, profile
from daybook.clock import Clock, Time, format_time
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Contended
from daybook.http import forms
from daybook.http.problem import Problem, bad_field, bad_parameter
from daybook.http.request import Answer, Request
from daybook.jobs.restamp import (
    ask_for_restamp,
    latest_restamp,
    open_reason,
    seal_reason,
)
from daybook.jobs.store import JobQueue, JobStore
from daybook.self_audit.recorder import Record
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import MAX_HISTORY, TenantSettings
from manage.retention_preview import Previews

MAX_REASON = 1_000

PARAMETERS = (DRY_RUN,) = ("dry_run",)
"""Of a change of the retention."""

MAX_WITH_HOLD = 2 * MAX_HISTORY
"""Changes within two days, after which no hold can be set. Changes of the retention stop earlier."""


class Store(SettingsReader, Protocol):
    def change_tenant(self, code: TenantCode, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings: ...


class RetentionDescription(Struct):
    """How long a tenant's events are kept. The bounds are the profile's."""

    days: int | None
    """Null: for ever."""
    default_days: int | None
    min_days: int
    max_days: int
    configurable: bool
    job: str | None
    """The latest job that brings stored events in line with the setting."""


class HoldDescription(Struct):
    """The legal hold: while it is active, no event expires."""

    active: bool
    reason: str | None
    since: Time | None
    job: str | None
    """The latest job that brings stored events in line with the setting."""


class SentRetention(Struct, forbid_unknown_fields=True):
    days: int | None
    """Null: for ever, where the profile allows it."""


class SentHold(Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]


@dataclass(frozen=True)
class RetentionOperations:
    store: Store
    jobs: JobStore
    queue: JobQueue
    record: Record
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]
    previews: Previews

    def read_retention(self, request: Request) -> Answer:
        return self._retention(self.store.settings(request.tenant))

    def set_retention(self, request: Request) -> Answer:
        """Setting the same days again is recorded. It asks for a job only when the last one did not finish.

        A dry run is checked alike, and neither recorded nor done.
        """
        is_dry_run = _is_dry_run(request)
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        days = forms.read_form(request, SentRetention).days
        _check_days(profile(settings.profile).retention, days)
        now_ms = self.clock()

        def keeping(now: TenantSettings) -> TenantSettings:
            if now.hold is not None and _is_shorter(days, now.retention_days):
                raise Problem(409, "legal_hold", "The retention can't be shortened while the legal hold is on.")
            return _bounded(now.with_retention(days, now_ms), MAX_HISTORY)

        after = keeping(settings)
        if is_dry_run:
            return Answer(200, self.previews.of(settings, after, now_ms, request.caller.role))
        params = {"from_days": _in_words(settings.retention_days), "to_days": _in_words(days)}
        # In each environment's log, where it explains why entries have no event any more.
        for environment in settings.environments:
            self.record(settings, request, "retention-changed", params, environment=environment)
        return self._retention(self._changed(settings, after, keeping, now_ms))

    def read_hold(self, request: Request) -> Answer:
        return self._hold(self.store.settings(request.tenant))

    def set_hold(self, request: Request) -> Answer:
        """Setting it again changes the reason and keeps what it held, also within half a day after it was lifted."""
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        reason = forms.text("reason", forms.read_form(request, SentHold).reason, MAX_REASON)
        now_ms = self.clock()
        sealed = seal_reason(self.keys, settings, reason)

        def held(now: TenantSettings) -> TenantSettings:
            return _bounded(now.with_hold(sealed, now_ms), MAX_WITH_HOLD)

        after = held(settings)
        self.record(settings, request, "legal-hold-set", {"reason": reason})
        return self._hold(self._changed(settings, after, held, now_ms))

    def lift_hold(self, request: Request) -> Answer:
        """Does nothing when there is no hold. However often the settings were changed, a hold can be lifted."""
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        if settings.hold is not None:
            now_ms = self.clock()

            def released(now: TenantSettings) -> TenantSettings:
                return now.without_hold(now_ms)

            after = released(settings)
            self.record(settings, request, "legal-hold-lifted", {})
            self._changed(settings, after, released, now_ms)
        return Answer(204)

    def _changed(
        self,
        before: TenantSettings,
        after: TenantSettings,
        change: Callable[[TenantSettings], TenantSettings],
        now_ms: int,
    ) -> TenantSettings:
        """Asks for the job, and then changes the settings.

        Raises `Contended` when the settings changed in between: the job was not asked for those.
        """
        ask_for_restamp(
            self.jobs, self.queue, before=before, after=after, now_ms=now_ms, random_bytes=self.random_bytes
        )

        def unless_changed(now: TenantSettings) -> TenantSettings:
            changed = change(now)
            if changed != now and now.rule != before.rule:
                raise Contended(now.tenant)
            return changed

        return self.store.change_tenant(before.code, unless_changed)

    def _retention(self, settings: TenantSettings) -> Answer:
        policy = profile(settings.profile).retention
        described = RetentionDescription(
            days=settings.retention_days,
            default_days=policy.default_days,
            min_days=policy.min_days,
            max_days=policy.max_days,
            configurable=policy.configurable,
            job=latest_restamp(self.jobs, settings.code),
        )
        return Answer(200, described)

    def _hold(self, settings: TenantSettings) -> Answer:
        hold = settings.hold
        described = HoldDescription(
            active=hold is not None,
            reason=None if hold is None else open_reason(self.keys, settings, hold.sealed_reason),
            since=None if hold is None else format_time(hold.since_ms),
            job=latest_restamp(self.jobs, settings.code),
        )
        return Answer(200, described)


def _is_dry_run(request: Request) -> bool:
    for name in request.query:
        if name not in PARAMETERS:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
    values = set(request.query.get(DRY_RUN, ("false",)))
    if values not in ({"true"}, {"false"}):
        raise bad_parameter(DRY_RUN, "must be true or false")
    return values == {"true"}


def _check_days(policy: RetentionPolicy, days: int | None) -> None:
    if not policy.configurable:
        raise Problem(409, "retention_fixed", "The tenant's profile fixes the retention.")
    if days is None:
        if policy.default_days is not None:
            raise bad_field("days", f"must be {policy.min_days} to {policy.max_days}")
    elif not policy.min_days <= days <= policy.max_days:
        raise bad_field("days", f"must be {policy.min_days} to {policy.max_days}")


def _bounded(changed: TenantSettings, most: int) -> TenantSettings:
    if len(changed.history) > most:
        detail = f"The retention and the legal hold have been changed {most} times within two days; wait."
        raise Problem(422, "too_many_changes", detail)
    return changed


def _is_shorter(days: int | None, than: int | None) -> bool:
    return days is not None and (than is None or days < than)


def _in_words(days: int | None) -> str:
    return "unlimited" if days is None else str(days)
