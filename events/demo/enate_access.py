"""Changes of access and configuration, each with the change that caused it."""

from events.demo.enate_people import (
    ADMINISTRATOR,
    AGENTS,
    BUILDER,
    CUSTOMERS,
    LEADERS,
    NEWCOMERS,
    OWNER,
    RELEASE_MANAGER,
)
from events.demo.story import Reference, Story

_GROUPS = ("Accounts Payable", "Payroll", "Onboarding", "Collections")


def _named(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name.lower().replace(" ", "-"), "name": name}


def newcomer(story: Story, number: int) -> None:
    """An account is created, which adds its person to a group."""
    person, group = NEWCOMERS[number % len(NEWCOMERS)], _GROUPS[number % len(_GROUPS)]
    made = story.tell(ADMINISTRATOR, "user-account.created", target=person.target)
    joined = [{"field": "members", "from": 7, "to": 8}]
    about = {"target": _named("user-group", group), "changes": joined, "people": [person.declared]}
    details = f"User group changed: {person.name} added"
    story.tell(ADMINISTRATOR, "user-group.changed", after=2, details=details, caused_by=made, **about)


def promotion(story: Story, number: int) -> None:
    """A new role, and the wider access of the account that follows from it."""
    agent, leader = AGENTS[number % len(AGENTS)], LEADERS[number % 2]
    role = [{"field": "role", "from": "Agent", "to": "Team Leader"}]
    changed = story.tell(leader, "user-role.changed", target=agent.target, changes=role)
    _account_changed(story, changed, number, "Sees the whole team's work")


def new_group(story: Story, number: int) -> None:
    """A group is created and gets its objects."""
    group = _named("user-group", f"{CUSTOMERS[number % len(CUSTOMERS)]} Team")
    made = story.tell(ADMINISTRATOR, "user-group.created", target=group)
    objects = [{"field": "objects", "to": CUSTOMERS[number % len(CUSTOMERS)]}]
    story.tell(ADMINISTRATOR, "user-group.objects-changed", after=4, target=group, changes=objects, caused_by=made)


def leaver(story: Story, number: int) -> None:
    """An account is deleted, and with its last member a group."""
    gone = story.tell(ADMINISTRATOR, "user-account.deleted", target=NEWCOMERS[number % len(NEWCOMERS)].target)
    group = _named("user-group", f"{CUSTOMERS[number % len(CUSTOMERS)]} Pilot")
    story.tell(ADMINISTRATOR, "user-group.deleted", after=3, target=group, caused_by=gone)


def customer(story: Story, number: int) -> None:
    target = _named("customer", CUSTOMERS[number % len(CUSTOMERS)])
    _account_changed(story, story.tell(OWNER, "customer.access-changed", target=target), number, "Customer added")


def contract(story: Story, number: int) -> None:
    target = _named("contract", f"{CUSTOMERS[number % len(CUSTOMERS)]} 2026")
    _account_changed(story, story.tell(OWNER, "contract.access-changed", target=target), number, "Contract added")


def service(story: Story, number: int) -> None:
    target = _named("service", _GROUPS[number % len(_GROUPS)])
    _account_changed(story, story.tell(BUILDER, "service.access-changed", target=target), number, "Service removed")


def ticket_process(story: Story, _number: int) -> None:
    """A builder may not set a process live, but the Release Manager may. With the process, the people who may work
    on it change.
    """
    process = _named("process", "Invoice query")
    story.tell(BUILDER, "process.set-live", variant="ticket", target=process, status="failure")
    live = story.tell(RELEASE_MANAGER, "process.set-live", after=45, variant="ticket", target=process)
    story.tell(RELEASE_MANAGER, "process.access-changed", after=0, target=process, caused_by=live)


def case_process(story: Story, _number: int) -> None:
    process = _named("process", "New starter")
    live = story.tell(RELEASE_MANAGER, "process.set-live", variant="case", target=process)
    story.tell(RELEASE_MANAGER, "process.access-changed", after=0, target=process, caused_by=live)


def _account_changed(story: Story, caused_by: Reference, number: int, details: str) -> None:
    agent = AGENTS[(number + 1) % len(AGENTS)]
    story.tell(
        ADMINISTRATOR, "user-account.changed", after=6, target=agent.target, details=details, caused_by=caused_by
    )


SCENES = (newcomer, customer, ticket_process, promotion, contract, new_group, case_process, service, leaver)
