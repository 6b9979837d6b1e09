"""Creates, lists, reads and changes tenants."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from daybook.catalogue.profile import PROFILES, UnknownProfile, profile
from daybook.clock import Clock, Time, format_time
from daybook.errors import TenantTaken, UnknownTenant
from daybook.http import forms
from daybook.http.problem import bad_field
from daybook.http.request import Answer, Request
from daybook.self_audit.recorder import Record
from daybook.tenant import RESERVED, SLUG, Tenant, TenantCode, new_code
from daybook.tenants.limits import Limits
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import LAYOUT_NOTICE_MS, Layout, TenantSettings

MAX_NAME = 256
MAX_ENVIRONMENTS = 50  # reading one event by its id looks in each of them
MAX_SHARDS = 64  # a page of the timeline queries each of them; 64 take 64,000 writes a second
MAX_LIMIT = 1_000_000_000_000  # no tenant reaches it


class Store(SettingsReader, Protocol):
    def tenants(self) -> list[TenantSettings]: ...

    def create_tenant(self, settings: TenantSettings) -> None:
        """Raises `TenantTaken`."""

    def change_tenant(self, code: TenantCode, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings:
        """Applies `change` to the stored settings, again when another change came first. Returns the result.

        Raises `UnknownTenant`, `Contended`, and what `change` raises.
        """


# For the schema only: the code below checks these rules and answers with its own messages.
Slug = Annotated[str, Meta(extra_json_schema={"pattern": f"^{SLUG.pattern}$"})]
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_NAME})]
Environments = Annotated[list[Slug], Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_ENVIRONMENTS})]
Limit = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_LIMIT})]
Shards = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_SHARDS})]
ProfileName = Annotated[str, Meta(extra_json_schema={"enum": list(PROFILES)})]


class LimitsDescription(Struct):
    """What a tenant may use. Past a limit its calls are answered 429 until the minute or the day (UTC) ends."""

    calls_a_minute: int
    events_a_second: int
    """Counted over a minute."""
    events_a_day: int
    read_units_a_minute: int
    """DynamoDB's units: 4 KB read consistently, 8 KB by an index."""


class TenantDescription(Struct):
    """A tenant and its settings."""

    tenant: str
    name: str
    profile: ProfileName
    environments: list[str]
    """The first is the one that a call means that names none."""
    audit_since: Time | None
    """Events that occurred before are rejected; null: no limit."""
    shards: int
    """The number of partitions that events are spread over."""
    limits: LimitsDescription
    created_at: Time


class TenantList(Struct):
    tenants: list[TenantDescription]


class NewTenant(Struct, forbid_unknown_fields=True):
    tenant: Slug
    name: Name
    profile: ProfileName
    environments: Environments
    audit_since: Time | None = None


class LimitsChange(Struct, forbid_unknown_fields=True):
    """Absent limits stay as they are; null sets the default again."""

    calls_a_minute: Limit | UnsetType | None = UNSET
    events_a_second: Limit | UnsetType | None = UNSET
    events_a_day: Limit | UnsetType | None = UNSET
    read_units_a_minute: Limit | UnsetType | None = UNSET

    def applied(self, limits: Limits) -> Limits:
        """Raises `Problem` 422."""
        changed = {name: value for name, value in structs.asdict(self).items() if value is not UNSET}
        for name, value in changed.items():
            if value is not None and not 1 <= value <= MAX_LIMIT:
                raise bad_field(f"limits.{name}", f"must be from 1 to {MAX_LIMIT}, or null for the default")
        return replace(limits, **changed)


class TenantChange(Struct, forbid_unknown_fields=True):
    """Absent fields stay as they are."""

    name: Name | UnsetType = UNSET
    audit_since: Time | UnsetType | None = UNSET
    environments: Environments | UnsetType = UNSET
    shards: Shards | UnsetType = UNSET
    limits: LimitsChange | UnsetType = UNSET

    def applied(self, settings: TenantSettings, now_ms: int) -> TenantSettings:
        """The settings after this change. Raises `Problem` 422."""
        if self.name is not UNSET:
            settings = replace(settings, name=forms.text("name", self.name, MAX_NAME))
        if self.audit_since is not UNSET:
            settings = replace(settings, audit_since=_audit_since(self.audit_since))
        if self.environments is not UNSET:
            settings = replace(settings, environments=_grown(settings.environments, self.environments))
        if self.shards is not UNSET:
            settings = replace(settings, layouts=_spread(settings.layouts, self.shards, now_ms))
        if self.limits is not UNSET:
            settings = replace(settings, limits=self.limits.applied(settings.limits))
        return settings


