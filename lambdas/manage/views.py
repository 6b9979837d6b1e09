"""Saves, lists, reads and removes views: searches with a name. A view is of an environment, as people are.

A view belongs to the credential that saves it, a key or the person behind a token, or is shared with every reader of
the environment. By name one's own is found first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook.access.roles import ADMIN, OPERATIONS
from daybook.catalogue.profile import profile
from daybook.crypto.keys import DeploymentKeys, TenantKeys
from daybook.errors import UnknownSavedView
from daybook.http import forms
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter
from daybook.http.request import Answer, Request
from daybook.people.latest_names import latest_names
from daybook.search.parameters import SORTS, VIEWS, given_once
from daybook.search.saved_view import (
    MAX_NAME,
    MAX_VIEWS,
    SHARED,
    SavedView,
    StoredView,
    ids_in,
    open_view,
    people_in,
    seal_view,
    with_guids,
    with_names,
)
from daybook.self_audit.reads import MAX_PEOPLE, UNKNOWN
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import EnvironmentKey
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from daybook.text import folded
from manage.group_members import PersonRows
from manage.saved_query import check_people, check_query, read_query, write_query
from manage.view_people import ViewPeople
from manage.view_settling import Settling

LIST = ("environment",)
ONE = ("environment", "shared")
MAX_COLUMNS = 50

_SHARERS = frozenset({ADMIN, OPERATIONS})


class Views(Protocol):
    def of(self, environment: EnvironmentKey, owner: str) -> Sequence[StoredView]: ...

    def find(self, environment: EnvironmentKey, owner: str, name: str) -> StoredView | None: ...

    def put(self, environment: EnvironmentKey, view: StoredView) -> None: ...

    def replace(self, environment: EnvironmentKey, old: StoredView, new: StoredView) -> None:
        """Does nothing where it was changed or removed since `old` was read."""

    def remove(self, environment: EnvironmentKey, view: StoredView) -> None: ...


class ViewForm(Struct, forbid_unknown_fields=True):
    """What a view shows."""

    query: str
    """Filters of `GET /v1/events`, as in its address: `category=user-access&actor!=System&range=30d`."""
    view: Annotated[str, Meta(extra_json_schema={"enum": list(VIEWS)})] | None = None
    """Absent: the view of the tenant's own profile."""
    columns: Annotated[list[Annotated[str, Meta(min_length=1, max_length=128)]], Meta(max_length=MAX_COLUMNS)] = []
    """The columns to show, in order. None: those of the view."""
    sort: Annotated[str, Meta(extra_json_schema={"enum": list(SORTS)})] = "-occurred_at"
    shared: bool = False
    """Whether every reader of the environment sees it. Only admins and operations may save such a view."""


class ViewDescription(Struct):
    """A saved view. People in its query have the names that they were called by last."""

    name: str
    query: str
    view: str
    columns: list[str]
    sort: str
    shared: bool
    mine: bool
    """Whether this credential saved it."""


class ViewList(Struct):
    views: list[ViewDescription]
    """In the order of their names. Of two with the same name the caller's own comes first."""


@dataclass(frozen=True)
class _Place:
    """Whose views a call is about."""

    settings: TenantSettings
    environment: str
    credential: str
    keys: TenantKeys
    shared: bool | None
    """The parameter `shared`. None: one's own first."""

    @property
    def key(self) -> EnvironmentKey:
        return self.settings.environment_key(self.environment)

    @property
    def owners(self) -> list[str]:
        return [self.credential, SHARED] if self.shared is None else [SHARED if self.shared else self.credential]


