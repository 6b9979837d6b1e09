"""A queue of jobs for one worker: when a message comes back, and how often."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from daybook.jobs.claiming import CLOCKS_APART_SECONDS
from infra.functions import JobQueueSpec
from infra.settings import DeploymentSettings

_RETENTION = Duration.days(14)  # SQS's own limit
MAX_RECEIVES = 350
"""Every receive counts, also where a job only waits. The most that a job has to wait with one message:

- for its row: 5 receives (`claiming.ROW_SECONDS`);
- for a store that is throttled for a day before each claim, with waits of 15 minutes: 100 (`claiming.retry_seconds`);
- for a store that is throttled for a day at each step, on a FIFO queue: 103 (`runner.throttled_seconds`);
- for the ledger, which seals what an export has evidence of: 100 (`exports.phases.record.sealing_seconds`);
- for its attempts, and workers that were killed: 6 (`runner.MAX_ATTEMPTS`);
- for another worker's claim: once for each of these attempts.

That is less than 350. So a message comes this often only when its worker fails before it can claim the job, for more
than three days. Then it is kept in the dead-letter queue for operators. `tests/stacks/test_queues.py` adds it up.
"""


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
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo,
            # When a worker is killed, its message comes back only after the invocation's time and the job's claim are
            # over.
            visibility_timeout=worker_timeout.plus(Duration.seconds(CLOCKS_APART_SECONDS + 10)),
            retention_period=_RETENTION,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=MAX_RECEIVES, queue=self.dead),
        )

    def invoke(self, worker: lambda_.Function, settings: DeploymentSettings) -> None:
        """Lets the queue invoke `worker`, and `worker` receive and delete its messages."""
        worker.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=1,
                max_concurrency=settings.workers(self._max_concurrency),
                # A message that only has to come again is reported. An error would count as the function's, and Lambda
                # would take fewer messages at a time for a while.
                report_batch_item_failures=True,
            )
        )
