"""The identities table for forgetting: the only place that deletes from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from daybook.aws.calls import Action, Refused, transact
from daybook.aws.identities_table.rows import IdentityTable
from daybook.people.forgetter import Change, ConcurrentChange, Increment, Keep, Mark, Stone
from daybook.people.forgettings import COUNT
from daybook.people.identities import Row
from daybook.people.tombstones import LASTS, TOMBSTONES
from daybook.tenant import EnvironmentKey


class ForgettingTable(IdentityTable):
    """The store of `daybook.people.forgetter`."""

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        """All of it or nothing. Raises `ConcurrentChange`, or `Throttled`: then it may have been done nevertheless."""
        actions: list[Action] = [_action(environment, change) for change in changes]
        actions += [{"Update": _tombstone(environment, key, stone, mark)} for key, stone in tombstones.items()]
        try:
            transact(self._client, self._table, actions)
        except Refused:
            raise ConcurrentChange from None

    def tombstones(self, environment: EnvironmentKey) -> Iterator[tuple[str, Row]]:
        """All tombstones of an environment, each with its sort key. Raises `Throttled`."""
        for sort_key, row in self._found(environment, TOMBSTONES):
            yield sort_key, {**row, LASTS: int(row[LASTS])} if LASTS in row else row


def _action(environment: EnvironmentKey, change: Change) -> Action:
    request: dict[str, Any] = {"Key": _key(environment, change.sort_key)}
    if isinstance(change, Keep):
        request["UpdateExpression"] = f"SET {', '.join(f'#{name} = :{name}' for name in change.row)}"
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in change.row}
        request["ExpressionAttributeValues"] = {f":{name}": {"S": text} for name, text in change.row.items()}
        return {"Update": request}
    if isinstance(change, Increment):
        request["UpdateExpression"] = "ADD #count :one"
        request["ExpressionAttributeNames"] = {"#count": COUNT}
        request["ExpressionAttributeValues"] = {":one": {"N": "1"}}
        return {"Update": request}
    if change.only_of is not None:
        request["ConditionExpression"] = "guid = :guid"
        request["ExpressionAttributeValues"] = {":guid": {"S": change.only_of}}
    elif change.must_be_there:
        request["ConditionExpression"] = "attribute_exists(pk)"
    return {"Delete": request}


def _tombstone(environment: EnvironmentKey, sort_key: str, stone: Stone, mark: Mark) -> dict[str, Any]:
    """Adds one person. A later try overwrites the mark of an earlier one that stopped before it deleted the key."""
    names = {"#guid": mark.guid, "#lasts": LASTS}
    values: dict[str, Any] = {":text": {"S": stone.text}}
    sets, removes = ["#guid = :text"], []
    if mark.lasts is None:
        removes.append("#lasts")
    else:
        sets.append("#lasts = :lasts")
        values[":lasts"] = {"N": str(mark.lasts)}
    for number, guid in enumerate(stone.left_out):
        names[f"#out{number}"] = guid
        removes.append(f"#out{number}")
    return {
        "Key": _key(environment, sort_key),
        "UpdateExpression": f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _key(environment: EnvironmentKey, sort_key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": environment}, "sk": {"S": sort_key}}
