"""Corrections of moto's streams (5.2.5), DynamoDB's and Kinesis'.

DynamoDB's keeps every iterator it ever gave: a reader leaves one behind with each look, up to a million a day. Here
each ends with its use. Kinesis' numbers a record by the one before it, and walks through a shard while others add to
it: in a server's threads two records could get one number, of which one is lost, and a reader be answered 500. Here
one call at a time has the streams.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.kinesis.models import KinesisBackend

_one_at_a_time = Lock()
_ALONE = ("get_records", "put_record", "put_records")


def apply() -> None:
    """Correct moto for this process; doing it again changes nothing."""
    DynamoDBStreamsBackend.get_records = get_records  # type: ignore[method-assign]
    for name in _ALONE:
        method = getattr(KinesisBackend, name)
        if not hasattr(method, "__wrapped__"):
            setattr(KinesisBackend, name, alone(method))


def get_records(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    return self.shard_iterators.pop(iterator_arn).get(limit)


def alone(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _one_at_a_time:
            return method(*args, **kwargs)

    return call
