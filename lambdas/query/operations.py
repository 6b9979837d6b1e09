"""The reading routes: parameters in, answers out. Each read is recorded in the log that it reads."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import UNSET

from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.catalogue.views import labels, show
from daybook.clock import Clock, format_time
from daybook.events.reader import Opened, people_of
from daybook.events.store import EventStore
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter
from daybook.http.request import Answer, Request
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader, Named, resolve
from daybook.search.one_event import find_event
from daybook.search.parameters import (
    NATIVE,
    Parameters,
    given_once,
    read_moment,
    read_parameters,
    span_between,
    target_of,
)
from daybook.search.scope import Scope, shown
from daybook.search.search import Page, Search, TooMuchToRead
from daybook.self_audit.reads import KnownTargets, Writing, search_done
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from query.answers import EventPage, TargetAttribution, TargetSummary, TargetTime, ViewPage
from query.targets import Targets, about

# The query parameters of each read but the search.
EVENT = ("environment",)
TARGET = ("target", "environment")
TARGET_TIME = (*TARGET, "from", "to")
TARGET_ATTRIBUTION = (*TARGET_TIME, "at")


class TenantStores(Protocol):
    """What reads and records one tenant's events and people."""

    @property
    def search(self) -> Search: ...
    @property
    def events(self) -> EventStore: ...
    @property
    def identities(self) -> IdentityReader: ...
    @property
    def person_keys(self) -> PersonKeys: ...
    @property
    def recorder(self) -> Recorder: ...


class Reads:
    """The reads and the stores that they use."""

    def __init__(
        self,
        *,
        control: SettingsReader,
        catalogues: Catalogues,
        stores_of: Callable[[TenantCode], TenantStores],
        clock: Clock,
    ) -> None:
        self._control = control
        self._catalogues = catalogues
        self._stores_of = stores_of
        self._clock = clock

    def search_events(self, request: Request) -> Answer:
        settings = self._control.settings(request.tenant)
        parameters = read_parameters(request.query)
        environment = environment_of(request, settings, parameters.environment)
        scope = self._scope(request, settings, environment)
        stores = self._stores_of(settings.code)
        page = stores.search.page(scope, parameters)
        if parameters.cursor is None:
            about_targets = page.events if parameters.filters.of("target") else ()
            known = KnownTargets(found.opened for found in about_targets)
            writing = _writing(stores, scope, page.resolved.named, known)
            action = search_done(writing, request.query, rows=len(page.events), more=page.next_cursor is not None)
            stores.recorder.record(settings, environment, request, action)
        return Answer(200, _described(scope, parameters, page))

    def read_event(self, request: Request) -> Answer:
        settings = self._control.settings(request.tenant)
        parameters = given_once(request.query, *EVENT)
        stores = self._stores_of(settings.code)
        found = find_event(stores.events, request, settings, parameters.get("environment"), self._clock())
        opened = Opened(found.content, stores.person_keys.of(found.environment, people_of(found.content)))
        native = opened.native(profile(settings.profile).aliases)
        action = AuditAction("viewed", {"event": found.id}, variant="event").about(found.content)
        stores.recorder.record(settings, native["environment"], request, action)
        return Answer(200, native)

    def read_catalogue(self, request: Request) -> Answer:
        given_once(request.query)
        settings = self._control.settings(request.tenant)
        return Answer(200, self._catalogues.of(settings).described(settings.mode))

    def read_target(self, request: Request) -> Answer:
        parameters = given_once(request.query, *TARGET)
        return self._about_target(request, parameters, "target", lambda targets, target: targets.summary(target))

    def read_target_time(self, request: Request) -> Answer:
        parameters = given_once(request.query, *TARGET_TIME)
        span = span_between(parameters)
        return self._about_target(
            request, parameters, "target-time", lambda targets, target: targets.time(target, span)
        )

    def read_target_attribution(self, request: Request) -> Answer:
        parameters = given_once(request.query, *TARGET_ATTRIBUTION)
        span = span_between(parameters)
        if "at" not in parameters:
            raise bad_parameter("at", "is required")
        at_ms = read_moment("at", parameters["at"])
        return self._about_target(
            request, parameters, "target-attribution", lambda targets, target: targets.attribution(target, at_ms, span)
        )

    def _scope(self, request: Request, settings: TenantSettings, environment: str) -> Scope:
        return Scope(settings, self._catalogues.of(settings), environment, request.caller)

    def _about_target(
        self,
        request: Request,
        parameters: Mapping[str, str],
        variant: str,
        ask: Callable[[Targets, str], TargetSummary | TargetTime | TargetAttribution],
    ) -> Answer:
        settings = self._control.settings(request.tenant)
        environment = environment_of(request, settings, parameters.get("environment"))
        if "target" not in parameters:
            raise bad_parameter("target", "is required")
        target = parameters["target"]
        target_of("target", target)
        scope = self._scope(request, settings, environment)
        stores = self._stores_of(settings.code)
        targets = Targets(stores.search, scope)
        try:
            answer = ask(targets, target)
        except TooMuchToRead:
            raise Problem(422, "too_much_to_read", "There is too much to read at once: give a later from.") from None
        aliases, asked = profile(settings.profile).aliases, about(target)
        name_key = stores.search.keys.of(settings.code, settings.secret).name
        named = resolve(stores.identities, scope.key, aliases, asked.names, name_key, ids=asked.ids)
        writing = _writing(stores, scope, named, targets.known)
        params = {"target": writing.target(target)}
        if isinstance(answer, TargetAttribution):
            params["at"] = answer.at
        action = AuditAction("viewed", params, variant=variant, people=writing.people)
        stores.recorder.record(settings, environment, request, action)
        return Answer(200, answer)


def _writing(stores: TenantStores, scope: Scope, named: Mapping[str, Named], known: KnownTargets) -> Writing:
    return Writing.of(scope.key, scope.catalogue, named, stores.person_keys.of, known)


def _described(scope: Scope, parameters: Parameters, page: Page) -> EventPage | ViewPage:
    native: list[Any] = [event.native for event in page.events]
    reached = None if page.reached_ms is None else format_time(page.reached_ms)
    if parameters.view == NATIVE:
        return EventPage(native, page.next_cursor, page.scanned, reached, page.answered_by)
    return ViewPage(
        labels(profile(parameters.view)),
        [show(shown(scope, parameters, event)) for event in page.events],
        page.next_cursor,
        page.scanned,
        reached,
        page.answered_by,
        native if parameters.with_native else UNSET,
    )