@dataclass(frozen=True)
class ViewOperations:
    control: SettingsReader
    views: Views
    people: PersonRows
    keys: DeploymentKeys
    recorder: Recorder
    random_bytes: Callable[[int], bytes]

    def list_all(self, request: Request) -> Answer:
        place = self._place(request, LIST)
        found = [view for owner in place.owners for view in self.views.of(place.key, owner)]
        found.sort(key=lambda view: folded(view.name))  # keeps one's own before a shared one
        return Answer(200, ViewList(self._described(request, place, found)))

    def read(self, request: Request) -> Answer:
        place = self._place(request, ONE)
        return Answer(200, self._described(request, place, [self._found(place, _name(request))])[0])

    def put(self, request: Request) -> Answer:
        """Creates or replaces the caller's own view of this name, or the shared one."""
        place = self._place(request, LIST)
        name = _name(request)
        form = forms.read_form(request, ViewForm)
        for index, column in enumerate(form.columns):
            forms.text(f"columns[{index}]", column, 128)
        view = place.settings.profile if form.view is None else form.view
        query = read_query(form.query)
        filters = check_query(query, view, form.sort).filters
        owner = SHARED if form.shared else place.credential
        _check_may_change(request, owner)
        self._check_number(place, owner, name)
        texts = [text for text in filters.names if text not in filters.ids]
        meant = self._people(request, place).meant(texts, ids_in(query), strict=True)
        kept = with_guids(query, meant.people, meant.ids)
        check_people(kept)
        saved = SavedView(kept, view, form.columns, form.sort, place.credential)
        if form.shared:
            self._record(request, place, "view-saved", name, saved)
        stored = seal_view(saved, name, owner, place.key, place.keys)
        self.views.put(place.key, stored)
        return Answer(200, self._described(request, place, [stored])[0])

    def remove(self, request: Request) -> Answer:
        place = self._place(request, ONE)
        found = self._found(place, _name(request))
        _check_may_change(request, found.owner)
        if found.owner == SHARED:
            saved = open_view(found, place.key, place.keys)
            self._record(request, place, "view-removed", found.name, saved)
        self.views.remove(place.key, found)
        return Answer(204)

    def _place(self, request: Request, parameters: tuple[str, ...]) -> _Place:
        given = given_once(request.query, *parameters)
        if given.get("shared", "true") not in ("true", "false"):
            raise bad_parameter("shared", "must be true or false")
        settings = self.control.settings(request.tenant)
        environment = environment_of(request, settings, given.get("environment"))
        caller = request.caller
        credential = self.recorder.credential(settings, environment, request) if caller.user else caller.first_key
        keys = self.keys.of(settings.code, settings.secret)
        shared = given["shared"] == "true" if "shared" in given else None
        return _Place(settings, environment, credential, keys, shared)

    def _found(self, place: _Place, name: str) -> StoredView:
        for owner in place.owners:
            if found := self.views.find(place.key, owner, name):
                return found
        raise UnknownSavedView(name)

    def _described(self, request: Request, place: _Place, found: Sequence[StoredView]) -> list[ViewDescription]:
        settling = Settling(self.views, self._people(request, place), place.key, place.keys, self.random_bytes)
        opened = settling.settled([(view, open_view(view, place.key, place.keys)) for view in found])
        guids = set().union(*(people_in(saved.query) for _, saved in opened))
        people = self.people.with_time_limit(request.remaining_seconds)
        names = latest_names(people, place.key, sorted(guids)) if guids else {}
        return [_description(view, saved, names, place.credential) for view, saved in opened]

    def _people(self, request: Request, place: _Place) -> ViewPeople:
        reader = self.people.with_time_limit(request.remaining_seconds)
        return ViewPeople(reader, place.key, profile(place.settings.profile).aliases, place.keys)

    def _record(self, request: Request, place: _Place, activity: str, name: str, saved: SavedView) -> None:
        """The name as the view's author wrote it, with the people in it sealed."""
        people = self._people(request, place).in_name(name, people_in(saved.query))
        shown = name if sum(map(len, people.values())) <= MAX_PEOPLE else UNKNOWN
        action = AuditAction(activity, {"view": shown}, people=people if shown == name else {})
        self.recorder.record(place.settings, place.environment, request, action)

    def _check_number(self, place: _Place, owner: str, name: str) -> None:
        if self.views.find(place.key, owner, name) is None and len(self.views.of(place.key, owner)) >= MAX_VIEWS:
            whose = "An environment has" if owner == SHARED else "A credential has"
            raise Problem(422, "too_many_views", f"{whose} at most {MAX_VIEWS} {'shared ' * (owner == SHARED)}views.")


def _description(view: StoredView, saved: SavedView, names: Mapping[str, str], credential: str) -> ViewDescription:
    return ViewDescription(
        name=view.name,
        query=write_query(with_names(saved.query, names)),
        view=saved.view,
        columns=saved.columns,
        sort=saved.sort,
        shared=view.owner == SHARED,
        mine=saved.by == credential,
    )


def _check_may_change(request: Request, owner: str) -> None:
    if owner == SHARED and not request.caller.roles & _SHARERS:
        raise Problem(403, "forbidden", "Only admins and operations may save or remove a shared view.")


def _name(request: Request) -> str:
    return forms.text("name", request.parameters["name"], MAX_NAME)
