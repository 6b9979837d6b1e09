"""CareAR: the portal's seven categories, by its admins, the provisioning API, operations and the system."""

from collections.abc import Iterator
from typing import Any

from events.demo.attendance import Attendance
from events.demo.carear_people import GROUPS, TEAM, TECHNICIANS
from events.demo.carear_scenes import CHANGES
from events.demo.people import ELSEWHERE, Person
from events.demo.product import Product
from events.demo.story import OPERATIONS, SYSTEM, Story, date_of, week_of, weekday, working_day

PORTAL = {"type": "portal"}

TURNS = 10
"""Each change on the portal comes once in so many working days."""


_PROVISIONING: dict[str, Any] = {
    "source": {"type": "provisioning-api"},
    "context": {"ip": f"{ELSEWHERE}60", "user_agent": "scim/2.0"},
}
_API = {"type": "api"}


def stories(day: int) -> Iterator[Story]:
    """Two changes on the portal each working day, the directory's sync at the weekend, and the tenant's renewal."""
    number = working_day(day)
    if number is None:
        if weekday(day) == 5:
            yield _provisioning(day, week_of(day))
        return
    yield _changes(day, number)
    if number % 6 == 0:
        yield _users_and_groups(day, number // 6)
    if number % 8 == 1:
        yield _password(day)
    if number % 7 == 3:
        yield _stranger(day)
    if number % 55 == 20:
        yield _expiry(day)


def _changes(day: int, number: int) -> Story:
    story = Story("carear", day, "changes", hour=9.5)
    for change in CHANGES[number % TURNS :: TURNS]:
        who = story.chance.choice([person for person in TEAM.values() if person.roles[0] in change.roles])
        target = {"type": change.kind, "id": change.name.lower().replace(" ", "-"), "name": change.name}
        about = {"target": target, "source": PORTAL, "details": change.details, "changes": list(change.changes) or None}
        story.tell(who, change.activity, after=story.chance.randrange(20, 120), **about)
    return story


def _users_and_groups(day: int, number: int) -> Story:
    """Somebody joins, changes or leaves, together with a group."""
    story = Story("carear", day, "users", hour=13)
    who = story.chance.choice([person for person in TEAM.values() if person.roles == ("Group Admin",)])
    person, group = TECHNICIANS[number // 3 % len(TECHNICIANS)], GROUPS[number // 3 % len(GROUPS)]
    into: dict[str, Any] = {
        "source": PORTAL,
        "target": {"type": "user-group", "id": group.lower().replace(" ", "-"), "name": group},
    }
    match number % 3:
        case 0:
            story.tell(who, "user-administration.group-added", **into, details=f"User group {group} added")
            _user(story, who, "user-added", person, f"User {person.name} added to {group}")
        case 1:
            role = [{"field": "role", "from": "Participant", "to": "Technician"}]
            _user(story, who, "user-updated", person, f"Telephone number of {person.name} updated")
            _user(story, who, "role-changed", person, f"Role of {person.name} changed to Technician", changes=role)
            story.tell(who, "user-administration.group-updated", **into, details=f"User group {group} updated")
        case 2:
            _user(story, who, "user-removed", person, f"User {person.name} removed")
            story.tell(who, "user-administration.group-removed", **into, details=f"User group {group} removed")
    return story


def _user(story: Story, who: Person, event: str, person: Person, details: str, **fields: Any) -> None:
    about: dict[str, Any] = {"target": person.target, "source": PORTAL, "details": details, **fields}
    story.tell(who, f"user-administration.{event}", after=5, **about)


def _password(day: int) -> Story:
    story = Story("carear", day, "password", hour=10)
    who = story.chance.choice(sorted(TEAM))
    story.tell(TEAM[who], "user-access.password-reset", target=TEAM[who].target, source=PORTAL)
    return story


def _provisioning(day: int, week: int) -> Story:
    """The provisioning API synchronises the customer's directory on Saturdays."""
    story = Story("carear", day, "provisioning", hour=4)
    person = TECHNICIANS[week // 3 % len(TECHNICIANS)]
    event = ("user-added", "user-updated", "user-removed")[week % 3]
    story.tell(_API, f"provisioning-api.{event}", target=person.target, **_PROVISIONING)
    plan = [{"field": "licences", "from": 40 + week % 9, "to": 41 + week % 9}]
    story.tell(_API, "provisioning-api.tenant-updated", changes=plan, **_PROVISIONING)
    return story


def _expiry(day: int) -> Story:
    """The trial ends. Operations renew it next morning, and the system cleans up."""
    story = Story("carear", day, "expiry", hour=0)
    story.tell(SYSTEM, "administration-settings.tenant-expired", source={"type": "system"})
    story.next_morning(hour=8)
    renewed = [{"field": "expires_on", "from": date_of(day), "to": date_of(day + 365)}]
    about: dict[str, Any] = {
        "source": {"type": "super-admin"},
        "details": "Tenant renewed for a year",
        "changes": renewed,
    }
    story.tell(OPERATIONS, "administration-settings.update", **about)
    story.tell(SYSTEM, "administration-settings.update", after=0, source={"type": "system"}, details="Portal reopened")
    return story


def _stranger(day: int) -> Story:
    """Somebody guesses a tenant admin's password."""
    story = Story("carear", day, "stranger", hour=5)
    context = {"ip": f"{ELSEWHERE}{70 + story.chance.randrange(100)}", "user_agent": "Go-http-client/2.0"}
    actor = {"type": "user", "username": "grace.okafor"}
    for _ in range(story.chance.randrange(2, 5)):
        story.tell(actor, "user-access.login", after=0, status="failure", source=PORTAL, context=context)
    return story


PRODUCT = Product(
    name="carear",
    company="Fieldworks",
    days=90,
    environments=("prod",),
    attendance=Attendance(TEAM, "user-access.login", "user-access.logout", {"source": PORTAL}),
    stories=stories,
)
