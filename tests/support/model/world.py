"""Generates logs from a seed, and the values for queries about them.

A few people, ids, texts and times are used again and again, so that most queries find something: people who changed
their names, several people with the same name, names within ids, and ids that are somebody's GUID or longer than a key
may be.
"""

import random
from typing import Any

from daybook.clock import DAY, MINUTE, format_time
from tests.support.ingest import NOW

# The client id, the person's names in order, the person's full name.
PEOPLE: tuple[tuple[str | None, tuple[str, ...], str | None], ...] = (
    ("u-1", ("mike.mars", "Mike.Mars", "michael.mars"), "Mike Mars"),
    ("u-2", ("mike.mars",), None),
    (None, ("jane.roe", "JANE.ROE"), "Jane Roe"),
    ("u-3", ("Jane.Roe", "jane.doe"), "Jane Doe"),
    ("7b1c2d3e-0000-4000-8000-00000000abcd", ("a#b",), None),
    (None, ("a",), None),
    ("straße", ("Straße", "STRASSE"), "Jörg Straße"),
    (None, ("Ωmega.k",), "Ω"),
    ("u-9", (), None),
)
SERVICE_ID = "7b1c2d3e-0000-4000-8000-00000000ffff"
TARGET_IDS = (
    "D-1",
    "1234-C-A1",
    "a#b",
    "mike.mars",
    "MIKE.MARS",
    "mike.mars/report",
    "jane.doe's list",
    "u-1",
    PEOPLE[4][0],
    f"order-{SERVICE_ID}",
    "ü" * 300,
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "cafe\N{COMBINING ACUTE ACCENT}",
    "#",
    "~",
)
ACTIVITIES_OF_USERS = (
    "work-item.note-added",
    "work-item.opened",
    "work-item.assigned",
    "work-item.email-received",
    "api.called",
    "record.stamped",
    "work-item.created",
    "custom.thing",
    "custom.deep.thing",
    "plain",
)
ACTIVITIES_OF_ANY = ("record.stamped", "work-item.created", "work-item.email-received", "custom.thing", "plain")
TEXTS = ("Wrong amount", "mike.mars said so", "über den Ärger", "~0.0;", "Jane Roe", "")
ADDRESSES = ("203.0.113.7", "::FFFF:203.0.113.7", "2001:db8::1", "2001:DB8:0::1", "198.51.100.9", "10.0.0.1, 10.0.0.2")
SESSIONS = ("s1", "mike.mars-s1", "s#2")
MOMENTS = tuple(
    NOW + offset for offset in (-20 * DAY, -10 * DAY, -10 * DAY + 1, -8 * DAY, -7 * DAY, -DAY, -MINUTE, -1, 0, MINUTE)
)
LAYOUT_MOMENTS = (NOW - 10 * DAY, NOW - 8 * DAY, NOW - DAY, NOW)
ENVIRONMENTS = ("prod", "test")


# Group: how many of its people are in the log, and how many never did anything. Over 64, the timeline answers.
GROUPS = {"nobody": (0, 0), "few": (3, 1), "some": (6, 3), "many": (4, 70), "a#b": (5, 0)}
# The tenant's changes to activities and their categories. `custom.thing` is in no profile.
REMADE = ("work-item.opened", "record.stamped", "work-item.created", "custom.thing")
OWN_CATEGORIES = ("Tenant own", "Communications", "Time Tracking", "Other", "other")


