"""Saved views in the control table: of an environment, whose number is in the sort keys.

| sk | holds |
|---|---|
| `view#<number>#<owner>#<name>` | `name`, as it was written, and the `sealed` rest; the owner of shared ones is empty |

The name in the key is in NFC: two compositions of the same letters are one name.
"""

from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.calls import ask, get_item, rows
from daybook.search.saved_view import MAX_NAME, StoredView
from daybook.tenant import EnvironmentKey
from daybook.text import composed

_KIND = "view"


class ViewTable:
    """Uses a low-level DynamoDB client. Every read is consistent; every call may raise `Throttled`."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def of(self, environment: EnvironmentKey, owner: str) -> list[StoredView]:
        """Sorted by name."""
        code, prefix = _row(environment, owner, "")
        return [_view(item, owner) for item in rows(self._client, self._table, code, prefix)]

    def find(self, environment: EnvironmentKey, owner: str, name: str) -> StoredView | None:
        if len(name) > MAX_NAME:  # DynamoDB refuses keys that are too long
            return None
        code, sort_key = _row(environment, owner, name)
        item = get_item(self._client, self._table, {"pk": code, "sk": sort_key})
        return None if item is None else _view(item, owner)

    def put(self, environment: EnvironmentKey, view: StoredView) -> None:
        """Creates or replaces it. The last of concurrent changes stays."""
        ask(self._client.put_item, TableName=self._table, Item=_item(environment, view))

    def replace(self, environment: EnvironmentKey, old: StoredView, new: StoredView) -> None:
        """Does nothing where it was changed or removed since `old` was read."""
        try:
            ask(
                self._client.put_item,
                TableName=self._table,
                Item=_item(environment, new),
                ConditionExpression="sealed = :old",
                ExpressionAttributeValues={":old": {"S": old.sealed}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def remove(self, environment: EnvironmentKey, view: StoredView) -> None:
        """Does nothing where it is gone already."""
        ask(self._client.delete_item, TableName=self._table, Key=_key(environment, view.owner, view.name))


def _item(environment: EnvironmentKey, view: StoredView) -> dict[str, Any]:
    return {**_key(environment, view.owner, view.name), "name": {"S": view.name}, "sealed": {"S": view.sealed}}


def _view(item: dict[str, Any], owner: str) -> StoredView:
    return StoredView(item["name"]["S"], owner, item["sealed"]["S"])


def _row(environment: EnvironmentKey, owner: str, name: str) -> tuple[str, str]:
    """The partition and sort key. Only the last part of a sort key may hold anything; an owner has no `#`."""
    code, _, number = environment.partition("#")
    return code, f"{_KIND}#{number}#{owner}#{composed(name)}"


def _key(environment: EnvironmentKey, owner: str, name: str) -> dict[str, Any]:
    code, sort_key = _row(environment, owner, name)
    return {"pk": {"S": code}, "sk": {"S": sort_key}}
