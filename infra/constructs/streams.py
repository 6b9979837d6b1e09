"""The event source mappings by which stored events reach the customers' streams and the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.bucket import FailedBatchBucket, FailedBatches
from infra.constructs.function import Function, allow
from infra.constructs.requests import RequestReader
from infra.settings import DeploymentSettings


class StreamReader(Construct):
    """Invokes a function with the records of the events table's stream. A stream may have two readers, and no more:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable,
        reader: Function,
        failed: FailedBatchBucket,
        batch_size: int,
        batches_at_once: int,
        window_seconds: int,
        records: Sequence[Mapping[str, Any]],
    ) -> None:
        """`records`: patterns, of which those that the function gets match one."""
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
            batch_size=batch_size,
            parallelization_factor=batches_at_once,
            # Lambda waits so long for a batch to fill. Otherwise each event would cost an invocation.
            max_batching_window=Duration.seconds(window_seconds),
            filters=[lambda_.FilterCriteria.filter(dict(pattern)) for pattern in records],
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            # The functions park what they can't do. So a batch fails only when our own store does. A shard keeps its
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


class NewEvents(StreamReader):
    """Brings the fan-out the inserts."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable,
        reader: Function,
        failed: FailedBatchBucket,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            table=table,
            reader=reader,
            failed=failed,
            batch_size=500,  # PutRecords takes no more
            # Ten batches of a shard at a time. Lambda divides them by item, so each tenant's events are in all of them:
            # a slow stream may delay every batch by at most two seconds, until the fan-out cuts it off.
            batches_at_once=1 if settings.small_account else 10,
            window_seconds=settings.fan_out_window_seconds,
            records=[{"eventName": ["INSERT"]}],
        )


class LedgerRecords(StreamReader):
    """Brings the ledger the inserts, and all changes and removals but those that TTL makes."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable,
        reader: Function,
        failed: FailedBatchBucket,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            table=table,
            reader=reader,
            failed=failed,
            # Lambda's own limit. A batch ends at 6 MB, which is some 3,000 events.
            batch_size=10_000,
            # One batch of a shard at a time. Lambda divides them by item: several would append to the same logs, each a
            # part, and wait for each other.
            batches_at_once=1,
            window_seconds=settings.append_window_seconds,
            records=[
                {"eventName": ["INSERT", "MODIFY"]},
                # Whom TTL's removals are by is said as Lambda's guide for filters has it; all others are by nobody.
                {
                    "eventName": ["REMOVE"],
                    "userIdentity": {"principalId": [{"exists": False}, {"anything-but": "dynamodb.amazonaws.com"}]},
                },
            ],
        )


class Drains(RequestReader):
    """Drains are asked for by messages; each minute finds what is overdue. What is parked is in the control table."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.IQueue,
        reader: Function,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            queue=queue,
            reader=reader,
            batch_size=10,  # each message is a destination, with a thread of its own
            # The account's concurrency is for the API first. Messages that come singly take an invocation each. A slow
            # stream has it for one call, so beside 40 of 2 s a call a healthy drain waits 0.6 s at most (simulated).
            max_concurrency=settings.workers(20),
        )
