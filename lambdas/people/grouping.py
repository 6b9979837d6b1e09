"""Groups of people: made, listed, read and removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook import validation
from daybook.body import read_body
from daybook.caller import Tenant
from daybook.catalogue import profile
from daybook.groups import MOST_GROUPS, MOST_MEMBERS, MOST_NAME, Group
from daybook.http import Answer, Request
from daybook.identities import IdentityStore
from daybook.problem import Problem, bad_field
from daybook.reading.people import GUID
from daybook.recording import Record
from daybook.resolving import Identities
from daybook.tenants import TenantSettings
from people.members import MembersGiven, PersonRows, check, usernames


class Groups(Protocol):
    def names(self, tenant: Tenant) -> Sequence[str]: ...

    def group(self, tenant: Tenant, name: str) -> Group:
        """Raises `UnknownGroup`."""

    def put(self, tenant: Tenant, name: str, members: tuple[str, ...]) -> None: ...

    def remove(self, tenant: Tenant, name: str) -> None:
        """Raises `UnknownGroup`."""


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Members(Struct, forbid_unknown_fields=True):
    members: Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=MOST_MEMBERS)]


@dataclass(frozen=True)
class Grouping:
    control: Control
    groups: Groups
    people: PersonRows
    identities: Callable[[IdentityStore], Identities]
    record: Record

    def put(self, request: Request) -> Answer:
        """Everyone who has or had a name given. People who were never seen become known by their usernames, as if an
        event had named them; what that takes is kept, so that a call that broke off with 503 goes on when repeated.
        """
        settings = self.control.settings(request.tenant)
        request.caller.check_reaches_all()
        name = _name(request)
        form = validation.decode(read_body(request), Members)
        aliases = profile(settings.profile).aliases
        for index, member in enumerate(form.members):
            check(member, f"members[{index}]", aliases)
        self._check_number(settings.tenant, name)
        people = self.people.lasting(request.remaining_seconds)
        given = MembersGiven(people, self.identities(people), request.remaining_seconds)
        added = given.added(settings.tenant, form.members)
        guids = tuple(guid for some in added.values() for guid in some)
        if len(guids) > MOST_MEMBERS:
            raise bad_field("members", f"are over {MOST_MEMBERS} people", "invalid_length")
        given_as_guids = [member.lower() for member in added if GUID.fullmatch(member)]
        called = dict(zip(given_as_guids, usernames(people, settings.tenant, given_as_guids), strict=True))
        self.record(settings, request, "group-changed", {"group": name})
        self.groups.put(settings.tenant, name, guids)
        return Answer(200, {"name": name, "members": [called.get(member.lower(), member) for member in added]})

    def read(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        group = self.groups.group(settings.tenant, _name(request))
        people = self.people.lasting(request.remaining_seconds)
        return Answer(200, {"name": group.name, "members": usernames(people, settings.tenant, group.members)})

    def list_names(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        return Answer(200, {"groups": [{"name": name} for name in self.groups.names(settings.tenant)]})

    def remove(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        request.caller.check_reaches_all()
        group = self.groups.group(settings.tenant, _name(request))
        self.record(settings, request, "group-removed", {"group": group.name})
        self.groups.remove(settings.tenant, group.name)
        return Answer(204)

    def _check_number(self, tenant: Tenant, name: str) -> None:
        names = self.groups.names(tenant)
        if name not in names and len(names) >= MOST_GROUPS:
            raise Problem(422, "too_many_groups", f"A tenant has at most {MOST_GROUPS} groups.")


def _name(request: Request) -> str:
    return validation.text("name", request.parameters["name"], MOST_NAME)
