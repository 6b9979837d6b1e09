"""The people of the demo: made-up names, example domains, and addresses that RFC 5737 reserves for documentation."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OFFICE = "203.0.113."
AT_HOME = "198.51.100."
ELSEWHERE = "192.0.2."
"""Unknown addresses: of strangers, and of other companies' servers."""

_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
)


@dataclass(frozen=True)
class Person:
    number: int
    username: str
    name: str
    email: str
    ip: str
    user_agent: str
    user_type: str | None
    roles: tuple[str, ...]

    @property
    def actor(self) -> dict[str, Any]:
        """The person as the actor of an event."""
        actor: dict[str, Any] = {"type": "user", **self.declared}
        if self.user_type:
            actor["user_type"] = self.user_type
        if self.roles:
            actor["roles"] = list(self.roles)
        return actor

    @property
    def declared(self) -> dict[str, str]:
        """The person as one of an event's `people`, whose names may be in its free text."""
        return {"id": f"u-{self.number}", "username": self.username, "name": self.name, "email": self.email}

    @property
    def target(self) -> dict[str, str]:
        return {"type": "user", "id": f"u-{self.number}", "username": self.username, "name": self.name}

    @property
    def context(self) -> dict[str, str]:
        return {"ip": self.ip, "user_agent": self.user_agent}


Team = Mapping[str, Person]
"""By username."""


def team(domain: str, first_number: int, *lines: str, user_type: str | None = None) -> Team:
    """One person a line: a name, and after a colon the roles, separated by commas. `Admin` is a user type if
    `user_type` names that of all others.
    """
    return {
        person.username: person
        for place, line in enumerate(lines)
        for person in [_person(domain, first_number + place, place, line, user_type)]
    }


def _person(domain: str, number: int, place: int, line: str, user_type: str | None) -> Person:
    name, _, listed = (part.strip() for part in line.partition(":"))
    roles = tuple(role.strip() for role in listed.split(",") if role.strip())
    username = _plain(name).lower().replace(" ", ".")
    network = AT_HOME if place % 4 == 3 else OFFICE
    return Person(
        number=number,
        username=username,
        name=name,
        email=f"{username}@{domain}",
        ip=f"{network}{10 + number % 200}",
        user_agent=_BROWSERS[number % len(_BROWSERS)],
        user_type=user_type and ("Admin" if "Admin" in roles else user_type),
        roles=() if user_type else roles,
    )


def _plain(name: str) -> str:
    """The name without accents: `Zoë` signs in as `zoe`."""
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
