"""A believable quarter of five products' events, for `make run`.

The events do not depend on the moment of the start. Each calendar day has its own stories, which follow from the
product and the date, and a start sends those of the last quarter up to now. A second start on the same day sends
the same events, which are stored once. A start a week later, on a store that kept its data, adds only the week that
has passed. So no record of what was loaded is needed, and none can be wrong.
"""

from daybook.clock import DAY, format_time
from events.demo import carear, chat, enate, jiffy, symbee
from events.demo.story import Event

PRODUCTS = {module.PRODUCT.name: module.PRODUCT for module in (enate, jiffy, chat, carear, symbee)}


def generate(product: str, now_ms: int) -> list[Event]:
    """The events of a quarter up to now, or of the product's retention, oldest first, as `POST /v1/events` expects
    them.

    The first day begins less than `days` whole days ago, so that no event is past retention when it arrives.
    """
    of = PRODUCTS[product]
    today = now_ms // DAY
    told = [
        event for day in range(today - of.days + 1, today + 1) for story in of.stories(day) for event in story.events
    ]
    told += of.attendance.around(told)
    told += [event for story in of.once() for event in story.events]
    now = format_time(now_ms)
    # A story that has begun continues after now. A later start sends the events that have not happened yet.
    return sorted(
        (event for event in told if event["occurred_at"] <= now), key=lambda event: (event["occurred_at"], event["id"])
    )
