"""Adds the members of a query's groups to what its names mean."""

from collections.abc import Collection, Mapping

from daybook.people.identities import id_row, may_be_by_address
from daybook.people.lookup import IdentityReader, Named, ResolvedQuery
from daybook.search.parameters import Filters
from daybook.search.planner import MAX_PARTITIONS
from daybook.tenant import EnvironmentKey


def with_members(
    named: dict[str, Named],
    filters: Filters,
    members: Mapping[str, Collection[str]],
    identities: IdentityReader,
    environment: EnvironmentKey,
) -> ResolvedQuery:
    """`members`: the GUIDs of the members of each of `filters.groups`. Raises `Throttled`."""
    wanted, excluded = (_union(each.of("group"), members) for each in (filters, filters.negated))
    by_address = False
    if wanted is not None and len(wanted) <= MAX_PARTITIONS:  # the timeline answers for more
        rows = identities.read(environment, [id_row(guid) for guid in sorted(wanted)])
        by_address = any(may_be_by_address(rows.get(id_row(guid))) for guid in wanted)
    return ResolvedQuery(named, wanted, by_address, excluded)


def _union(names: Collection[str], members: Mapping[str, Collection[str]]) -> frozenset[str] | None:
    return frozenset(guid for name in names for guid in members[name]) if names else None
