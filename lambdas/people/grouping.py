"""Groups of people: made, listed, read and removed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from daybook import validation
from daybook.appearance import passes_for_alias
from daybook.body import read_body
from daybook.caller import Tenant
from daybook.catalogue import Aliases, profile
from daybook.groups import MOST_MEMBERS, MOST_NAME, Group
from daybook.http import Answer, Request
from daybook.identities import (
    MOST_NAME_BYTES,
    Contended,
    Identities,
    Reference,
    Row,
    called_prefix,
    folded,
    id_row,
    renamed_row,
)
from daybook.problem import bad_field
from daybook.reading.people import GUID
from daybook.recording import Record
from daybook.storing import Throttled
from daybook.tenants import TenantSettings

_PEOPLE_AT_ONCE = 500


class Groups(Protocol):
    def names(self, tenant: Tenant) -> Sequence[str]: ...

    def group(self, tenant: Tenant, name: str) -> Group:
        """Raises `UnknownGroup`."""

    def put(self, tenant: Tenant, name: str, members: tuple[str, ...]) -> None: ...

    def remove(self, tenant: Tenant, name: str) -> None:
        """Raises `UnknownGroup`."""


class PersonRows(Protocol):
    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows there are, by sort key."""

    def query(self, tenant: Tenant, prefixes: Sequence[str]) -> list[list[Row]]:
        """For each prefix, the rows whose sort key begins so."""


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Members(Struct, forbid_unknown_fields=True):
    members: Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=MOST_MEMBERS)]


@dataclass(frozen=True)
class Grouping:
    control: Control
    groups: Groups
    identities: Identities
    people: PersonRows
    record: Record

    def put(self, request: Request) -> Answer:
        """People who were never seen become known by their usernames, as if an event had named them."""
        settings = self.control.settings(request.tenant)
        name = _name(request)
        form = validation.decode(read_body(request), Members)
        guids = self._guids(settings, form.members)
        self.record(settings, request, "group-changed", {"group": name})
        self.groups.put(settings.tenant, name, guids)
        return Answer(200, {"name": name, "members": self._usernames(settings.tenant, guids)})

    def read(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        group = self.groups.group(settings.tenant, _name(request))
        return Answer(200, {"name": group.name, "members": self._usernames(settings.tenant, group.members)})

    def list_names(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        return Answer(200, {"groups": [{"name": name} for name in self.groups.names(settings.tenant)]})

    def remove(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        group = self.groups.group(settings.tenant, _name(request))
        self.record(settings, request, "group-removed", {"group": group.name})
        self.groups.remove(settings.tenant, group.name)
        return Answer(204)

    def _guids(self, settings: TenantSettings, members: Sequence[str]) -> tuple[str, ...]:
        aliases = profile(settings.profile).aliases
        guids: dict[str, None] = {}
        for start in range(0, len(members), _PEOPLE_AT_ONCE):
            some = members[start : start + _PEOPLE_AT_ONCE]
            for index, member in enumerate(some, start):
                _check(member, f"members[{index}]", aliases)
            references = {member: Reference(username=member) for member in some if not GUID.fullmatch(member)}
            try:
                known = self.identities.resolve(settings.tenant, references.values())
            except Contended:
                raise Throttled from None
            for member in some:
                guids[known[references[member]].guid if member in references else member.lower()] = None
        return tuple(guids)

    def _usernames(self, tenant: Tenant, guids: Sequence[str]) -> list[str]:
        """What members are called now; the GUID of who is forgotten, or was never called anything."""
        rows = self.people.read(tenant, [key for guid in guids for key in (id_row(guid), renamed_row(guid))])
        known = [guid for guid in guids if id_row(guid) in rows]
        names = {guid: rows[id_row(guid)].get("username", guid) for guid in known}
        renamed = [guid for guid in known if renamed_row(guid) in rows]
        for guid, later in zip(
            renamed, self.people.query(tenant, [called_prefix(guid) for guid in renamed]), strict=True
        ):
            # That somebody was renamed may stand there without the name, where writing it broke off.
            if later:
                names[guid] = max(later, key=lambda row: row["since"])["username"]
        return [names.get(guid, guid) for guid in guids]


def _name(request: Request) -> str:
    return validation.text("name", request.parameters["name"], MOST_NAME)


def _check(member: str, path: str, aliases: Aliases) -> None:
    validation.text(path, member, 256)
    if passes_for_alias(member, aliases):
        raise bad_field(path, "is what others are shown as", "alias_username")
    if len(folded(member).encode()) > MOST_NAME_BYTES:
        raise bad_field(path, f"has over {MOST_NAME_BYTES} bytes", "invalid_length")
