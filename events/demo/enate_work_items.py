"""The lives of work items: tickets and cases with their actions, from creation to end."""

from typing import Any

from daybook.clock import DAY, MINUTE, SECOND
from events.demo.enate_people import AGENTS, BRIDGE, BRIDGE_CONTEXT, CUSTOMERS, LEADERS, OWNER
from events.demo.people import Person
from events.demo.story import SYSTEM, Story, date_of


def work_item(reference: str, name: str, within: str | None = None) -> dict[str, Any]:
    target: dict[str, Any] = {"type": "work-item", "id": reference, "name": name}
    return target | {"within": {"type": "work-item", "id": within}} if within else target


def number_of(serial: int) -> int:
    """Numbers of five digits, so that none is ever the document's 1234."""
    return 14_000 + serial % 80_000


def deleted_defect(defect: str, item: str) -> dict[str, Any]:
    """What a stamped record says about it: when and what changed, but not who did it."""
    target = {"type": "defect", "id": defect, "name": "Amount differs", "within": {"type": "work-item", "id": item}}
    return {"target": target, "changes": [{"field": "deleted", "from": False, "to": True}]}


class Sitting:
    """One person who has one work item open. `seconds` is the time that Enate tracks by itself."""

    def __init__(self, story: Story, person: Person, target: dict[str, Any]) -> None:
        self._story, self._person, self._target = story, person, target
        self._session = f"{story.name}-s{len(story.events) + 1}"
        self._started, self._rested = story.moment, 0
        self.opened = self._note("work-item.opened")
        self.seconds = 0

    def do(self, activity: str, *, after: float, **fields: Any) -> None:
        self._story.moment += int(after * MINUTE) + self._story.chance.randrange(MINUTE)
        self._note(activity, **fields)

    def rest(self, minutes: int) -> None:
        """The timer is paused and resumed."""
        self.do("work-item.timer-paused", after=4)
        self._rested -= self._story.moment
        self.do("work-item.timer-resumed", after=minutes)
        self._rested += self._story.moment

    def close(self, *, after: float) -> None:
        self._story.moment += int(after * MINUTE) + self._story.chance.randrange(MINUTE)
        self.close_now()

    def close_now(self) -> None:
        self._note("work-item.closed")
        self.seconds = (self._story.moment - self._started - self._rested) // SECOND

    def _note(self, activity: str, **fields: Any) -> dict[str, str]:
        context = {"session_id": self._session}
        return self._story.note(self._person, activity, target=self._target, context=context, **fields)


def _moved(was: str, becomes: str, variant: str = "changed") -> dict[str, Any]:
    return {"variant": variant, "params": {"from": was, "to": becomes}}


def _someone(story: Story, *but: Person) -> Person:
    return story.chance.choice([agent for agent in AGENTS if agent not in but])


def ticket_by_mail(story: Story, number: int) -> None:
    """Mail comes in, waits in a queue, and is pulled, answered and done the same morning."""
    ticket, agent = work_item(f"{number}-T", "Supplier statement"), _someone(story)
    story.tell(SYSTEM, "work-item.created", target=ticket)
    story.tell(SYSTEM, "work-item.email-received", after=0, target=ticket, details="Subject: Supplier statement")
    story.tell(SYSTEM, "work-item.queued", after=0, target=ticket, params={"queue": story.chance.choice(CUSTOMERS)})
    story.tell(agent, "work-item.pulled", after=25, target=ticket)
    sitting = Sitting(story, agent, ticket)
    sitting.do("work-item.status-changed", after=1, **_moved("To Do", "In Progress"))
    sitting.do("work-item.note-added", after=6)
    sitting.do("work-item.email-sent", after=9, variant="plain")
    sitting.do("work-item.status-changed", after=1, **_moved("In Progress", "Completed", "completed"))
    sitting.close(after=0)


