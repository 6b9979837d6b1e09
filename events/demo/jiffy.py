"""Jiffy: apps are built and removed, bots work day and night, and people are invited. Each season has another app."""

from collections.abc import Iterator
from typing import Any

from events.demo.attendance import Attendance
from events.demo.jiffy_people import ADMINS, BUILDERS, DOMAIN, GUESTS, NEWCOMERS, TEAM
from events.demo.jiffy_scenes import SCENES, Step
from events.demo.people import ELSEWHERE, Person
from events.demo.product import Product
from events.demo.story import SYSTEM, Story, weekday, working_day

APPS = (
    ("Flight Scanner", "Demo App"),
    ("Invoice Reader", "Finance"),
    ("Claims Desk", "Insurance"),
    ("Stock Count", "Retail"),
)
PARTNERS = ("Partner Air", "Coastline Freight", "Hillside Insurance")


def stories(day: int) -> Iterator[Story]:
    """A scene of the season on each working day. Nobody runs the night's task, and somebody runs the morning's."""
    number = working_day(day)
    if number is None:
        if weekday(day) == 5:
            yield _night(day)
        return
    season, place = divmod(number, len(SCENES))
    yield _scene(day, SCENES[place], season)
    if number % 3 == 0:
        yield _night(day)
    elif number % 3 == 1:
        yield _morning(day)
    if number % 12 == 0:
        yield _strangers(day)


def _scene(day: int, steps: tuple[Step, ...], season: int) -> Story:
    story = Story("jiffy", day, "scene", hour=9.5)
    app, group = APPS[season % len(APPS)]
    newcomer = NEWCOMERS[season % len(NEWCOMERS)]
    guest = GUESTS[season % len(GUESTS)]
    words = {
        "app": app,
        "group": group,
        "newcomer": newcomer.username,
        "guest": guest.username,
        "partner": PARTNERS[season % len(PARTNERS)],
        "season": str(season),
        "domain": DOMAIN,
    }
    people = {person.username: person for person in (newcomer, guest)}
    actors: dict[str, Person | dict[str, str]] = {
        "admin": story.chance.choice(ADMINS),
        "builder": story.chance.choice(BUILDERS),
        "newcomer": newcomer,
        "system": SYSTEM,
    }
    for step in steps:
        params = {name: value.format_map(words) for name, value in step.params.items()}
        failed = step.status or ("failure" if story.chance.random() < 0.03 else None)
        target = _target(step.activity, params, people)
        about = {"variant": step.variant, "params": params or None, "target": target, "status": failed}
        story.tell(actors[step.by], step.activity, after=story.chance.randrange(3, 25), **about)
    return story


def _target(activity: str, params: dict[str, str], people: dict[str, Person]) -> dict[str, Any] | None:
    """The event's target: a user, or the thing in its app that its first parameter names."""
    if "user" in params:
        return dict(people[params["user"]].target)
    if not params:
        return None
    name = params.get("new_name") or next(iter(params.values()))
    kind = activity.partition(".")[0].removesuffix("s").replace("categorie", "category")
    target: dict[str, Any] = {"type": kind, "id": _slug(params.get("old_name", name)), "name": name}
    if "app" in params and kind != "app":
        target["within"] = {"type": "app", "id": _slug(params["app"])}
    return target


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _night(day: int) -> Story:
    """A task that its schedule starts on a bot."""
    story = Story("jiffy", day, "night", hour=2)
    app, group = APPS[day % len(APPS)]
    within = {"type": "app", "id": _slug(app)}
    failed = "failure" if story.chance.random() < 0.15 else None
    story.tell(SYSTEM, "bot.start", params={"bot": "bot-night"}, target={"type": "bot", "id": "bot-night"})
    params = {"task": "Reconcile", "app": app, "app_group": group}
    task = {"type": "task", "id": "reconcile", "name": "Reconcile", "within": within}
    story.tell(SYSTEM, "task.start", variant="execution-screen", params=params, target=task, status=failed)
    return story


def _morning(day: int) -> Story:
    story = Story("jiffy", day, "morning", hour=11)
    app, group = APPS[day % len(APPS)]
    task = {"type": "task", "id": "daily-report", "name": "Daily report", "within": {"type": "app", "id": _slug(app)}}
    params = {"task": "Daily report", "app": app, "app_group": group}
    about: dict[str, Any] = {"variant": "execution-screen", "params": params, "target": task}
    who = story.chance.choice(BUILDERS)
    story.tell(who, "task.start", **about)
    if story.chance.random() < 0.3:
        story.tell(who, "task.stop", after=40, **about)
    return story


def _strangers(day: int) -> Story:
    """One stranger who tries a name, and one of whom only the address is known."""
    story = Story("jiffy", day, "stranger", hour=3)
    context = {"ip": f"{ELSEWHERE}{1 + story.chance.randrange(200)}", "user_agent": "curl/8.5.0"}
    story.tell({"type": "unknown", "username": "root"}, "user.login", status="failure", context=context)
    story.tell({"type": "unknown"}, "user.login", after=0, status="failure", context=context)
    return story


PRODUCT = Product(
    name="jiffy",
    company="Skyline Apps",
    days=90,
    environments=("prod",),
    attendance=Attendance(TEAM, "user.login", "user.logout"),
    stories=stories,
)
