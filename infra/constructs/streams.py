"""What brings new events to `fan_out`, and what could not be delivered back to `redeliver`: mappings and queues."""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function

_MAX_RETENTION = Duration.days(14)  # SQS's own limit


class RetryQueue(Construct):
    """Keys of events that wait for their customer's stream. Each message is sent anew at least every minute."""

    def __init__(self, scope: Construct, construct_id: str, *, function_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self.dead = _queue(self, "Dead")
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=_MAX_RETENTION,
            visibility_timeout=Duration.seconds(6 * function_timeout.to_seconds()),  # as Lambda's guide asks
            # A message that waits is deleted and sent anew: only one that can't be read comes so often, or one whose
            # batch found the store unable to answer for an hour.
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=20),
        )


class NewEvents(Construct):
    """The events table's stream, INSERT alone, to one function."""

    def __init__(self, scope: Construct, construct_id: str, *, table: dynamodb.ITable, reader: Function) -> None:
        super().__init__(scope, construct_id)
        assert table.table_stream_arn  # noqa: S101  the storage stack gives the table its stream
        self.failed = _queue(self, "Failed")
        reader.allow(
            table.table_stream_arn, "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"
        )
        reader.allow("*", "dynamodb:ListStreams")  # without it Lambda makes no mapping; it knows no narrower resource
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=reader.function,
            event_source_arn=table.table_stream_arn,
            # Whatever is stored from the first deployment on: without destinations it costs nothing to look.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=500,  # what one PutRecords takes
            # Ten lanes a shard, by partition: a slow stream holds up, for its two seconds, a tenth of its neighbours.
            parallelization_factor=10,
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            # The function parks what it cannot deliver: what fails here is our own store or queue. A shard keeps its
            # records for 24 h; before they are lost, where they lie is noted in the queue.
            max_record_age=Duration.hours(22),
            retry_attempts=1_000,
            on_failure=event_sources.SqsDlq(self.failed),
        )


class Parked(Construct):
    """The retry queue to one function."""

    def __init__(self, scope: Construct, construct_id: str, *, queue: sqs.IQueue, reader: Function) -> None:
        super().__init__(scope, construct_id)
        reader.allow(queue.queue_arn, "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=reader.function,
            event_source_arn=queue.queue_arn,
            batch_size=10,
            max_concurrency=10,  # 10,000 parked events are 20 messages; the account's concurrency is the API's first
            report_batch_item_failures=True,
        )


def _queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """For what nobody reads but an operator whom an alarm woke."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=_MAX_RETENTION,
    )