def case_with_an_action(story: Story, number: int) -> None:
    """The owner begins a case. Its action takes two days, a pause, a later due date and a corrected time."""
    case, agent, leader = work_item(f"{number}-C", "New starter"), _someone(story), story.chance.choice(LEADERS)
    action = work_item(f"{number}-C-A1", "Collect documents", within=f"{number}-C")
    begun = story.tell(OWNER, "work-item.created", target=case)
    story.tell(SYSTEM, "work-item.created", after=0, target=action, caused_by=begun)
    assigned = {"target": action, "params": {"assignee": {"user": agent.username}}}
    story.tell(SYSTEM, "work-item.auto-assigned", after=0, caused_by=begun, **assigned)
    later = [{"field": "due_date", "from": _in_days(story, 1), "to": _in_days(story, 3)}]
    story.tell(SYSTEM, "work-item.due-date-changed", after=0, target=action, changes=later, caused_by=begun)
    story.next_morning(hour=9.5)
    sitting = Sitting(story, agent, action)
    sitting.do("work-item.email-sent", after=7, variant="with-attachments")
    sitting.rest(story.chance.randrange(15, 50))
    later = [{"field": "due_date", "from": later[0]["to"], "to": _in_days(story, 4)}]
    sitting.do("work-item.due-date-overridden", after=3, changes=later, details="Waiting for the passport copy")
    sitting.do("work-item.status-changed", after=11, **_moved("In Progress", "Completed", "completed"))
    sitting.close(after=1)
    adjusted = [{"field": "seconds", "from": sitting.seconds, "to": sitting.seconds - 300}]
    about = {"target": action, "params": {"session": sitting.opened}, "changes": adjusted}
    story.tell(leader, "work-item.time-adjusted", after=90, **about)


def pushed_ticket(story: Story, number: int) -> None:
    """Another system creates a ticket. A leader assigns it to one agent, clears that, and assigns it to another."""
    ticket, leader = work_item(f"{number}-T", "Supplier statement"), story.chance.choice(LEADERS)
    first = _someone(story)
    second = _someone(story, first)
    call = story.tell(BRIDGE, "api.called", context=BRIDGE_CONTEXT, details="POST /webapi/Ticket/Create")
    story.tell(BRIDGE, "work-item.created", after=0, target=ticket, context=BRIDGE_CONTEXT, caused_by=call)
    story.tell(leader, "work-item.assigned", after=12, target=ticket, params={"assignee": first.username})
    sitting = Sitting(story, first, ticket)
    sitting.do("work-item.note-added", after=3, details=f"For {second.name}, please", people=[second.declared])
    sitting.close(after=0)
    story.tell(leader, "work-item.unassigned", after=14, target=ticket)
    story.tell(leader, "work-item.assigned", after=0, target=ticket, params={"assignee": second.username})
    story.moment += story.chance.randrange(20, 60) * MINUTE
    sitting = Sitting(story, second, ticket)
    sitting.do("work-item.status-changed", after=1, **_moved("To Do", "In Progress"))
    sitting.do("work-item.status-changed", after=35, **_moved("In Progress", "Unable to Complete"))
    sitting.close(after=0)


def defect_deleted(story: Story, number: int) -> None:
    """The document's own riddle again: a record is stamped, and only one person had the containing item open."""
    agent = _someone(story)
    action = work_item(f"{number}-C-A1", "Match purchase orders", within=f"{number}-C")
    story.tell(SYSTEM, "work-item.queued", target=action, params={"queue": "Reconciliation"})
    story.tell(agent, "work-item.pulled", after=50, target=action)
    sitting = Sitting(story, agent, action)
    story.moment += 5 * MINUTE
    story.note(SYSTEM, "record.stamped", **deleted_defect(f"D-{number}", action["id"]))
    sitting.do("work-item.status-changed", after=9, **_moved("In Progress", "Completed", "completed"))
    sitting.close(after=2)


def _in_days(story: Story, days: int) -> str:
    return date_of(story.moment // DAY + days)


LIVES = (ticket_by_mail, case_with_an_action, pushed_ticket, defect_deleted)
