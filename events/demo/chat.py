"""The chat platform: customers write, agents answer, and administrators manage users and settings."""

from collections.abc import Iterator
from typing import Any

from events.demo.attendance import Attendance
from events.demo.people import ELSEWHERE, team
from events.demo.product import Product
from events.demo.story import SYSTEM, Story, weekday, working_day

DOMAIN = "harbour-desk.example"
TEAM = team(
    DOMAIN,
    501,
    "Elif Aydin: Supervisor",
    "Marek Dvorak: Agent",
    "Tanya Osei: Agent",
    "Bruno Keller: Agent",
    "Leila Farouk: Agent",
    "Owen Pritchard: Agent",
    "Sara Nyberg: Agent",
    "Ravi Menon: Agent",
    "Camila Duarte: Agent",
    "Niall Byrne: Agent",
    "Hana Suzuki: Supervisor",
    "Pavel Orlov: Administrator",
)
NEWCOMERS = tuple(team(DOMAIN, 531, "Iris Vance: Agent", "Tobias Lund: Agent", "Amina Yusuf: Agent").values())

AGENTS = tuple(person for person in TEAM.values() if person.roles == ("Agent",))
SUPERVISORS = tuple(person for person in TEAM.values() if person.roles == ("Supervisor",))
ADMINISTRATOR = TEAM["pavel.orlov"]

_SETTINGS = (("welcome_message", "Hello!", "Welcome!"), ("idle_minutes", 10, 15), ("transcripts", False, True))


def stories(day: int) -> Iterator[Story]:
    """A chat on three days of the week. Every third one is passed on, and on Sundays nobody answers."""
    number = working_day(day)
    if number is None:
        if weekday(day) == 6:
            yield _unanswered(day)
        return
    if number % 5 in (0, 2, 4):
        yield _handed_on(day) if number % 3 == 0 else _answered(day)
    if number % 5 == 4:
        yield _administration(day, number // 5)
    if number % 11 == 0:
        yield _stranger(day)


def _chat(story: Story) -> dict[str, Any]:
    return {"type": "chat", "id": f"c-{story.chance.randrange(16**8):08x}"}


def _answered(day: int) -> Story:
    """A customer opens a chat, the router assigns it, and an agent answers and closes it."""
    story = Story("chat", day, "chat")
    chat, agent = _chat(story), story.chance.choice(AGENTS)
    # Addresses may be blank: the phone app sends none.
    actor = agent.actor if story.chance.random() < 0.2 else agent
    story.tell(SYSTEM, "chat-opened", target=chat)
    given = {"user": {"user": agent.username}}
    story.tell(SYSTEM, "chat-assigned-to-user", after=0, target=chat, params=given)
    story.tell(actor, "user-joined-to-chat", after=1, target=chat)
    story.tell(actor, "chat-closed", after=story.chance.randrange(5, 40), target=chat)
    return story


def _handed_on(day: int) -> Story:
    """The first agent can't help, a supervisor passes the chat to a second one, and the customer comes back."""
    story = Story("chat", day, "chat")
    chat, supervisor = _chat(story), story.chance.choice(SUPERVISORS)
    first, second = story.chance.sample(AGENTS, 2)
    story.tell(first, "chat-opened", target=chat)
    story.tell(first, "user-joined-to-chat", after=0, target=chat)
    if story.chance.random() < 0.5:
        story.tell(supervisor, "chat-unassigned", after=9, target=chat)
        given = {"user": {"user": second.username}}
        story.tell(supervisor, "chat-assigned-to-user", after=0, target=chat, params=given)
    else:
        about = {"from": {"user": first.username}, "to": {"user": second.username}}
        story.tell(first, "chat-transferred", after=9, target=chat, params=about)
    story.tell(first, "user-left-chat", after=0, target=chat)
    story.tell(second, "user-joined-to-chat", after=3, target=chat)
    story.tell(second, "chat-closed", after=20, target=chat)
    if story.chance.random() < 0.5:
        story.tell(SYSTEM, "chat-reopened", after=30, target=chat)
        story.tell(second, "chat-closed", after=12, target=chat)
    return story


def _unanswered(day: int) -> Story:
    """Nobody is there, and the platform closes the chat after an hour."""
    story = Story("chat", day, "sunday", hour=14)
    chat = _chat(story)
    story.tell(SYSTEM, "chat-opened", target=chat)
    story.tell(SYSTEM, "chat-closed", after=60, target=chat, details="Closed: nobody joined within an hour.")
    return story


def _administration(day: int, week: int) -> Story:
    """A newcomer's first weeks or a setting, in turn."""
    story = Story("chat", day, "administration", hour=10.5)
    newcomer, who = NEWCOMERS[week // 4 % len(NEWCOMERS)], ADMINISTRATOR
    match week % 4:
        case 0:
            story.tell(who, "user-created", target=newcomer.target)
            role = [{"field": "role", "to": "Agent"}]
            story.tell(who, "user-role-changed", after=0, target=newcomer.target, changes=role)
        case 1:
            shift = [{"field": "shift", "from": "early", "to": "late"}]
            story.tell(who, "user-updated", target=newcomer.target, changes=shift)
        case 2:
            field, was, becomes = _SETTINGS[week // 4 % len(_SETTINGS)]
            story.tell(who, "settings-changed", changes=[{"field": field, "from": was, "to": becomes}])
        case 3:
            story.tell(who, "user-deleted", target=newcomer.target)
    return story


def _stranger(day: int) -> Story:
    """The same password is tried on two names."""
    story = Story("chat", day, "stranger", hour=1)
    context = {"ip": f"{ELSEWHERE}{1 + story.chance.randrange(200)}", "user_agent": "python-requests/2.31"}
    for username in ("test", story.chance.choice(sorted(TEAM))):
        actor = {"type": "user", "username": username}
        story.tell(actor, "user-logged-in", after=0, status="failure", context=context)
    return story


PRODUCT = Product(
    name="chat",
    company="Harbour Desk",
    days=90,
    environments=("prod",),
    attendance=Attendance(TEAM, "user-logged-in", "user-logged-out"),
    stories=stories,
)
