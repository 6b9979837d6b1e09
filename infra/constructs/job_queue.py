"""A queue of jobs and the one function that works on them: what of a message comes back, when, and how often."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_MAX_RECEIVES = 20
"""The jobs count their own failures; what is received as often as this fails before it can count, and is kept for
operators to look at."""


class JobQueue(Construct):
    """`by_lane`: a FIFO queue, in which one job of each tenant and lane runs at a time.

    `at_once`: invocations of the worker side by side, for all tenants.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, worker: lambda_.Function, by_lane: bool, at_once: int
    ) -> None:
        super().__init__(scope, construct_id)
        kept = Duration.days(14)  # the longest there is
        fifo = True if by_lane else None  # false is no value that CloudFormation takes
        self.dead = sqs.Queue(
            self,
            "Dead",
            fifo=fifo,
            retention_period=kept,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        assert worker.timeout  # noqa: S101  our functions all have one
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo,
            # A killed worker's message comes back when its invocation would have been over, and its claim is.
            visibility_timeout=worker.timeout.plus(Duration.seconds(10)),
            retention_period=kept,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=_MAX_RECEIVES, queue=self.dead),
        )
        worker.add_event_source(sources.SqsEventSource(self.queue, batch_size=1, max_concurrency=at_once))
