"""A correction of moto's DynamoDB Streams, which keeps every iterator it ever gave (moto 5.2.5).

A reader that looks ten times a second leaves a million a day behind. Here each ends with its use.
"""

from typing import Any

from moto.dynamodbstreams.models import DynamoDBStreamsBackend


def apply() -> None:
    """Correct moto for this process; doing it again changes nothing."""
    DynamoDBStreamsBackend.get_records = get_records  # type: ignore[method-assign]


def get_records(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    return self.shard_iterators.pop(iterator_arn).get(limit)
