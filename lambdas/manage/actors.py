"""Lists people by the beginning of a username, or of any word of a username or name; for pickers."""

import base64
from dataclasses import dataclass

from msgspec import Struct

from daybook.crypto.keys import DeploymentKeys
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter
from daybook.http.request import Answer, Request
from daybook.people.identities import MAX_NAME_BYTES
from daybook.tenants.reader import SettingsReader
from daybook.text import folded, is_clean
from manage.actor_search import ActorSearch, NamedActor, guid_in, named

PARAMETERS = ("environment", "prefix", "q", "limit", "cursor")
DEFAULT_PEOPLE = 50
MAX_PEOPLE = 500


class ActorPage(Struct):
    actors: list[NamedActor]
    next_cursor: str | None
    """Null at the end. With `q` a page may be short or empty and still have a cursor."""


@dataclass(frozen=True)
class ActorOperations:
    control: SettingsReader
    keys: DeploymentKeys
    search: ActorSearch

    def list(self, request: Request) -> Answer:
        """Everybody who has or had such a name, once a page. People without a username are not listed."""
        settings = self.control.settings(request.tenant)
        prefix, text, limit, after = _parameters(request)
        environment = settings.environment_key(
            environment_of(request, settings, request.query.get("environment", [None])[0])
        )
        if text is not None and (guid := guid_in(text)) is not None:
            keys = self.keys.of(settings.code, settings.secret)
            return Answer(200, ActorPage(self.search.by_guid(environment, guid, keys), None))
        if text is not None:
            found, last = self.search.find(environment, text, after, limit)
            return Answer(200, ActorPage(found, _cursor(last) if last else None))
        rows, last = self.search.names.names(environment, prefix, after, limit)
        people: dict[str, NamedActor] = {}
        for row in rows:
            if "guid" not in row:
                continue  # stands for people who are not written down
            people.setdefault(row["guid"], named(row))
        return Answer(200, ActorPage(list(people.values()), _cursor(last) if last else None))


def _parameters(request: Request) -> tuple[str, str | None, int, str | None]:
    """The prefix, the beginning of a word in its place, the limit, and the row to continue after."""
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
    if "q" in given and "prefix" in given:
        raise bad_parameter("q", "cannot be combined with prefix")
    prefix, text = folded(given.get("prefix", "")), given.get("q")
    if text is not None and not text.split():
        raise bad_parameter("q", "must have a word")
    for name, value in (("prefix", prefix), ("q", text or "")):
        if len(value.encode()) > MAX_NAME_BYTES:
            raise bad_parameter(name, "is too long")
    return prefix, text, int(limit), _place(given["cursor"], prefix) if "cursor" in given else None


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
