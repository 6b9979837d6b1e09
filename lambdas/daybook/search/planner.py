"""Chooses the index that answers a read, and the partitions of it.

The first of these filters that is present decides the index. `daybook.search.filters` then checks every row against
all filters, so every index gives the same events.

| filter | index | partitions, for each shard |
|---|---|---|
| `target` | by_target and by_within | the id as text; its keyed hash, as it may hold a name; each person it may mean |
| `actor` | by_actor | each person it may mean; each alias it equals; for an unknown name, aliases that carry names |
| `group` | by_actor | each member; for a member known by an address alone, the alias |
| `activity`, `category` | by_activity | each activity; for a category, those that are or ever were in it |
| none, over 64 values, category `other` | the timeline | the shards |

Bounds: every source is sorted by id, read lazily, and merged from the newest (or oldest) on. A read stops when its page
is full, at 10 MB read, or after 3 seconds, whichever comes first, and makes progress by at least one event. The cost of
a page depends on the size of the events that it reads, not on the length of the log: reads never begin before the
retention's edge.
"""

from typing import NamedTuple

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import UNCATALOGUED_CATEGORY
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.crypto.keys import TenantKeys
from daybook.events.item import hidden_part, partition, plain_part, target_key
from daybook.ids import HIGHEST_ID, lowest_id, neighbour
from daybook.people.lookup import ResolvedQuery
from daybook.search.parameters import Filters, Span
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


class Plan(NamedTuple):
    index_name: str
    sources: tuple[Source, ...]


class Planner:
    """Plans the reads of one environment. `resolved`: what the values of `actor`, `target` and `group` stand for."""

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
        timeline = [(TIMELINE, "")]
        if filters.of("target"):
            keys = self._target_keys(filters, resolved)
            return BY_TARGET, [(index, key) for key in keys for index in (BY_TARGET, BY_WITHIN)]
        if filters.of("actor"):
            return BY_ACTOR, [(BY_ACTOR, part) for part in self._actor_parts(filters, resolved)]
        if resolved.members is not None:
            unknown = (self._catalogue.profile.aliases.unknown,) if resolved.member_by_address else ()
            return BY_ACTOR, [(BY_ACTOR, part) for part in (*sorted(resolved.members), *unknown)]
        activities = self._activities(filters)
        if activities is None:
            return TIMELINE, timeline
        return BY_ACTIVITY, [(BY_ACTIVITY, activity) for activity in activities]

    def _target_keys(self, filters: Filters, resolved: ResolvedQuery) -> list[str]:
        keys: dict[str, None] = {}
        for kind, text in filters.targets:
            guids = sorted(resolved.named[text].guids)
            if kind != USER:
                keys[target_key(kind, plain_part(text))] = None
                keys[target_key(kind, hidden_part(self._keys.index, text))] = None
            keys |= dict.fromkeys(target_key(kind, guid) for guid in guids)
        return list(keys)

    def _actor_parts(self, filters: Filters, resolved: ResolvedQuery) -> list[str]:
        aliases = self._catalogue.profile.aliases
        parts: dict[str, None] = {}
        for text in filters.of("actor"):
            one = resolved.named[text]
            parts |= dict.fromkeys(sorted(one.guids | one.aliases))
            if one.by_address:
                parts[aliases.unknown] = None
            if not one.is_known:
                # The name of an actor other than a person is found only in its events.
                parts |= dict.fromkeys((aliases.api, aliases.operations, aliases.system))
        return list(parts)

    def _activities(self, filters: Filters) -> list[str] | None:
        """None if the timeline must answer."""
        if filters.of("activity"):
            return [activity for activity in filters.of("activity") if len(activity) <= MAX_ACTIVITY]
        if not filters.of("category"):
            return None
        wanted = frozenset(filters.of("category"))
        if UNCATALOGUED_CATEGORY in wanted:
            return None
        return self._catalogue.activities_in(wanted)
