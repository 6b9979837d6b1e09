"""Groups in the control table: of an environment, whose number is in the sort keys.

| sk | holds |
|---|---|
| `group#<number>#<name>` | the group's `version`; the row is small, so listing names is cheap |
| `group-members#<number>#<name>#<version>` | `members`, never changed; `expires_at` once there is a newer version |
| `group-gone#<number>#<name>` | the last `version` of a removed group, as long as cursors may hold it |
"""

from typing import Any

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.clock import DAY, SECOND, Clock
from daybook.errors import Contended, UnknownGroup
from daybook.people.groups import MAX_NAME, Group, pack_members, unpack_members
from daybook.tenant import EnvironmentKey

_KEPT_MS = DAY + DAY // 24  # an hour longer than a cursor lasts
_MAX_TRIES = 8
_GROUP, _MEMBERS, _GONE = "group", "group-members", "group-gone"


class GroupTable:
    """Uses a low-level DynamoDB client. Every read is consistent; every call may raise `Throttled`."""

    def __init__(self, client: Any, table_name: str, clock: Clock, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock
        self._patience = patience

    def names(self, environment: EnvironmentKey) -> list[str]:
        """Sorted."""
        code, prefix = _row(environment, _GROUP, "")
        return [item["sk"]["S"].removeprefix(prefix) for item in rows(self._client, self._table, code, prefix)]

    def group(self, environment: EnvironmentKey, name: str, version: int | None = None) -> Group:
        """The group as it is now, or as it was in `version`. Raises `UnknownGroup`."""
        if len(name) > MAX_NAME:  # DynamoDB refuses keys that are too long
            raise UnknownGroup(name)
        wanted = self._version(environment, _GROUP, name) if version is None else version
        # A concurrent change keeps the members of the version just read for a day.
        item = None if wanted is None else self._get(environment, _MEMBERS, f"{name}#{wanted}")
        if wanted is None or item is None:
            raise UnknownGroup(name)
        return Group(name, wanted, unpack_members(item["members"]["B"]))

    def put(self, environment: EnvironmentKey, name: str, members: tuple[str, ...]) -> None:
        """Creates or replaces the group. Raises `Contended`."""
        for _ in self._patience.tries(_MAX_TRIES):
            was = self._version(environment, _GROUP, name)
            last = self._version(environment, _GONE, name) if was is None else was
            now = max(self._clock(), (last or 0) + 1)
            put = _put(environment, _GROUP, name, version={"N": str(now)})
            put["Put"] |= _still(was)
            new = _put(environment, _MEMBERS, f"{name}#{now}", members={"B": pack_members(members)})
            if self._written(environment, name, was, [put, new]):
                return
        raise Contended(name)

    def remove(self, environment: EnvironmentKey, name: str) -> None:
        """Raises `UnknownGroup`, `Contended`."""
        for _ in self._patience.tries(_MAX_TRIES):
            was = self._version(environment, _GROUP, name)
            if was is None:
                raise UnknownGroup(name)
            delete: Action = {"Delete": {"Key": _key(environment, _GROUP, name), **_still(was)}}
            gone = _put(environment, _GONE, name, version={"N": str(was)}, expires_at=self._expires_at())
            if self._written(environment, name, was, [delete, gone]):
                return
        raise Contended(name)

    def _written(self, environment: EnvironmentKey, name: str, was: int | None, actions: list[Action]) -> bool:
        """Whether no other change was first. The former version's members stay for cursors that began with it."""
        item = None if was is None else self._get(environment, _MEMBERS, f"{name}#{was}")
        if was is not None and item is not None:
            former = _put(
                environment, _MEMBERS, f"{name}#{was}", members=item["members"], expires_at=self._expires_at()
            )
            actions = [*actions, former]
        try:
            transact(self._client, self._table, actions)
        except Refused:
            return False
        return True

    def _expires_at(self) -> dict[str, str]:
        return {"N": str((self._clock() + _KEPT_MS) // SECOND)}

    def _version(self, environment: EnvironmentKey, kind: str, name: str) -> int | None:
        item = self._get(environment, kind, name)
        return None if item is None else int(item["version"]["N"])

    def _get(self, environment: EnvironmentKey, kind: str, name: str) -> dict[str, Any] | None:
        code, sort_key = _row(environment, kind, name)
        return get_item(self._client, self._table, {"pk": code, "sk": sort_key})


def _row(environment: EnvironmentKey, kind: str, name: str) -> tuple[str, str]:
    """The partition and sort key. Only the last part of a sort key may hold anything."""
    code, _, number = environment.partition("#")
    return code, f"{kind}#{number}#{name}"


def _key(environment: EnvironmentKey, kind: str, name: str) -> dict[str, Any]:
    code, sort_key = _row(environment, kind, name)
    return {"pk": {"S": code}, "sk": {"S": sort_key}}


def _put(environment: EnvironmentKey, kind: str, name: str, **values: dict[str, Any]) -> Action:
    return {"Put": {"Item": {**_key(environment, kind, name), **values}}}


def _still(version: int | None) -> dict[str, Any]:
    """The condition that the group has this version; None: that it does not exist."""
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeValues": {":seen": {"N": str(version)}},
    }
