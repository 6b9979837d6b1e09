"""Creates, lists, reads and removes groups of people. A group is of an environment, as people are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook.crypto.keys import DeploymentKeys
from daybook.http import forms
from daybook.http.body import read_body
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_field, bad_parameter
from daybook.http.request import Answer, Request
from daybook.people.groups import MAX_GROUPS, MAX_MEMBERS, MAX_NAME, Group
from daybook.people.identities import IdentityStore
from daybook.people.lookup import GUID
from daybook.people.resolver import Identities
from daybook.self_audit.recorder import Record
from daybook.tenant import EnvironmentKey
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from manage.group_members import MembersGiven, PersonRows, check, usernames

PARAMETERS = ("environment",)


class Groups(Protocol):
    def names(self, environment: EnvironmentKey) -> Sequence[str]: ...

    def group(self, environment: EnvironmentKey, name: str) -> Group:
        """Raises `UnknownGroup`."""

    def put(self, environment: EnvironmentKey, name: str, members: tuple[str, ...]) -> None: ...

    def remove(self, environment: EnvironmentKey, name: str) -> None:
        """Raises `UnknownGroup`."""


class GroupName(Struct):
    name: str


class GroupList(Struct):
    groups: list[GroupName]


class GroupDescription(Struct):
    """A group of people."""

    name: str
    members: list[str]
    """Usernames; the GUID of a person who was forgotten."""


class Members(Struct, forbid_unknown_fields=True):
    members: Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=MAX_MEMBERS)]


@dataclass(frozen=True)
class GroupOperations:
    control: SettingsReader
    groups: Groups
    people: PersonRows
    identities: Callable[[IdentityStore], Identities]
    keys: DeploymentKeys
    record: Record

    def put(self, request: Request) -> Answer:
        """The members are everyone who has or had one of the names. Adding an unknown name creates its person, as an
        event would. People created before a 503 are kept, so repeating the call completes it.
        """
        settings = self.control.settings(request.tenant)
        environment = _environment(request, settings)
        key = settings.environment_key(environment)
        name = _name(request)
        form = forms.decode(read_body(request), Members)
        for index, member in enumerate(form.members):
            check(member, f"members[{index}]")
        self._check_number(key, name)
        people = self.people.with_time_limit(request.remaining_seconds)
        keys = self.keys.of(settings.code, settings.secret)
        given = MembersGiven(people, self.identities(people), keys, request.remaining_seconds)
        added = given.added(key, form.members)
        guids = tuple(guid for some in added.values() for guid in some)
        if len(guids) > MAX_MEMBERS:
            raise bad_field("members", f"are more than {MAX_MEMBERS} people", "invalid_length")
        given_as_guids = [member.lower() for member in added if GUID.fullmatch(member)]
        called = dict(zip(given_as_guids, usernames(people, key, given_as_guids), strict=True))
        self.record(settings, request, "group-changed", {"group": name}, environment=environment)
        self.groups.put(key, name, guids)
        return Answer(200, GroupDescription(name, [called.get(member.lower(), member) for member in added]))

    def read(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        key = settings.environment_key(_environment(request, settings))
        group = self.groups.group(key, _name(request))
        people = self.people.with_time_limit(request.remaining_seconds)
        return Answer(200, GroupDescription(group.name, usernames(people, key, group.members)))

    def list_names(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        key = settings.environment_key(_environment(request, settings))
        return Answer(200, GroupList([GroupName(name) for name in self.groups.names(key)]))

    def remove(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        environment = _environment(request, settings)
        key = settings.environment_key(environment)
        group = self.groups.group(key, _name(request))
        self.record(settings, request, "group-removed", {"group": group.name}, environment=environment)
        self.groups.remove(key, group.name)
        return Answer(204)

    def _check_number(self, environment: EnvironmentKey, name: str) -> None:
        names = self.groups.names(environment)
        if name not in names and len(names) >= MAX_GROUPS:
            raise Problem(422, "too_many_groups", f"An environment has at most {MAX_GROUPS} groups.")


def _environment(request: Request, settings: TenantSettings) -> str:
    for name, values in request.query.items():
        if name not in PARAMETERS:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        if len(set(values)) > 1:
            raise bad_parameter(name, "may be given only once")
    return environment_of(request, settings, request.query.get("environment", [None])[0])


def _name(request: Request) -> str:
    return forms.text("name", request.parameters["name"], MAX_NAME)
