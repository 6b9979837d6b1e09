"""Enate: the lives of work items, who had them open and for how long, and who changed whose access."""

from collections.abc import Iterator

from daybook.clock import DAY, MINUTE, SECOND, parse_time
from events.demo.attendance import Attendance
from events.demo.enate_access import SCENES
from events.demo.enate_people import BRIDGE, BRIDGE_CONTEXT, JOHN_DOE, TEAM
from events.demo.enate_work_items import LIVES, Sitting, deleted_defect, number_of, work_item
from events.demo.product import Product
from events.demo.story import SYSTEM, Story, week_of, weekday, working_day


def stories(day: int) -> Iterator[Story]:
    """A work item on Mondays and Thursdays, a change of access on Tuesdays, the API on Fridays, mail on Saturdays."""
    week = week_of(day)
    match weekday(day):
        case 0 | 3 as place:
            number = 2 * week + place // 3
            story = Story("enate", day, "work-item", hour=9.1)
            LIVES[number % len(LIVES)](story, number_of(number))
            yield story
        case 1:
            story = Story("enate", day, "access", hour=10)
            SCENES[week % len(SCENES)](story, week)
            yield story
        case 4:
            yield _forensics(day)
        case 5:
            yield _weekend(day, number_of(2 * week))
    if (working_day(day) or 1) % 9 == 0:
        yield _stranger(day)


def _forensics(day: int) -> Story:
    """The typical content of API logs: the calls behind a screen, and those of another system."""
    story = Story("enate", day, "api", hour=11)
    who = story.chance.choice(sorted(TEAM))
    request = f"req-{story.chance.randrange(16**8):08x}"
    story.tell(TEAM[who], "api.called", details="GET /webapi/WorkItem/GetAll", context={"request_id": request})
    context = BRIDGE_CONTEXT | {"request_id": f"{request}-b"}
    status = "failure" if story.chance.random() < 0.2 else None
    called = "POST /webapi/Ticket/Create"
    story.tell(BRIDGE, "api.called", after=20, details=called, context=context, status=status)
    return story


def _weekend(day: int, number: int) -> Story:
    """Mail arrives on Saturdays too: an answer to Monday's ticket."""
    story = Story("enate", day, "mail", hour=11)
    ticket = work_item(f"{number}-T", "Supplier statement")
    story.tell(SYSTEM, "work-item.email-received", target=ticket, details="Subject: Re: Supplier statement")
    return story


def _stranger(day: int) -> Story:
    """A stranger tries names."""
    story = Story("enate", day, "stranger", hour=2)
    context = {"ip": f"192.0.2.{1 + story.chance.randrange(200)}", "user_agent": "python-requests/2.31"}
    for username in ("administrator", "admin", story.chance.choice(sorted(TEAM))):
        actor = {"type": "user", "username": username}
        story.tell(actor, "user-session.started", after=0, status="failure", context=context)
    return story


def the_documents_example() -> Iterator[Story]:
    """Who deleted the Defect on work item 1234-C-A1? The times are the document's own. Enate keeps events for ever."""
    opened = parse_time("2022-04-12T13:39:00Z")
    story = Story("enate", opened // DAY, "defect", hour=13)
    item = work_item("1234-C-A1", "Check the invoice", within="1234-C")
    story.moment = opened
    sitting = Sitting(story, JOHN_DOE, item)
    story.moment = opened + 2 * MINUTE + 32 * SECOND
    story.note(SYSTEM, "record.stamped", **deleted_defect("D-1", "1234-C-A1"))
    story.moment = opened + 11 * MINUTE
    sitting.close_now()
    yield story


PRODUCT = Product(
    name="enate",
    company="Meridian Services",
    days=90,
    environments=("prod",),
    attendance=Attendance(TEAM, "user-session.started", "user-session.ended"),
    stories=stories,
    once=the_documents_example,
)