@dataclass(frozen=True)
class TenantOperations:
    store: Store
    record: Record
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def create(self, request: Request) -> Answer:
        form = forms.read_form(request, NewTenant)
        tenant = Tenant(forms.slug("tenant", form.tenant))
        settings = TenantSettings(
            code=self._free_code(),
            tenant=tenant,
            name=forms.text("name", form.name, MAX_NAME),
            profile=form.profile,
            environments=_environments(form.environments),
            created_at=self.clock(),
            audit_since=_audit_since(form.audit_since),
            retention_days=_default_days(form.profile),
            layouts=(Layout(0, 1),),
        )
        if tenant == RESERVED or self._is_taken(tenant):
            raise TenantTaken(tenant)
        self.record(settings, request, "tenant-created", {"profile": settings.profile})
        self.store.create_tenant(settings)
        return Answer(201, _shown(settings), {"Location": f"/v1/tenants/{tenant}"})

    def list(self, _request: Request) -> Answer:
        return Answer(200, TenantList([_shown(settings) for settings in self.store.tenants()]))

    def read(self, request: Request) -> Answer:
        return Answer(200, _shown(self.store.settings(request.tenant)))

    def change(self, request: Request) -> Answer:
        """A change without effect is neither written nor recorded."""
        before = self.store.settings(request.tenant)
        form = forms.read_form(request, TenantChange)
        now_ms = self.clock()
        after = form.applied(before, now_ms)
        if after == before:
            return Answer(200, _shown(before))
        was, becomes = _parameters(before), _parameters(after)
        changed = {name: value for name, value in becomes.items() if value != was[name]}
        self.record(after, request, "tenant-changed", {"changed": ", ".join(changed), **changed})
        return Answer(200, _shown(self.store.change_tenant(before.code, lambda now: form.applied(now, now_ms))))

    def _is_taken(self, tenant: Tenant) -> bool:
        try:
            self.store.settings(tenant)
        except UnknownTenant:
            return False
        return True

    def _free_code(self) -> TenantCode:
        """A code that no tenant has. The first event is recorded under it before the tenant exists, so a code that is
        found to be taken only when the tenant is stored would be too late: the event would be in another one's log.
        """
        while True:
            code = new_code(self.random_bytes)
            try:
                self.store.settings_of(code)
            except UnknownTenant:
                return code


def _shown(settings: TenantSettings) -> TenantDescription:
    return TenantDescription(
        tenant=settings.tenant,
        name=settings.name,
        profile=settings.profile,
        environments=list(settings.environments),
        audit_since=None if settings.audit_since is None else format_time(settings.audit_since),
        shards=settings.layouts[-1].shards,
        limits=LimitsDescription(**settings.limits.all()),
        created_at=format_time(settings.created_at),
    )


def _parameters(settings: TenantSettings) -> dict[str, Any]:
    """What the log of the log says of a change: each limit is a parameter of its own."""
    shown = structs.asdict(_shown(settings))
    limits = shown.pop("limits")
    return {**shown, **structs.asdict(limits)}


def _default_days(name: str) -> int | None:
    try:
        return profile(name).retention.default_days
    except UnknownProfile:
        raise bad_field("profile", f"must be one of {', '.join(PROFILES)}") from None


def _audit_since(sent: str | None) -> int | None:
    return None if sent is None else forms.moment("audit_since", sent)


def _environments(sent: list[str]) -> tuple[str, ...]:
    if not 1 <= len(sent) <= MAX_ENVIRONMENTS:
        raise bad_field("environments", f"must list 1 to {MAX_ENVIRONMENTS}", "invalid_length")
    for index, name in enumerate(sent):
        forms.slug(f"environments[{index}]", name)
        if name in sent[:index]:
            raise bad_field(f"environments[{index}]", "appears more than once")
    return tuple(sent)


def _grown(had: tuple[str, ...], sent: list[str]) -> tuple[str, ...]:
    """Keeps the old order and appends the new ones: the first is the default of calls that name none."""
    named = _environments(sent)
    if missing := [name for name in had if name not in named]:
        raise bad_field("environments", f"may only grow; missing: {', '.join(missing)}")
    return had + tuple(name for name in named if name not in had)


def _spread(layouts: tuple[Layout, ...], shards: int, now_ms: int) -> tuple[Layout, ...]:
    latest = layouts[-1]
    if not latest.shards <= shards <= MAX_SHARDS:
        raise bad_field("shards", f"may only grow: {latest.shards} to {MAX_SHARDS}")
    if shards == latest.shards:
        return layouts
    return (*layouts, Layout(max(now_ms + LAYOUT_NOTICE_MS, latest.from_ms + 1), shards))
