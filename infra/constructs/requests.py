"""Requests to do what a schedule would find anyway, only sooner: their queue, and what it and the schedule invoke."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function, allow
from infra.constructs.schedule import MINUTE, Ticks


class RequestQueue(Construct):
    """A message may get lost, because the schedule finds what has to be done. So there is no dead-letter queue, and a
    message that was not read within an hour is dropped.
    """

    def __init__(self, scope: Construct, construct_id: str, *, visibility_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
            retention_period=Duration.hours(1),
            visibility_timeout=visibility_timeout,
        )


class RequestReader(Construct):
    """Invokes a function with the messages of such a queue, and by its schedule."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.IQueue,
        reader: Function,
        batch_size: int,
        max_concurrency: int | None,
        reports_failures: bool = False,
        period: Duration = MINUTE,
    ) -> None:
        """`reports_failures`: the function says which messages have to come again."""
        super().__init__(scope, construct_id)
        reader.grant(allow(queue.queue_arn, "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"))
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=reader.function,
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            report_batch_item_failures=reports_failures,
        )
        Ticks(self, "Wake", function=reader.function, period=period)
