"""The keys that sign the logs' checkpoints, and what invokes the function that signs with them."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function, allow, deny
from infra.constructs.schedule import Ticks
from infra.settings import DeploymentSettings


class SigningKey(Construct):
    """An Ed25519 key pair that never leaves KMS, with which one role may sign and nobody else.

    AWS rotates no such key. A new pair does, beside this one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, what: str, signer: iam.IRole, pending_window: Duration
    ) -> None:
        super().__init__(scope, construct_id)
        # As in CDK's own policy: whoever the account's policies allow may manage it. Otherwise nobody could.
        manage = allow("*", "kms:*")
        manage.add_account_root_principal()
        # A grant does not help either: a denial goes before whatever allows.
        keep_off = deny("*", "kms:Sign", conditions={"ArnNotEquals": {"aws:PrincipalArn": signer.role_arn}})
        keep_off.add_any_principal()
        self.key = kms.Key(
            self,
            "Pair",
            description=f"Daybook: signs {what}",
            key_spec=kms.KeySpec.ECC_NIST_EDWARDS25519,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            policy=iam.PolicyDocument(statements=[manage, keep_off]),
            pending_window=pending_window,
            removal_policy=RemovalPolicy.RETAIN,
        )


class SignQueue(Construct):
    """Asks for checkpoints. A message may get lost: the schedule asks again for each log that has grown, and whoever
    waits for a checkpoint does so, too. So there is no dead-letter queue, and a message that was not read within an
    hour is dropped.
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
            visibility_timeout=Duration.seconds(reader_timeout.to_seconds() + 30),
        )


class Signing(Construct):
    """Invokes a function with the messages of the queue, and in the settings' rhythm to find what has grown."""

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
            # A log that has much to fold may take the function's whole time, and comes again. None waits with it.
            batch_size=1,
            # Two signatures a log in about 0.2 s: five at a time stay far below KMS's quota for such keys.
            max_concurrency=settings.workers(5),
            # A store that is throttled is no error of the function.
            report_batch_item_failures=True,
        )
        Ticks(self, "Wake", function=reader.function, period=Duration.seconds(settings.checkpoint_seconds))
