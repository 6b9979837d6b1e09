"""Chooses the index that answers a read, and the partitions of it.

The first of these filters that is present decides the index. `daybook.search.filters` then checks every row against
all filters, so every index gives the same events.

| filter | index | partitions, for each shard |
|---|---|---|
| `target` | by_target and by_within | the id as text; its keyed hash, as it may hold a name; each person it may mean |
| `actor`, if all of them are people | by_actor | each person that a value may mean |
| `group`, if all its members have names | by_actor | each member |
| `activity`, `category` | by_activity | each activity; for a category, those that are or ever were in it |
| other `actor`, `group` | by_actor | also the types of those who are shown by an alias, and may be meant |
| none, over 64 values, `activity` with `*`, category `other` | the timeline | the shards |

A `target` whose id is the name of over 64 people decides no index either.

What an event must not equal (`actor!`) decides no index: it narrows what the others find.

Bounds: every source is sorted by id, read lazily, and merged from the newest (or oldest) on. A read stops when its page
is full, at 10 MB unpacked, or after 3 seconds, whichever comes first, and makes progress by at least one event. The
cost of a page depends on the size of the events that it reads, not on the length of the log: reads never begin before
the retention's edge.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import UNCATALOGUED_CATEGORY
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.crypto.keys import TenantKeys
from daybook.events.item import hidden_part, partition, plain_part, target_key
from daybook.ids import HIGHEST_ID, lowest_id, neighbour
from daybook.people.lookup import ResolvedQuery
from daybook.search.parameters import ANY_END, Filters, Span
from daybook.tenants.settings import TenantSettings

MAX_PARTITIONS = 64
"""The most values, without shards, to query an index for. Above it the timeline is cheaper."""

MAX_ACTIVITY = 128

TIMELINE = "timeline"
BY_ACTOR = "by_actor"
BY_ACTIVITY = "by_activity"
BY_TARGET = "by_target"
BY_WITHIN = "by_within"


class Source(NamedTuple):
    """Ids from `low` to `high`, both inclusive, in one partition of the table (`TIMELINE`) or of an index."""

    index_name: str
    key: str
    low: str
    high: str


Index = Literal["activity", "actor", "target", "timeline"]


class Plan(NamedTuple):
    index_name: str
    sources: tuple[Source, ...]

    @property
    def answered_by(self) -> Index:
        """As answers name it."""
        return _NAMES[self.index_name]


_NAMES: Mapping[str, Index] = {TIMELINE: "timeline", BY_ACTOR: "actor", BY_ACTIVITY: "activity", BY_TARGET: "target"}


class _Actors(NamedTuple):
    """Whose events are in by_actor: people by their GUIDs, and those who are shown by an alias by their type."""

    guids: Sequence[str]
    types: Sequence[str]


class Planner:
    """Plans the reads of one environment. `resolved`: what the values that may name people or groups stand for."""

    def __init__(self, settings: TenantSettings, environment: str, catalogue: Catalogue, keys: TenantKeys) -> None:
        self._settings = settings
        self._environment = environment
        self._catalogue = catalogue
        self._keys = keys

    def plan(self, filters: Filters, resolved: ResolvedQuery, span: Span, edge_ms: int) -> Plan:
        """`edge_ms` is the retention's edge: nothing that occurred before it is read."""
        index, values = self._values(filters, resolved)
        if len(values) > MAX_PARTITIONS:
            index, values = TIMELINE, [(TIMELINE, "")]
        low_ms = max(span.from_ms or 0, edge_ms)
        high = HIGHEST_ID if span.to_ms is None else neighbour(lowest_id(span.to_ms), -1)
        sources = []
        for shard, since_ms in enumerate(self._settings.shard_ranges()):
            low = lowest_id(max(low_ms, since_ms))
            partition_key = partition(self._settings.environment_key(self._environment), shard)
            if low <= high and span.to_ms != 0:
                sources += [
                    Source(each, f"{partition_key}#{value}" if value else partition_key, low, high)
                    for each, value in values
                ]
        return Plan(index, tuple(sources))

    def _values(self, filters: Filters, resolved: ResolvedQuery) -> tuple[str, list[tuple[str, str]]]:
        """The index, and the values of it to query in each shard."""
        # An id that is a crowd's name has the key of one of them, who are not known.
        if filters.of("target") and not any(resolved.named[text].is_crowded for _, text in filters.targets):
            keys = self._target_keys(filters, resolved)
            return BY_TARGET, [(index, key) for key in keys for index in (BY_TARGET, BY_WITHIN)]
        actors = [self._actors(filters, resolved), _members(resolved)]
        if people := next((each for each in actors if each is not None and not each.types), None):
            return BY_ACTOR, [(BY_ACTOR, guid) for guid in people.guids]
        activities = self._activities(filters)
        if activities is not None:
            return BY_ACTIVITY, [(BY_ACTIVITY, activity) for activity in activities]
        # The actors of one type may have done most of the log.
        if typed := next((each for each in actors if each is not None), None):
            return BY_ACTOR, [(BY_ACTOR, part) for part in (*typed.guids, *typed.types)]
        return TIMELINE, [(TIMELINE, "")]

    def _target_keys(self, filters: Filters, resolved: ResolvedQuery) -> list[str]:
        keys: dict[str, None] = {}
        for kind, text in filters.targets:
            guids = sorted(resolved.named[text].guids)
            if kind != USER:
                keys[target_key(kind, plain_part(text))] = None
                keys[target_key(kind, hidden_part(self._keys.index, text))] = None
            keys |= dict.fromkeys(target_key(kind, guid) for guid in guids)
        return list(keys)

    @staticmethod
    def _actors(filters: Filters, resolved: ResolvedQuery) -> _Actors | None:
        asked = [resolved.named[text] for text in filters.of("actor")]
        if not asked:
            return None
        types = {kind for one in asked for kind in one.types}
        if any(one.by_address for one in asked):
            types.add("unknown")
        if not all(one.is_known for one in asked):
            # The name of an actor other than a person is found only in its events.
            types |= {"api", "operations", "system"}
        return _Actors(sorted({guid for one in asked for guid in one.guids}), sorted(types))

    def _activities(self, filters: Filters) -> list[str] | None:
        """None if the timeline must answer."""
        if filters.of("activity"):
            if any(activity.endswith(ANY_END) for activity in filters.of("activity")):
                return None
            return [activity for activity in filters.of("activity") if len(activity) <= MAX_ACTIVITY]
        if not filters.of("category"):
            return None
        wanted = frozenset(filters.of("category"))
        if UNCATALOGUED_CATEGORY in wanted:
            return None
        return self._catalogue.activities_in(wanted)


def _members(resolved: ResolvedQuery) -> _Actors | None:
    if resolved.members is None:
        return None
    return _Actors(sorted(resolved.members), ["unknown"] if resolved.member_by_address else [])
