"""The queue and the event source mappings by which events reach the customers' streams."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.bucket import FailedBatchBucket, FailedBatches
from infra.constructs.function import Function, allow
from infra.constructs.schedule import Ticks
from infra.settings import DeploymentSettings


class DrainQueue(Construct):
    """Asks for drains of what is parked for customers' streams. The parked events themselves are in the control table.

    A message may get lost: the schedule asks again for what is overdue. So there is no dead-letter queue, and a message
    that was not read within an hour is dropped.
    """

    def __init__(self, scope: Construct, construct_id: str, *, reader_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
            retention_period=Duration.hours(1),
            visibility_timeout=Duration.seconds(6 * reader_timeout.to_seconds()),  # as AWS's guide for Lambda advises
        )


class NewEvents(Construct):
    """Invokes a function with the inserts of the events table's stream."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable,
        reader: Function,
        settings: DeploymentSettings,
        failed: FailedBatchBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        assert table.table_stream_arn  # noqa: S101  the storage stack gives the table its stream
        reader.grant(
            allow(
                table.table_stream_arn, "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"
            ),
            # Lambda makes no mapping without it, and it can't be limited to a resource.
            allow("*", "dynamodb:ListStreams"),
        )
        self._mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=reader.function,
            event_source_arn=table.table_stream_arn,
            # From the first event of the first deployment on: while there are no destinations, reading costs nothing.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=500,  # PutRecords takes no more
            # Ten batches of a shard at a time. Lambda divides them by item, so each tenant's events are in all of them:
            # a slow stream may delay every batch by at most two seconds, until the fan-out cuts it off.
            parallelization_factor=1 if settings.small_account else 10,
            # Lambda waits so long for a batch to fill. Otherwise each event costs an invocation, even where no tenant
            # has a stream.
            max_batching_window=Duration.seconds(settings.fan_out_window_seconds),
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            # The function parks what it can't deliver. So a batch fails only when our own store does. A shard keeps its
            # records for 24 h; before that, Lambda puts them into the bucket.
            # Only the age ends the retries: a quick failure would use up any number of them in minutes.
            max_record_age=Duration.hours(22),
            on_failure=FailedBatches(failed),
            support_s3_on_failure_destination=True,
            # Lambda's own counts of what became of the records; without it there are none.
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )

    def metric(self, name: str, *, period: Duration) -> cloudwatch.Metric:
        """One of Lambda's counts of events of the mapping."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=name,
            dimensions_map={"EventSourceMappingUUID": self._mapping.event_source_mapping_id},
            period=period,
            statistic="sum",
        )


class Drains(Construct):
    """Invokes a function with the messages of the queue of drains, and each minute to find what is overdue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.IQueue,
        reader: Function,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        reader.grant(allow(queue.queue_arn, "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"))
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=reader.function,
            event_source_arn=queue.queue_arn,
            batch_size=10,  # each message is a destination, with a thread of its own
            # The account's concurrency is for the API first. Messages that come singly take an invocation each. A slow
            # stream has it for one call, so beside 40 of 2 s a call a healthy drain waits 0.6 s at most (simulated).
            max_concurrency=settings.workers(20),
        )
        Ticks(self, "Wake", function=reader.function)