class Log:
    """Generates one tenant's events."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  made-up events
        self._events = 0
        self._references = [self._reference(*person) for person in PEOPLE for _ in range(2)]

    def layouts(self) -> list[tuple[int, int]]:
        """Pairs of (from, shards). The number of shards grows."""
        layouts = [(0, self._random.randint(1, 2))]
        for moment in sorted(self._random.sample(LAYOUT_MOMENTS, self._random.randint(0, 2))):
            layouts.append((moment, min(4, layouts[-1][1] + self._random.randint(1, 2))))
        return layouts

    def remade(self) -> dict[str, tuple[str, str | None] | None]:
        """Activities with the category and the one role that a tenant gives them. None means removed."""
        names = self._random.sample(REMADE, self._random.randint(0, 3))
        return {
            name: None
            if self._maybe(0.3)
            else (self._random.choice(OWN_CATEGORIES), "operations" if self._maybe(0.15) else None)
            for name in names
        }

    def event(self) -> dict[str, Any]:
        """One event as it is sent. Absent fields are left out."""
        self._events += 1
        actor = self._actor()
        activity = self._random.choice(ACTIVITIES_OF_USERS if actor["type"] == "user" else ACTIVITIES_OF_ANY)
        params: dict[str, Any] = {}
        if activity == "work-item.assigned":
            params["assignee"] = self._random.choice([name for _, names, _ in PEOPLE for name in names])
        elif self._maybe(0.2):
            params["approver"] = {"user": self._random.choice(["jane.roe", "mike.mars", "new.one"])}
        event = {
            # No two at once: who of two people held a name first would be left to their GUIDs.
            "occurred_at": format_time(self._random.choice(MOMENTS) + self._events),
            "environment": self._random.choice((*ENVIRONMENTS, "prod")),
            "activity": activity,
            "variant": self._random.choice(["one", "two"]) if "." not in activity and self._maybe(0.5) else None,
            "status": self._random.choice(["failure", "success", None, None]),
            "actor": actor,
            "source": {"type": self._random.choice(["ADMIN", "portal"])} if self._maybe(0.4) else None,
            "target": self._target() if self._maybe(0.75) else None,
            "params": params or None,
            "details": self._random.choice(TEXTS) if self._maybe(0.5) else None,
            "people": [self._declared(actor)] if self._maybe(0.3) else None,
            "context": self._context(),
        }
        return {name: value for name, value in event.items() if value is not None}

    def _actor(self) -> dict[str, Any]:
        kind = self._random.choices(("user", "system", "api", "operations", "unknown"), weights=(50, 10, 15, 5, 20))[0]
        actor: dict[str, Any] = {"type": kind, "user_type": self._random.choice(["Admin", "Member", None])}
        if kind == "user" or (kind == "unknown" and self._maybe(0.4)):
            actor |= self._random.choice(self._references)
            if kind == "user" and self._maybe(0.2):
                actor["impersonator"] = self._random.choice(self._references)
        elif kind != "unknown":
            actor["username"] = self._random.choice(["ci-bot", "CI-Bot", "jane.roe", None])
            actor["id"] = self._random.choice(["k1", SERVICE_ID, None])
            actor["name"] = self._random.choice(["The bot", None])
        return {name: value for name, value in actor.items() if value is not None}

    def _reference(self, client_id: str | None, names: tuple[str, ...], called: str | None) -> dict[str, str]:
        reference: dict[str, str] = {}
        if client_id is not None and (not names or self._maybe(0.7)):
            reference["id"] = client_id
        if names and (not reference or self._maybe(0.8)):
            reference["username"] = self._random.choice(names)
        if called is not None and self._maybe(0.5):
            reference["name"] = called
        return reference

    def _declared(self, actor: dict[str, Any]) -> dict[str, str]:
        """Somebody, but nobody of the actor's name with another id: see `event`."""
        name = actor.get("username")
        others = (actor.get("id"), None) if name is not None and "id" in actor else ()
        return self._random.choice(
            [
                each
                for each in self._references
                if not others or each.get("id") in others or each.get("username", "").lower() != str(name).lower()
            ]
        )

    def _target(self) -> dict[str, Any]:
        kind = self._random.choice(["doc", "work-item", "user"])
        target: dict[str, Any] = {"type": kind}
        if kind == "user":
            who = self._random.choice(self._references)
            target |= {"username": who["username"]} if "username" in who else {"id": who["id"]}
        elif self._maybe(0.9):
            target["id"] = self._random.choice(TARGET_IDS)
        if self._maybe(0.3):
            target["name"] = self._random.choice(["Wrong amount", "mike.mars", "Mike Mars"])
        if self._maybe(0.5):
            within = self._random.choice(["work-item", "doc", "user"])
            ids = ["u-1", "jane.roe"] if within == "user" else TARGET_IDS
            target["within"] = {"type": within, "id": self._random.choice(ids)}
        return target

    def _context(self) -> dict[str, str] | None:
        context = {
            "ip": self._random.choice((*ADDRESSES, None)),
            "session_id": self._random.choice((*SESSIONS, None, None)),
            "request_id": self._random.choice(("r1", "a#b", None)),
        }
        return {name: value for name, value in context.items() if value is not None} or None

    def _maybe(self, share: float) -> bool:
        return self._random.random() < share
