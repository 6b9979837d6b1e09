"""A tenant's own activities, and whether its log takes others: for events from then on."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from daybook import validation
from daybook.caller import Tenant
from daybook.catalogue import PLACEHOLDER, Activity, Param, Variant, described, profile, uncatalogued
from daybook.decoding import DOTTED_SLUGS
from daybook.http import Answer, Request
from daybook.judgement import OWN_ACTIVITIES
from daybook.labels import slug
from daybook.problem import Problem, bad_field, not_found
from daybook.recording import Record
from daybook.routes import OPERATIONS
from daybook.tenant_catalogue import Catalogues, OwnActivity
from daybook.tenants import TenantSettings

MOST_ACTIVITIES = 500
MOST_TEMPLATE = 4_000
MOST_PLACEHOLDERS = 64
_PARAMETER = re.compile(r"[a-z0-9_]{1,40}")
_SLUG = re.compile(r"[a-z0-9-]{1,64}")

Label = Annotated[str, Meta(min_length=1, max_length=128)]


class Store(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""

    def change_tenant(self, tenant: Tenant, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings: ...


class Activities(Protocol):
    def put_activity(self, tenant: Tenant, name: str, own: OwnActivity) -> None: ...


class SentVariant(Struct, forbid_unknown_fields=True):
    variant: str = "default"
    when: Annotated[str, Meta(max_length=1_000)] = ""
    template: Annotated[str, Meta(max_length=MOST_TEMPLATE)] = ""
    params: Annotated[list[Param], Meta(max_length=50)] = msgspec.field(default_factory=list)


class SentActivity(Struct, forbid_unknown_fields=True):
    category: Label
    activity: str | None = None
    component: Label | None = None
    event: Label | None = None
    origin: Literal["user", "system", "any"] = "any"
    required_role: Label | None = None
    visibility: Literal["operations"] | None = None
    variants: Annotated[list[SentVariant], Meta(min_length=1, max_length=50)] = msgspec.field(
        default_factory=lambda: [SentVariant()]
    )


class SentMode(Struct, forbid_unknown_fields=True):
    mode: Literal["open", "strict"]


@dataclass(frozen=True)
class Cataloguing:
    store: Store
    activities: Activities
    catalogues: Catalogues
    record: Record

    def put(self, request: Request) -> Answer:
        settings = self.store.settings(request.tenant)
        name = _own_name(request)
        definition = _definition(name, validation.read_form(request, SentActivity))
        catalogue = self.catalogues.of(settings)
        _check_visibility(request, catalogue.activity(name), definition)
        if catalogue.own(name) is None and len(catalogue.own_names) >= MOST_ACTIVITIES:
            detail = f"A tenant has at most {MOST_ACTIVITIES} activities of its own, those taken back included."
            raise Problem(422, "too_many_activities", detail)
        self.record(settings, request, "catalogue-changed", {"activity": name}, "activity-set")
        self._write(settings, name, OwnActivity(definition, (definition.category,)))
        return Answer(200, described(definition))

    def take_back(self, request: Request) -> Answer:
        settings = self.store.settings(request.tenant)
        name = request.parameters["activity"]
        own = self.catalogues.of(settings).own(name)
        if own is None or own.definition is None:
            raise not_found("activity of the tenant's own")
        _check_visibility(request, own.definition, profile(settings.profile).activity(name))
        self.record(settings, request, "catalogue-changed", {"activity": name}, "activity-removed")
        self._write(settings, name, OwnActivity(None, own.categories))
        return Answer(204)

    def set_mode(self, request: Request) -> Answer:
        settings = self.store.settings(request.tenant)
        mode = validation.read_form(request, SentMode).mode
        if mode != settings.mode:
            self.record(settings, request, "catalogue-changed", {"mode": mode}, "mode")
            self.store.change_tenant(settings.tenant, lambda now: replace(now, mode=mode))
        return Answer(200, {"mode": mode})

    def _write(self, settings: TenantSettings, name: str, own: OwnActivity) -> None:
        """The row first: who reads settings of the new version finds it."""
        self.activities.put_activity(settings.tenant, name, own)
        self.store.change_tenant(settings.tenant, lambda now: replace(now, catalogue_version=now.catalogue_version + 1))


def _check_visibility(request: Request, now: Activity | None, then: Activity | None) -> None:
    """Or an admin could hide from the auditors what is done to them, or read what is the operators' own."""
    visibilities = {None if activity is None else activity.visibility for activity in (now, then)}
    if len(visibilities) > 1 and request.caller.role != OPERATIONS:
        raise Problem(403, "forbidden", "Only operations may change who sees an activity.")


def _own_name(request: Request) -> str:
    name = request.parameters["activity"]
    if not DOTTED_SLUGS.fullmatch(name) or len(name) > 128:
        raise bad_field("activity", "must be at most 128 characters: slugs of a-z, 0-9 and -, joined by .")
    if name.startswith(OWN_ACTIVITIES):
        raise bad_field("activity", "is one of Daybook's own", "reserved_activity")
    return name


def _definition(name: str, sent: SentActivity) -> Activity:
    if sent.activity not in (None, name):
        raise bad_field("activity", "is another one than the path's")
    if not slug(sent.category):
        raise bad_field("category", "must hold a letter or a digit")
    for path, label in (
        ("category", sent.category),
        ("component", sent.component),
        ("event", sent.event),
        ("required_role", sent.required_role),
    ):
        if label is not None:
            validation.text(path, label, 128)
    names = [variant.variant for variant in sent.variants]
    if len(set(names)) < len(names):
        raise bad_field("variants", "two have the same name")
    bare = uncatalogued(name)
    return Activity(
        activity=name,
        category=sent.category,
        component=sent.component or bare.component,
        event=sent.event or bare.event,
        origin=sent.origin,
        variants=tuple(_variant(f"variants[{index}]", variant) for index, variant in enumerate(sent.variants)),
        required_role=sent.required_role,
        visibility=sent.visibility,
    )


def _variant(path: str, sent: SentVariant) -> Variant:
    if not _SLUG.fullmatch(sent.variant):
        raise bad_field(f"{path}.variant", "must be 1 to 64 of a-z, 0-9 and -")
    for field, value in (("when", sent.when), ("template", sent.template)):
        validation.prose(f"{path}.{field}", value)
    names = [param.name for param in sent.params]
    for index, name in enumerate(names):
        if not _PARAMETER.fullmatch(name):
            raise bad_field(f"{path}.params[{index}].name", "must be 1 to 40 of a-z, 0-9 and _")
        if name in names[:index]:
            raise bad_field(f"{path}.params[{index}].name", "stands twice")
    placeholders = PLACEHOLDER.findall(sent.template)
    if len(placeholders) > MOST_PLACEHOLDERS:
        raise bad_field(
            f"{path}.template", f"holds parameters at more than {MOST_PLACEHOLDERS} places", "invalid_length"
        )
    unknown = set(placeholders) - set(names)
    if unknown:
        raise bad_field(f"{path}.template", f"names what is no parameter: {', '.join(sorted(unknown))}")
    if set("{}") & set(PLACEHOLDER.sub("", sent.template)):
        raise bad_field(f"{path}.template", "braces hold the name of a parameter: a-z, 0-9 and _")
    return Variant(sent.variant, sent.when, sent.template, tuple(sent.params))
