"""Whose log is read, by whom, and how its events are shown."""

from typing import NamedTuple

import msgspec

from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.catalogue.views import Shown, show
from daybook.events.canonical import canonical
from daybook.http.caller import Caller
from daybook.search.gather import Found, Weigh
from daybook.search.parameters import NATIVE, Parameters
from daybook.tenant import EnvironmentKey
from daybook.tenants.settings import TenantSettings


class Scope(NamedTuple):
    """Whose log is read, and by whom."""

    settings: TenantSettings
    catalogue: Catalogue
    environment: str
    caller: Caller

    @property
    def key(self) -> EnvironmentKey:
        return self.settings.environment_key(self.environment)


def shown(scope: Scope, parameters: Parameters, event: Found) -> Shown:
    """The event for the view that was asked for, else for the tenant's own."""
    about = scope.catalogue.profile
    view = about if parameters.view == NATIVE else profile(parameters.view)
    alias = event.opened.alias(about.aliases)
    return Shown(event.native, alias, scope.settings.name, about.aliases, view, parameters.zone)


def weight(event: Found) -> int:
    """The bytes of an event in an answer that shows it in one form: a view's is hardly larger than the native one."""
    return len(canonical(event.native))


def weighing(scope: Scope, parameters: Parameters) -> Weigh:
    if not parameters.with_native:
        return weight
    return lambda event: weight(event) + len(msgspec.json.encode(show(shown(scope, parameters, event))))
