"""Finds everyone who ever had any of many names. Reads follow the order of the rows, so many names cost few reads."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from daybook.aws.batches import Patience, workers
from daybook.aws.calls import ask_again
from daybook.people.identities import had_prefix
from daybook.tenant import EnvironmentKey

_NAMES_AT_ONCE = 100
_ROWS_A_PAGE = 25  # about 2 read units; when most names are wanted, one read covers 25 of them
_AFTER = "\x7f"  # sorts after every character of a GUID


def guids_of(
    client: Any, table: str, environment: EnvironmentKey, names: Iterable[str], patience: Patience
) -> dict[str, list[str]]:
    """The GUIDs of everyone who has or had each of the folded names; strongly consistent, in parallel calls.

    Raises `Throttled`.
    """
    wanted = sorted(set(names), key=had_prefix)
    calls = [wanted[start : start + _NAMES_AT_ONCE] for start in range(0, len(wanted), _NAMES_AT_ONCE)]

    def call(some: Sequence[str]) -> list[tuple[str, str]]:
        return list(_had(client, table, environment, some, patience))

    found: dict[str, list[str]] = {name: [] for name in wanted}
    for answer in map(call, calls) if len(calls) < 2 else workers().map(call, calls):
        for name, guid in answer:
            found[name].append(guid)
    return found


def _had(
    client: Any, table: str, environment: EnvironmentKey, names: Sequence[str], patience: Patience
) -> Iterator[tuple[str, str]]:
    """Names and GUIDs from the rows of these names. `names` must have the order of the rows."""
    left = [had_prefix(name) for name in names]
    high = max(
        prefix + _AFTER for prefix in left
    )  # not always the last name's: a name may begin with another name and #
    low = left[0]
    while left:
        page = ask_again(
            patience,
            1,
            client.query,
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": environment}, ":low": {"S": low}, ":high": {"S": high}},
            Limit=_ROWS_A_PAGE,
            ConsistentRead=True,
        )
        for item in page["Items"]:
            # A name may contain #, so the sort key alone does not tell whose row this is.
            if item["name"]["S"] in names:
                yield item["name"]["S"], item["guid"]["S"]
        if "LastEvaluatedKey" not in page:
            return
        last: str = page["LastEvaluatedKey"]["sk"]["S"]
        left = [prefix for prefix in left if prefix + _AFTER > last]
        low = max(f"{last}\0", left[0]) if left else low
