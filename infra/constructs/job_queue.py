"""A queue of jobs for one worker: when a message comes back, and how often."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.functions import JobQueueSpec

_RETENTION = Duration.days(14)  # SQS's own limit
# The jobs count their own failures. A message comes this often only when its worker fails before it can count; then
# it is kept in the dead-letter queue for operators.
_MAX_RECEIVES = 20


class JobQueue(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, spec: JobQueueSpec, worker_timeout: Duration) -> None:
        super().__init__(scope, construct_id)
        self._max_concurrency = spec.max_concurrency
        fifo = spec.fifo or None  # CloudFormation refuses an explicit false
        self.dead = sqs.Queue(
            self,
            "Dead",
            fifo=fifo,
            retention_period=_RETENTION,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo,
            # When a worker is killed, its message comes back only after the invocation's time and the job's claim are
            # over.
            visibility_timeout=worker_timeout.plus(Duration.seconds(10)),
            retention_period=_RETENTION,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=_MAX_RECEIVES, queue=self.dead),
        )

    def invoke(self, worker: lambda_.Function) -> None:
        """Lets the queue invoke `worker`, and `worker` receive and delete its messages."""
        worker.add_event_source(sources.SqsEventSource(self.queue, batch_size=1, max_concurrency=self._max_concurrency))
