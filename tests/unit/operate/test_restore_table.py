"""Which maxima of units a restored table is given."""

from typing import Any

from infra.operate.restore_table import Restore

MOST = {"MaxReadRequestUnits": 4_000, "MaxWriteRequestUnits": 1_000}
ARN = "arn:aws:dynamodb:eu-central-1:1:table/"


def index(name: str, most: dict[str, int] | None) -> dict[str, Any]:
    return {"IndexName": name} | ({"OnDemandThroughput": most} if most else {})


def table(name: str, most: dict[str, int] | None, *indexes: dict[str, Any]) -> dict[str, Any]:
    described = {"TableArn": f"{ARN}{name}", "TableStatus": "ACTIVE"} | (
        {"GlobalSecondaryIndexes": [*indexes]} if indexes else {}
    )
    return described | ({"OnDemandThroughput": most} if most else {})


class Described:
    """DynamoDB with these two tables. moto knows no maxima."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self._tables = {"old": old, "new": new}
        self.changes: list[dict[str, Any]] = []

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803  AWS's
        return {"Table": self._tables[TableName]}

    def update_table(self, **change: Any) -> None:
        self.changes.append(change)

    def get_resource_policy(self, **_: str) -> dict[str, Any]:
        return {"Policy": "{}"}

    def put_resource_policy(self, **_: str) -> None:
        """Of no concern here."""


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    dynamodb = Described(old, new)
    Restore(dynamodb, "old", "new", lambda _: None, lambda _: None).set_again()
    return dynamodb.changes


def test_a_table_without_indexes_is_sent_none() -> None:
    """AWS does not say what DynamoDB makes of an empty list of changes."""
    assert changes(table("old", MOST), table("new", None)) == [{"TableName": "new", "OnDemandThroughput": MOST}]


def test_only_what_differs_is_sent() -> None:
    """The command can be run again, and changes nothing then."""
    whole = table("new", MOST, index("a", MOST), index("b", MOST))
    assert changes(table("old", MOST, index("a", MOST), index("b", MOST)), whole) == []
    assert changes(table("old", None, index("a", None)), table("new", None, index("a", None))) == []
    half = table("new", MOST, index("a", MOST), index("b", None))
    assert changes(table("old", MOST, index("a", MOST), index("b", MOST)), half) == [
        {
            "TableName": "new",
            "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "b", "OnDemandThroughput": MOST}}],
        }
    ]
