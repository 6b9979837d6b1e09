"""A generated log that was sent through the real ingest, next to its model."""

import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time, parse_time
from daybook.events.item import partition_of
from daybook.events.reader import content_of
from daybook.tenants.settings import Layout
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.model.people import Named, People
from tests.support.model.reference_model import CATALOGUE, Entry, Happened
from tests.support.model.world import ENVIRONMENTS, GROUPS, Log

EVENTS = 48
STRANGERS = [str(uuid.UUID(int=number, version=4)) for number in range(70)]


class Loaded:
    """One tenant with the log of a seed."""

    def __init__(self, dynamodb: Any, tables: Tables, seed: int) -> None:
        self._dynamodb = dynamodb
        self.tables = tables
        self.tenant = f"tenant-{seed}"
        self._random = random.Random(seed)  # noqa: S311
        log = Log(seed)
        self._members: dict[tuple[str, str], list[str]] = {}
        layouts = tuple(Layout(*layout) for layout in log.layouts())
        self._log = ManagedLog(
            dynamodb, tables, "enate", recorded=False, tenant=self.tenant, layouts=layouts, retention_days=None
        )
        self.settings = self._log.settings
        self.people = {environment: People() for environment in ENVIRONMENTS}
        self.events: list[Happened] = []
        self._own: dict[str, Entry] = {}
        # Later events may name earlier ones as their cause and may use a changed catalogue.
        for size in (EVENTS // 2, EVENTS // 4, EVENTS // 4):
            self.events += self._sent([self._caused(log.event()) for _ in range(size)])
            self._remake(log.remade())
        self._learn_guids()
        for environment, known in self.people.items():
            for name, (people, strangers) in GROUPS.items():
                somebody = self._random.sample(sorted(known.guids), people)
                spelt = [self._spelt(known, person) for person in somebody]
                known.groups[name] = {person for each in spelt for person in known.members(each)}
                self._members[environment, name] = spelt + STRANGERS[:strangers]
                self._put_group(environment, name, self._members[environment, name])

    def expected(self, query: Mapping[str, Sequence[str]], role: str, *, arrived: Sequence[Happened] = ()) -> list[str]:
        """The ids that a read returns, in its order. Computed by checking every event."""
        filters = {name: values for name, values in query.items() if name not in _NO_FILTERS}
        low, high = _span(query)
        found = [
            event
            for event in arrived or self.events
            if event.sent["environment"] == query.get("environment", ["prod"])[0]
            and event.only_for in (None, role)
            and low <= parse_time(event.sent["occurred_at"]) < high
            and event.matches(filters)
        ]
        order = query.get("sort", ["-occurred_at"])[0]
        field, falling = order.removeprefix("-"), order.startswith("-")
        if field == "occurred_at":
            return [event.id for event in sorted(found, key=lambda event: event.id, reverse=falling)]
        newest_first = sorted(found, key=lambda event: event.id, reverse=True)
        in_order = sorted(newest_first, key=lambda event: event.presented(field), reverse=falling)
        return [event.id for event in in_order]

    def regroup(self, environment: str, names: Sequence[str]) -> None:
        """Changes the groups' members, empties the groups or removes them. `restore` undoes it."""
        people = self.people[environment]
        for name in names:
            if self._random.random() < 0.4:
                self._log.done("DELETE", "/v1/groups/{name}", name=name, query={"environment": environment})
            else:
                others = sorted(set(people.guids) - people.groups[name])
                self._put_group(environment, name, [people.guids[person] for person in others[:2]])

    def restore(self, environment: str, names: Sequence[str]) -> None:
        for name in names:
            self._put_group(environment, name, self._members[environment, name])

    def _put_group(self, environment: str, name: str, members: Sequence[str]) -> None:
        query = {"environment": environment}
        self._log.done("PUT", "/v1/groups/{name}", {"members": list(members)}, name=name, query=query)

    def arrive(self, count: int) -> list[Happened]:
        """Sends more events of the existing kinds by known people, received a moment after all others. `remove` removes
        them again.
        """
        like = self._random.choices(self.events, k=count)
        self._log.now = NOW + 1
        try:
            return self._sent([{name: value for name, value in event.sent.items() if name != "id"} for event in like])
        finally:
            self._log.now = NOW

    def remove(self, events: Sequence[Happened]) -> None:
        for event in events:
            occurred_ms = parse_time(event.sent["occurred_at"])
            lies_in = partition_of(self.settings, event.sent["environment"], event.id, occurred_ms)
            key = {"pk": {"S": lies_in}, "sk": {"S": event.id}}
            self._dynamodb.delete_item(TableName=self.tables.events, Key=key)

    def _remake(self, remade: Mapping[str, tuple[str, str | None] | None]) -> None:
        """Changes the tenant's own catalogue from the next event on."""
        for name, made in remade.items():
            if made is not None:
                category, only_for = made
                # A sentence without parameters fits any event.
                entry = category, "Remade", "any", "default", f"Remade as {category}", only_for
                body = {
                    "category": category,
                    "component": "Remade",
                    "visibility": only_for,
                    "variants": [{"template": entry[4]}],
                }
                self._log.done("PUT", "/v1/catalogue/{activity}", body, "operations", activity=name)
                self._own[name] = entry
            elif name in self._own:
                self._log.done("DELETE", "/v1/catalogue/{activity}", role="operations", activity=name)
                del self._own[name]

    def _spelt(self, people: People, person: int) -> str:
        """A name that the person had if there is one and chance chooses it, otherwise the GUID."""
        names = [name for name, holders in people.names.items() if person in holders]
        return names[0] if names and self._random.random() < 0.5 else people.guids[person]

    def _caused(self, event: dict[str, Any]) -> dict[str, Any]:
        if self._random.random() < 0.5:
            event["id"] = f"own {self._random.getrandbits(40)}"
        earlier = [other for other in self.events if other.sent["environment"] == event["environment"]]
        if earlier and self._random.random() < 0.4:
            cause = self._random.choice(earlier)
            by_own_id = {name: cause.sent[name] for name in ("id", "occurred_at") if name in cause.sent}
            event["caused_by"] = by_own_id if "id" in by_own_id else cause.id
        elif self._random.random() < 0.2:
            event["caused_by"] = "something outside"
        return event

    def _sent(self, events: Sequence[dict[str, Any]]) -> list[Happened]:
        answer = self._log.send({"events": list(events)})
        assert answer["statusCode"] == 201, answer["body"]
        catalogue = CATALOGUE | self._own
        happened = [Happened(event, catalogue) for event in events]
        for environment, people in self.people.items():
            here = [event for event in happened if event.sent["environment"] == environment]
            persons = iter(people.request([named for event in here for named in _named(event)]))
            for event in here:
                event.bind(people, [next(persons) for _ in event.mentions])
        ids = {(event.sent.get("id"), event.sent["environment"]): event.id for event in self.events}
        for event, result in zip(happened, answered(answer)["results"], strict=True):
            event.id = result["id"]
            cause = event.sent.get("caused_by")
            event.caused_by = ids[cause["id"], event.sent["environment"]] if isinstance(cause, dict) else cause
        return happened

    def _learn_guids(self) -> None:
        """Ingest makes the GUIDs. The model determines everything else about people itself."""
        for event in self.events:
            environment, occurred_ms = event.sent["environment"], parse_time(event.sent["occurred_at"])
            key = partition_of(self.settings, environment, event.id, occurred_ms), event.id
            content = content_of(self._log.wiring.events.find([key])[key].packed)
            guids = self.people[environment].guids
            for person, listed in zip(event.cast, content.get("people", ()), strict=True):
                assert guids.setdefault(person, listed["id"]) == listed["id"], event.sent
        for people in self.people.values():
            assert len(set(people.guids.values())) == len(people.guids)


def _named(event: Happened) -> list[Named]:
    moment = parse_time(event.sent["occurred_at"])
    return [Named(moment, each.client_id, each.username, each.address) for each in event.mentions]


_NO_FILTERS = frozenset({"environment", "from", "to", "range", "sort"})


def _span(query: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    if "range" in query:
        back = {"7d": 7 * DAY, "30d": 30 * DAY, "12m": NOW - parse_time("2025-11-22T16:31:08.000Z")}
        return NOW - back[query["range"][0]], NOW + 365 * DAY
    low = parse_time(query["from"][0]) if "from" in query else 0
    return low, parse_time(query["to"][0]) if "to" in query else parse_time(format_time(NOW + 365 * DAY))
