"""Finds everyone who ever had any of many names. Reads follow the order of the rows, so many names cost few reads."""

from collections.abc import Iterable, Sequence
from typing import Any

from daybook.aws.batches import Patience, workers
from daybook.aws.calls import ask_again
from daybook.errors import TooManyPeople
from daybook.people.identities import MAX_HOLDERS, had_prefix
from daybook.tenant import EnvironmentKey

_NAMES_AT_ONCE = 100
_ROWS_A_PAGE = 25  # about 2 read units; when most names are wanted, one read covers 25 of them
_AFTER = "\x7f"  # sorts after every character of a moment and a GUID


def guids_of(
    client: Any, table: str, environment: EnvironmentKey, names: Iterable[str], patience: Patience
) -> dict[str, list[str]]:
    """The GUIDs of everyone who has or had each of the names; strongly consistent, in parallel calls.

    The names are given as they are part of keys. Raises `TooManyPeople` and `Throttled`.
    """
    wanted = sorted(set(names), key=had_prefix)
    calls = [wanted[start : start + _NAMES_AT_ONCE] for start in range(0, len(wanted), _NAMES_AT_ONCE)]

    def call(some: Sequence[str]) -> dict[str, dict[str, None]]:
        return _had(client, table, environment, some, patience)

    answers = map(call, calls) if len(calls) < 2 else workers().map(call, calls)
    return {name: list(guids) for answer in answers for name, guids in answer.items()}


def _had(
    client: Any, table: str, environment: EnvironmentKey, names: Sequence[str], patience: Patience
) -> dict[str, dict[str, None]]:
    """`names` must have the order of the rows."""
    found: dict[str, dict[str, None]] = {name: {} for name in names}
    left = [had_prefix(name) for name in names]
    low, high = left[0], left[-1] + _AFTER
    while left:
        page = ask_again(
            patience,
            1,
            client.query,
            TableName=table,
            KeyConditionExpression="pk = :environment AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":environment": {"S": environment}, ":low": {"S": low}, ":high": {"S": high}},
            Limit=_ROWS_A_PAGE,
            ConsistentRead=True,
        )
        for item in page["Items"]:
            guids = found.get(item["name"]["S"])
            if guids is None:
                continue
            # The first row of a name may say that it has too many. A name is not read beyond that.
            if "guid" not in item or len(guids | {item["guid"]["S"]: None}) > MAX_HOLDERS:
                raise TooManyPeople(item["name"]["S"])
            guids[item["guid"]["S"]] = None
        if "LastEvaluatedKey" not in page:
            break
        last: str = page["LastEvaluatedKey"]["sk"]["S"]
        left = [prefix for prefix in left if prefix + _AFTER > last]
        low = max(f"{last}\0", left[0]) if left else low
    return found
