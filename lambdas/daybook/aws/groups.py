"""Groups in the control table: `group#<name>` as it is now, `group-was#<name>#<version>` as it was for a day more."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from daybook.caller import Tenant
from daybook.clock import DAY, SECOND, Clock
from daybook.groups import MOST_NAME, Group, UnknownGroup, pack_members, unpack_members
from daybook.tenants import Contended

_KEPT_MS = DAY + DAY // 24  # an hour longer than a cursor lasts
_MOST_TRIES = 8


class GroupTable:
    """Over a low-level DynamoDB client. Every read is consistent."""

    def __init__(self, client: Any, table_name: str, clock: Clock) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock

    def names(self, tenant: Tenant) -> list[str]:
        """In order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :tenant AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":tenant": {"S": tenant}, ":prefix": {"S": "group#"}},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        return [item["sk"]["S"].removeprefix("group#") for page in pages for item in page["Items"]]

    def group(self, tenant: Tenant, name: str, version: int | None = None) -> Group:
        """As it is now, or as it was in that version. Raises `UnknownGroup`."""
        if len(name) > MOST_NAME:  # DynamoDB refuses keys that are too long with an error of its own
            raise UnknownGroup(name)
        now = self._read(tenant, f"group#{name}", name)
        if now is not None and version in (None, now.version):
            return now
        was = None if version is None else self._read(tenant, f"group-was#{name}#{version}", name)
        if was is None:
            raise UnknownGroup(name)
        return was

    def put(self, tenant: Tenant, name: str, members: tuple[str, ...]) -> None:
        """Makes the group, or makes it anew."""
        self._replace(
            tenant,
            name,
            lambda version: {
                "Put": {
                    "Item": {
                        "pk": {"S": tenant},
                        "sk": {"S": f"group#{name}"},
                        "version": {"N": str(version)},
                        "members": {"B": pack_members(members)},
                    }
                }
            },
        )

    def remove(self, tenant: Tenant, name: str) -> None:
        """Raises `UnknownGroup`."""
        self.group(tenant, name)
        self._replace(tenant, name, lambda _: {"Delete": {"Key": {"pk": {"S": tenant}, "sk": {"S": f"group#{name}"}}}})

    def _replace(self, tenant: Tenant, name: str, change: Callable[[int], dict[str, dict[str, Any]]]) -> None:
        for _ in range(_MOST_TRIES):
            was = self._read(tenant, f"group#{name}", name)
            now_ms = self._clock()
            last = self._last_version(tenant, name) if was is None else was.version
            action = change(max(now_ms, last + 1))
            for what in action.values():
                what["TableName"] = self._table
                if was is None:
                    what["ConditionExpression"] = "attribute_not_exists(pk)"
                else:
                    what["ConditionExpression"] = "version = :seen"
                    what["ExpressionAttributeValues"] = {":seen": {"N": str(was.version)}}
            kept = [] if was is None else [{"Put": self._kept(tenant, was, now_ms)}]
            try:
                self._client.transact_write_items(TransactItems=[action, *kept])
            except ClientError as error:
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
            else:
                return
        raise Contended(name)

    def _last_version(self, tenant: Tenant, name: str) -> int:
        """Of a group that was removed, as long as cursors may hold it; else 0."""
        prefix = f"group-was#{name}#"
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :tenant AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":tenant": {"S": tenant}, ":prefix": {"S": prefix}},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        # A name may hold #, so a prefix alone does not tell whose row it is.
        rests = [item["sk"]["S"].removeprefix(prefix) for page in pages for item in page["Items"]]
        return max((int(rest) for rest in rests if "#" not in rest), default=0)

    def _kept(self, tenant: Tenant, was: Group, now_ms: int) -> dict[str, Any]:
        """What a group was, for cursors that began with it."""
        return {
            "TableName": self._table,
            "Item": {
                "pk": {"S": tenant},
                "sk": {"S": f"group-was#{was.name}#{was.version}"},
                "version": {"N": str(was.version)},
                "members": {"B": pack_members(was.members)},
                "expires_at": {"N": str((now_ms + _KEPT_MS) // SECOND)},
            },
        }

    def _read(self, tenant: Tenant, sort_key: str, name: str) -> Group | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": tenant}, "sk": {"S": sort_key}}, ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None:
            return None
        return Group(name, int(item["version"]["N"]), unpack_members(item["members"]["B"]))
