"""Groups in the control table.

| sk | holds |
|---|---|
| `group#<name>` | the group's `version`; the row is small, so listing names is cheap |
| `group-members#<name>#<version>` | `members`, never changed; `expires_at` once the group has a newer version |
| `group-gone#<name>` | the last `version` of a removed group, as long as cursors may hold it |
"""

from typing import Any

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.clock import DAY, SECOND, Clock
from daybook.errors import Contended, UnknownGroup
from daybook.people.groups import MAX_NAME, Group, pack_members, unpack_members
from daybook.tenant import Tenant

_KEPT_MS = DAY + DAY // 24  # an hour longer than a cursor lasts
_MAX_TRIES = 8
_GROUP = "group#"


class GroupTable:
    """Uses a low-level DynamoDB client. Every read is consistent; every call may raise `Throttled`."""

    def __init__(self, client: Any, table_name: str, clock: Clock, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock
        self._patience = patience

    def names(self, tenant: Tenant) -> list[str]:
        """Sorted."""
        found = rows(self._client, self._table, tenant, _GROUP)
        return [item["sk"]["S"].removeprefix(_GROUP) for item in found]

    def group(self, tenant: Tenant, name: str, version: int | None = None) -> Group:
        """The group as it is now, or as it was in `version`. Raises `UnknownGroup`."""
        if len(name) > MAX_NAME:  # DynamoDB refuses keys that are too long
            raise UnknownGroup(name)
        wanted = self._version(tenant, f"{_GROUP}{name}") if version is None else version
        # A concurrent change keeps the members of the version just read for a day.
        item = None if wanted is None else self._get(tenant, _members_of(name, wanted))
        if wanted is None or item is None:
            raise UnknownGroup(name)
        return Group(name, wanted, unpack_members(item["members"]["B"]))

    def put(self, tenant: Tenant, name: str, members: tuple[str, ...]) -> None:
        """Creates or replaces the group. Raises `Contended`."""
        for _ in self._patience.tries(_MAX_TRIES):
            was = self._version(tenant, f"{_GROUP}{name}")
            last = self._version(tenant, f"group-gone#{name}") if was is None else was
            now = max(self._clock(), (last or 0) + 1)
            put = _put(tenant, f"{_GROUP}{name}", version={"N": str(now)})
            put["Put"] |= _still(was)
            new = _put(tenant, _members_of(name, now), members={"B": pack_members(members)})
            if self._written(tenant, name, was, [put, new]):
                return
        raise Contended(name)

    def remove(self, tenant: Tenant, name: str) -> None:
        """Raises `UnknownGroup`, `Contended`."""
        for _ in self._patience.tries(_MAX_TRIES):
            was = self._version(tenant, f"{_GROUP}{name}")
            if was is None:
                raise UnknownGroup(name)
            delete: Action = {"Delete": {"Key": {"pk": {"S": tenant}, "sk": {"S": f"{_GROUP}{name}"}}, **_still(was)}}
            gone = _put(tenant, f"group-gone#{name}", version={"N": str(was)}, expires_at=self._expires_at())
            if self._written(tenant, name, was, [delete, gone]):
                return
        raise Contended(name)

    def _written(self, tenant: Tenant, name: str, was: int | None, actions: list[Action]) -> bool:
        """Whether no other change was first. The former version's members stay for cursors that began with it."""
        item = None if was is None else self._get(tenant, _members_of(name, was))
        if was is not None and item is not None:
            row = _members_of(name, was)
            actions = [*actions, _put(tenant, row, members=item["members"], expires_at=self._expires_at())]
        try:
            transact(self._client, self._table, actions)
        except Refused:
            return False
        return True

    def _expires_at(self) -> dict[str, str]:
        return {"N": str((self._clock() + _KEPT_MS) // SECOND)}

    def _version(self, tenant: Tenant, sort_key: str) -> int | None:
        item = self._get(tenant, sort_key)
        return None if item is None else int(item["version"]["N"])

    def _get(self, tenant: Tenant, sort_key: str) -> dict[str, Any] | None:
        return get_item(self._client, self._table, {"pk": tenant, "sk": sort_key})


def _members_of(name: str, version: int) -> str:
    return f"group-members#{name}#{version}"


def _put(tenant: Tenant, sort_key: str, **values: dict[str, Any]) -> Action:
    return {"Put": {"Item": {"pk": {"S": tenant}, "sk": {"S": sort_key}, **values}}}


def _still(version: int | None) -> dict[str, Any]:
    """The condition that the group has this version; None: that it does not exist."""
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeValues": {":seen": {"N": str(version)}},
    }
