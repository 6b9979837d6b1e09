"""Finds people by the beginning of a username, for pickers."""

import base64
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter
from daybook.http.request import Answer, Request
from daybook.people.identities import MAX_NAME_BYTES, Row
from daybook.tenant import EnvironmentKey
from daybook.tenants.reader import SettingsReader
from daybook.text import folded, is_clean

PARAMETERS = ("environment", "prefix", "limit", "cursor")
DEFAULT_PEOPLE = 50
MAX_PEOPLE = 500


class Names(Protocol):
    def names(
        self, environment: EnvironmentKey, prefix: str, after: str | None, limit: int
    ) -> tuple[list[Row], str | None]:
        """At most `limit` rows of names that begin with `prefix`, in order, after the row `after`; and the last row's
        sort key when there may be more.
        """


class NamedActor(Struct):
    """A person, under one of the usernames that the person has or had."""

    id: str
    """The person's GUID."""
    username: str
    name: str | None


class ActorPage(Struct):
    actors: list[NamedActor]
    next_cursor: str | None
    """Null at the end."""


@dataclass(frozen=True)
class ActorOperations:
    control: SettingsReader
    names: Names

    def list(self, request: Request) -> Answer:
        """Everybody who has or had such a name, once a page. People without a username are not listed."""
        settings = self.control.settings(request.tenant)
        prefix, limit, after = _parameters(request)
        environment = environment_of(request, settings, request.query.get("environment", [None])[0])
        rows, last = self.names.names(settings.environment_key(environment), prefix, after, limit)
        people: dict[str, NamedActor] = {}
        for row in rows:
            if "guid" not in row:
                continue  # stands for people who are not written down
            people.setdefault(row["guid"], NamedActor(row["guid"], row["username"], row.get("full_name")))
        return Answer(200, ActorPage(list(people.values()), _cursor(last) if last else None))


def _parameters(request: Request) -> tuple[str, int, str | None]:
    for name, values in request.query.items():
        if name not in PARAMETERS:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        empty_prefix = name == "prefix" and not values[0]  # an empty prefix lists everybody
        if len(set(values)) > 1 or not (empty_prefix or is_clean(values[0])):
            raise bad_parameter(name, "may be given once, and must not be empty or contain control characters")
    given = {name: values[0] for name, values in request.query.items()}
    limit = given.get("limit", str(DEFAULT_PEOPLE))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= MAX_PEOPLE):
        raise bad_parameter("limit", f"must be 1 to {MAX_PEOPLE}")
    prefix = folded(given.get("prefix", ""))
    if len(prefix.encode()) > MAX_NAME_BYTES:
        raise bad_parameter("prefix", "is too long")
    return prefix, int(limit), _place(given["cursor"], prefix) if "cursor" in given else None


def _cursor(place: str) -> str:
    """Not signed: it only leads to what the same credential may list anyway."""
    return base64.urlsafe_b64encode(place.encode()).rstrip(b"=").decode()


def _place(cursor: str, prefix: str) -> str:
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        place = ""
    if not place.startswith(f"had#{prefix}") or len(place.encode()) > 1_024:
        raise Problem(400, "cursor_mismatch", "The cursor belongs to another prefix.")
    return place
