"""The identities table for forgetting: the only place that deletes from it."""

from collections.abc import Iterator, Sequence
from typing import Any

from daybook.aws.calls import Action, Refused, transact
from daybook.aws.identities_table.rows import IdentityTable
from daybook.people.forgetter import ConcurrentChange, Deletion, Mark
from daybook.people.identities import Row
from daybook.people.tombstones import LASTS, TOMBSTONES
from daybook.tenant import EnvironmentKey


class ForgettingTable(IdentityTable):
    """The store of `daybook.people.forgetter`."""

    def erase(
        self, environment: EnvironmentKey, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark
    ) -> None:
        """All of it or nothing. Raises `ConcurrentChange`, or `Throttled`: then it may have been done nevertheless."""
        actions: list[Action] = [{"Delete": _deletion(environment, deletion)} for deletion in deletions]
        actions += [{"Update": _tombstone(environment, sort_key, mark)} for sort_key in tombstones]
        try:
            transact(self._client, self._table, actions)
        except Refused:
            raise ConcurrentChange from None

    def tombstones(self, environment: EnvironmentKey) -> Iterator[tuple[str, Row]]:
        """All tombstones of a environment, each with its sort key. Raises `Throttled`."""
        for sort_key, row in self._found(environment, TOMBSTONES):
            yield sort_key, {**row, LASTS: int(row[LASTS])} if LASTS in row else row


def _deletion(environment: EnvironmentKey, deletion: Deletion) -> dict[str, Any]:
    delete: dict[str, Any] = {"Key": _key(environment, deletion.sort_key)}
    if deletion.only_of is not None:
        delete["ConditionExpression"] = "guid = :guid"
        delete["ExpressionAttributeValues"] = {":guid": {"S": deletion.only_of}}
    elif deletion.must_be_there:
        delete["ConditionExpression"] = "attribute_exists(pk)"
    return delete


def _tombstone(environment: EnvironmentKey, sort_key: str, mark: Mark) -> dict[str, Any]:
    """Adds one person. A later try overwrites the mark of an earlier one that stopped before it deleted the key."""
    values: dict[str, Any] = {":event": {"S": mark.event_id}}
    if mark.lasts is None:
        expression = "SET #guid = :event REMOVE #lasts"
    else:
        expression = "SET #guid = :event, #lasts = :lasts"
        values[":lasts"] = {"N": str(mark.lasts)}
    return {
        "Key": _key(environment, sort_key),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {"#guid": mark.guid, "#lasts": LASTS},
        "ExpressionAttributeValues": values,
    }


def _key(environment: EnvironmentKey, sort_key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": environment}, "sk": {"S": sort_key}}
