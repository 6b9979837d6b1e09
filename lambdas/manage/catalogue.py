"""A tenant's own activities, and whether its log accepts others. Changes apply to later events."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from msgspec import Struct

from daybook.access.roles import OPERATIONS
from daybook.catalogue.description import describe_activity
from daybook.catalogue.profile import Activity, is_reserved, profile
from daybook.catalogue.tenant_catalogue import Catalogue, Catalogues, OwnActivity
from daybook.http import forms
from daybook.http.problem import Problem, bad_field, not_found
from daybook.http.request import Answer, Request
from daybook.self_audit.recorder import Record
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from daybook.text import ACTIVITY
from manage.activity_definition import SentActivity, definition_of

MAX_ACTIVITIES = 500
MAX_CATALOGUE_BYTES = 1024 * 1024
"""JSON of all of a tenant's own definitions. The gateway's answers may be several times as large."""
MAX_CATEGORIES = 50
"""How many categories one activity may ever have had; each is remembered."""


class Store(SettingsReader, Protocol):
    def change_tenant(
        self, code: TenantCode, change: Callable[[TenantSettings], TenantSettings], *beside: Any
    ) -> TenantSettings:
        """`beside`: further actions of the same transaction."""


class Activities(Protocol):
    def written(self, tenant: TenantCode, name: str, own: OwnActivity) -> Any:
        """The action that writes it together with the tenant's settings."""


class CatalogueMode(Struct, forbid_unknown_fields=True):
    mode: Literal["open", "strict"]


@dataclass(frozen=True)
class CatalogueOperations:
    store: Store
    activities: Activities
    catalogues: Catalogues
    record: Record

    def put(self, request: Request) -> Answer:
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
        name = _own_name(request)
        sent = forms.read_form(request, SentActivity)
        definition = definition_of(name, sent, profile(settings.profile).activity(name))
        catalogue = self.catalogues.of(settings)
        _check_visibility(request, catalogue.activity(name), definition)
        own = OwnActivity(definition, (definition.category,))
        _check_room(catalogue, name, own)
        self.record(settings, request, "catalogue-changed", {"activity": name}, "activity-set")
        self._write(settings, name, own)
        return Answer(200, describe_activity(definition))

    def take_back(self, request: Request) -> Answer:
        settings = self.store.settings(request.tenant)
        request.caller.check_reaches_all()
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
        request.caller.check_reaches_all()
        mode = forms.read_form(request, CatalogueMode).mode
        if mode != settings.mode:
            self.record(settings, request, "catalogue-changed", {"mode": mode}, "mode")
            self.store.change_tenant(settings.code, lambda now: replace(now, mode=mode))
        return Answer(200, CatalogueMode(mode))

    def _write(self, settings: TenantSettings, name: str, own: OwnActivity) -> None:
        """In one transaction: readers of the new settings version see the activity, readers of the old one do not."""
        row = self.activities.written(settings.code, name, own)
        change = lambda now: replace(now, catalogue_version=now.catalogue_version + 1)  # noqa: E731
        self.store.change_tenant(settings.code, change, row)


def _check_room(catalogue: Catalogue, name: str, own: OwnActivity) -> None:
    before = catalogue.own(name)
    if before is None and len(catalogue.own_names) >= MAX_ACTIVITIES:
        detail = f"A tenant has at most {MAX_ACTIVITIES} activities of its own, including those taken back."
        raise Problem(422, "too_many_activities", detail)
    categories = {*own.categories, *(before.categories if before else ())}
    if len(categories) > MAX_CATEGORIES:
        detail = f"An activity has at most {MAX_CATEGORIES} categories, including former ones."
        raise Problem(422, "too_many_categories", detail)
    if catalogue.own_bytes(without=name) + own.bytes > MAX_CATALOGUE_BYTES:
        detail = f"A tenant's own activities have at most {MAX_CATALOGUE_BYTES} bytes of JSON together."
        raise Problem(422, "catalogue_too_large", detail)


def _check_visibility(request: Request, now: Activity | None, then: Activity | None) -> None:
    """Without it an admin could hide activities from auditors, or change those that only operations may see."""
    hidden = any(activity is not None and activity.visibility is not None for activity in (now, then))
    if hidden and request.caller.role != OPERATIONS:
        raise Problem(403, "forbidden", "Only operations may change an activity with restricted visibility.")


def _own_name(request: Request) -> str:
    name = request.parameters["activity"]
    if not ACTIVITY.fullmatch(name):
        message = "must be 1 to 128 of A-Z, a-z, 0-9, ., _, : and -, beginning and ending with a letter or digit"
        raise bad_field("activity", message)
    if is_reserved(name):
        raise bad_field("activity", "is reserved for Daybook", "reserved_activity")
    return name
