"""Corrects moto 5.2.5's streams of DynamoDB and Kinesis.

moto's DynamoDB Streams keeps every iterator that it has ever returned: one for each read, up to a million a day. Here
an iterator is removed when it is used. moto's Kinesis numbers each record after the one before it and iterates over a
shard while other threads add to it. In a threaded server two records could get the same number, so that one is lost,
and a reader could get a 500. Here one call at a time uses the streams.
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
    """Corrects moto in this process. A second call changes nothing."""
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
