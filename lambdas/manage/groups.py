"""Creates, lists, reads and removes groups of people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook.catalogue.profile import profile
from daybook.http import forms
from daybook.http.body import read_body
from daybook.http.problem import Problem, bad_field
from daybook.http.request import Answer, Request
from daybook.people.groups import MAX_GROUPS, MAX_MEMBERS, MAX_NAME, Group
from daybook.people.identities import IdentityStore
from daybook.people.lookup import GUID
from daybook.people.resolver import Identities
from daybook.self_audit.recorder import Record
from daybook.tenant import Tenant
from daybook.tenants.reader import SettingsReader
from manage.group_members import MembersGiven, PersonRows, check, usernames


class Groups(Protocol):
    def names(self, tenant: Tenant) -> Sequence[str]: ...

    def group(self, tenant: Tenant, name: str) -> Group:
        """Raises `UnknownGroup`."""

    def put(self, tenant: Tenant, name: str, members: tuple[str, ...]) -> None: ...

    def remove(self, tenant: Tenant, name: str) -> None:
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
    record: Record

    def put(self, request: Request) -> Answer:
        """The members are everyone who has or had one of the names. Adding an unknown name creates its person, as an
        event would. People created before a 503 are kept, so repeating the call completes it.
        """
        settings = self.control.settings(request.tenant)
        request.caller.check_reaches_all()
        name = _name(request)
        form = forms.decode(read_body(request), Members)
        aliases = profile(settings.profile).aliases
        for index, member in enumerate(form.members):
            check(member, f"members[{index}]", aliases)
        self._check_number(settings.tenant, name)
        people = self.people.with_time_limit(request.remaining_seconds)
        given = MembersGiven(people, self.identities(people), request.remaining_seconds)
        added = given.added(settings.tenant, form.members)
        guids = tuple(guid for some in added.values() for guid in some)
        if len(guids) > MAX_MEMBERS:
            raise bad_field("members", f"are more than {MAX_MEMBERS} people", "invalid_length")
        given_as_guids = [member.lower() for member in added if GUID.fullmatch(member)]
        called = dict(zip(given_as_guids, usernames(people, settings.tenant, given_as_guids), strict=True))
        self.record(settings, request, "group-changed", {"group": name})
        self.groups.put(settings.tenant, name, guids)
        return Answer(200, GroupDescription(name, [called.get(member.lower(), member) for member in added]))

    def read(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        group = self.groups.group(settings.tenant, _name(request))
        people = self.people.with_time_limit(request.remaining_seconds)
        return Answer(200, GroupDescription(group.name, usernames(people, settings.tenant, group.members)))

    def list_names(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        return Answer(200, GroupList([GroupName(name) for name in self.groups.names(settings.tenant)]))

    def remove(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        request.caller.check_reaches_all()
        group = self.groups.group(settings.tenant, _name(request))
        self.record(settings, request, "group-removed", {"group": group.name})
        self.groups.remove(settings.tenant, group.name)
        return Answer(204)

    def _check_number(self, tenant: Tenant, name: str) -> None:
        names = self.groups.names(tenant)
        if name not in names and len(names) >= MAX_GROUPS:
            raise Problem(422, "too_many_groups", f"A tenant has at most {MAX_GROUPS} groups.")


def _name(request: Request) -> str:
    return forms.text("name", request.parameters["name"], MAX_NAME)
