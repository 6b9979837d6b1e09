"""Write units of an event as DynamoDB counts them. The item is put directly, because PartiQL reports no capacity
locally.
"""

from collections.abc import Iterator
from typing import Any

import boto3

from benchmarks.measuring import Row
from benchmarks.typical import MEASURED, stored_forms
from daybook.aws.events_table.append import item_of
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates

MAX_BYTES = 1_024
"""The size of an item for one write unit: names and values of its attributes."""


def rows() -> Iterator[Row]:
    definitions = table_definitions(templates())
    definition = next(each for name, each in definitions.items() if name.lower().startswith("events"))
    with DynamoDBLocal() as engine:
        client = boto3.client(
            "dynamodb",
            endpoint_url=engine.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  any will do
        )
        client.create_table(TableName="events", **definition)
        for name, (product, event) in MEASURED.items():
            (stored,) = stored_forms(product, [event])
            item = item_of(stored)
            table, indexes = _units(client, item)
            yield Row(
                f"write units: {name}, {bytes_of(item)} bytes",
                f"{table:g}, and {'/'.join(f'{units:g}' for units in indexes)} for its {len(indexes)} indexes",
                "1, and 1 for each index",
            )


def _units(client: Any, item: dict[str, Any]) -> tuple[float, list[float]]:
    consumed = client.put_item(TableName="events", Item=item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    indexes = consumed.get("GlobalSecondaryIndexes", {})
    return consumed["Table"]["CapacityUnits"], [index["CapacityUnits"] for index in indexes.values()]


def bytes_of(item: dict[str, dict[str, Any]]) -> int:
    """As DynamoDB counts: UTF-8 bytes of names and values. A number of 13 digits takes 8."""
    return sum(len(name) + _bytes_of(value) for name, value in item.items())


def _bytes_of(value: dict[str, Any]) -> int:
    if "N" in value:
        return len(value["N"]) // 2 + 2
    return len(value["B"]) if "B" in value else len(value["S"].encode())
