"""Reads moto's state directly in this process. An HTTP call takes milliseconds of CPU, a look here microseconds.

The pollers look many times a second and call moto only when there is something to fetch.
"""

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from infra.local.gateway.api import ACCOUNT, REGION


def holds_messages(queue_arn: str) -> bool:
    """Whether a message is visible. In a FIFO queue, its group may still hold it back."""
    queue = sqs_backends[ACCOUNT][REGION].queues.get(queue_arn.rpartition(":")[2])
    return bool(queue and queue.messages)


def stream_length(stream_arn: str) -> int:
    """The number of records that the table's stream has ever received."""
    table = dynamodb_backends[ACCOUNT][REGION].tables.get(stream_arn.split("/")[1])
    return len(table.stream_shard.items) if table and table.stream_shard else 0


def bucket_owner(name: str) -> str:
    """The account that has the bucket; ours if there is none."""
    _, account = s3_backends.bucket_accounts.get(name, ("aws", ACCOUNT))
    return account
