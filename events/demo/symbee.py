"""Symbee: changes are tried in the test environment, then made in production. People sign in to the Administration
Portal.
"""

from collections.abc import Iterator
from typing import Any

from events.demo.attendance import Attendance
from events.demo.people import ELSEWHERE, team
from events.demo.product import Product
from events.demo.story import Story, week_of, weekday, working_day

ADMIN = {"type": "ADMIN"}
PROD, TEST = "prod", "test"

DOMAIN = "abccompany.example"
TEAM = team(
    DOMAIN,
    901,
    "Mike Mars",
    "Vera Lomax",
    "Anton Brusilov",
    "Delia Crane",
    "Hector Molina",
    "June Abara",
    "Stefan Roth",
    "Nora Ellery",
    "Dev Chatterjee",
    "Paige Sutton",
    "Imran Qureshi",
    "Marta Zajac",
)
MIKE = TEAM["mike.mars"]
NEWCOMERS = tuple(team(DOMAIN, 931, "Theo Granger", "Lena Fischer", "Abel Mensah").values())
CONTACT_CENTRE = tuple(team(DOMAIN, 951, "Rosa Delgado", "Karl Jensen", "Mina Cho", "Peter Nowak").values())

# Type of object, action, name, details: tried in test one morning, made in production the next.
_CHANGES = (
    ("workcodes", "add", "Call back later", ""),
    ("settings", "upd", "Business hours", "Saturday 9:00 to 13:00"),
    ("usertemplates", "add", "Collections agent", ""),
    ("datafeeds", "add", "Nightly balances", "Every night at 2:00"),
    ("workcodes", "upd", "Dispute", "Group changed to Complaints"),
    ("usertemplates", "upd", "Collections agent", "May transfer calls"),
    ("datafeeds", "upd", "Nightly balances", "Every night at 3:00"),
    ("settings", "add", "Holiday greeting", ""),
    ("workcodes", "del", "Fax received", ""),
    ("environments", "upd", "test", "Description changed"),
    ("settings", "del", "Holiday greeting", ""),
    ("usertemplates", "del", "Seasonal agent", ""),
    ("datafeeds", "del", "Nightly balances", ""),
    ("environments", "add", "training", ""),
    ("environments", "del", "training", ""),
)


def stories(day: int) -> Iterator[Story]:
    """Two changes tried and two made on each working day, and once a week the two events of Symbee's own document."""
    number = working_day(day)
    if number is None:
        if weekday(day) == 6:
            yield _changes(day, week_of(day), TEST, "sunday", hour=15)
        return
    yield _changes(day, number, TEST, "tried", hour=9.1)
    yield _changes(day, number - 1, PROD, "made", hour=14)
    yield _people(day, number)
    if weekday(day) == 2:
        yield _the_documents_examples(day)
    if number % 6 == 0:
        yield _stranger(day)


def _changes(day: int, number: int, environment: str, name: str, hour: float) -> Story:
    """Two changes by one person. A tried change may need a correction."""
    story = Story("symbee", day, name, hour)
    who = TEAM[story.chance.choice(sorted(TEAM))]
    for place in (number, number + 7):
        kind, action, thing, details = _CHANGES[place % len(_CHANGES)]
        about = _about(environment) | {"target": {"type": kind.removesuffix("s"), "id": _slug(thing), "name": thing}}
        story.tell(who, f"{kind}.{action}", after=10, **about, details=details)
        if environment == TEST and story.chance.random() < 0.3:
            correction = {"upd": "upd", "add": "upd", "del": "add"}[action]
            story.tell(who, f"{kind}.{correction}", after=12, **about, details="Corrected")
    return story


def _people(day: int, number: int) -> Story:
    """The contact centre's users, and the administrators themselves."""
    story = Story("symbee", day, "people", hour=11)
    who = TEAM[story.chance.choice(sorted(TEAM))]
    kind, people = ("adminuser", NEWCOMERS) if number % 4 == 3 else ("users", CONTACT_CENTRE)
    person = people[number // 3 % len(people)]
    action = ("add", "upd", "del")[number % 3]
    story.tell(who, f"{kind}.{action}", **_about(PROD), target=person.target)
    return story


def _the_documents_examples(day: int) -> Story:
    """At the times of day that the document gives: 09:31:30 and 23:29:45."""
    story = Story("symbee", day, "documented", hour=9)
    at_half_past_nine = _at(day, 9, 31, 30)
    code = {"type": "workcode", "id": "promised-to-pay", "name": "Promised to Pay"}
    story.moment = at_half_past_nine
    story.note(MIKE, "workcodes.upd", **_about(PROD), target=code, details="")
    story.moment = _at(day, 23, 29, 45)
    story.note(MIKE, "adminuser.login", **_about(PROD), target=MIKE.target)
    return story


def _at(day: int, hour: int, minute: int, second: int) -> int:
    return (((day * 24 + hour) * 60 + minute) * 60 + second) * 1_000


def _stranger(day: int) -> Story:
    story = Story("symbee", day, "stranger", hour=3)
    context = {"ip": f"{ELSEWHERE}{1 + story.chance.randrange(200)}", "user_agent": "curl/8.5.0"}
    actor = {"type": "user", "username": MIKE.username}
    for _ in range(2):
        about = {**_about(PROD), "target": MIKE.target, "status": "failure", "context": context}
        story.tell(actor, "adminuser.login", after=0, **about)
    return story


def _about(environment: str) -> dict[str, Any]:
    return {"environment": environment, "source": ADMIN}


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


PRODUCT = Product(
    name="symbee",
    company="ABC Company",
    days=45,
    environments=(PROD, TEST),
    attendance=Attendance(TEAM, "adminuser.login", "adminuser.logout", {"source": ADMIN}, on_oneself=True),
    stories=stories,
)
