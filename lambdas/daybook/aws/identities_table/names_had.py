"""Who ever had which of many names: looked up in the order of the rows, so that many names cost few reads."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from daybook.aws.batches import Patience, workers
from daybook.aws.calls import ask_again
from daybook.people.identities import had_prefix
from daybook.tenant import Tenant

_NAMES_AT_ONCE = 100
_ROWS_A_PAGE = 25  # about 2 read units; where the names wanted are most of those there are, one read tells of 25
_BEHIND = "\x7f"  # follows every GUID's characters


def guids_of(client: Any, table: str, tenant: Tenant, names: Iterable[str], patience: Patience) -> dict[str, list[str]]:
    """For each of the folded names the GUIDs of everyone who has or had it; strongly consistent, in parallel.

    Raises `Throttled`.
    """
    wanted = sorted(set(names), key=had_prefix)
    calls = [wanted[start : start + _NAMES_AT_ONCE] for start in range(0, len(wanted), _NAMES_AT_ONCE)]

    def call(some: Sequence[str]) -> list[tuple[str, str]]:
        return list(_had(client, table, tenant, some, patience))

    found: dict[str, list[str]] = {name: [] for name in wanted}
    for answer in map(call, calls) if len(calls) < 2 else workers().map(call, calls):
        for name, guid in answer:
            found[name].append(guid)
    return found


def _had(
    client: Any, table: str, tenant: Tenant, names: Sequence[str], patience: Patience
) -> Iterator[tuple[str, str]]:
    """Names and GUIDs of the rows of these names, which are in the rows' order."""
    left = [had_prefix(name) for name in names]
    high = max(prefix + _BEHIND for prefix in left)  # not always the last one's: a name may begin with another and #
    low = left[0]
    while left:
        page = ask_again(
            patience,
            1,
            client.query,
            TableName=table,
            KeyConditionExpression="pk = :tenant AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":tenant": {"S": tenant}, ":low": {"S": low}, ":high": {"S": high}},
            Limit=_ROWS_A_PAGE,
            ConsistentRead=True,
        )
        for item in page["Items"]:
            # A name may hold #, so a sort key alone does not tell whose row it is.
            if item["name"]["S"] in names:
                yield item["name"]["S"], item["guid"]["S"]
        if "LastEvaluatedKey" not in page:
            return
        last: str = page["LastEvaluatedKey"]["sk"]["S"]
        left = [prefix for prefix in left if prefix + _BEHIND > last]
        low = max(f"{last}\0", left[0]) if left else low
