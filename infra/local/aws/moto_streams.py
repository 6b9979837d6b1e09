"""Corrects moto 5.2.5's streams of DynamoDB and Kinesis.

moto's DynamoDB Streams keeps every iterator that it has ever returned: one for each read, up to a million a day. Here
an iterator is removed when it is used. moto's Kinesis numbers each record after the one before it and iterates over a
shard while other threads add to it. In a threaded server two records could get the same number, so that one is lost,
and a reader could get a 500. Here one call at a time uses the streams.
"""

from threading import Lock
from typing import Any

from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.kinesis.models import KinesisBackend

from infra.local.aws.one_at_a_time import alone

_lock = Lock()
_corrected = {
    name: alone(getattr(KinesisBackend, name), _lock) for name in ("get_records", "put_record", "put_records")
}


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    DynamoDBStreamsBackend.get_records = get_records  # type: ignore[method-assign]
    for name, method in _corrected.items():
        setattr(KinesisBackend, name, method)


def get_records(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    return self.shard_iterators.pop(iterator_arn).get(limit)
