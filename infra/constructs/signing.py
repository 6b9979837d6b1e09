"""The keys that sign the logs' checkpoints, and what invokes the function that signs with them."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function, allow, deny
from infra.constructs.requests import RequestReader
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


class Signing(RequestReader):
    """Checkpoints are asked for by messages; the settings' rhythm finds each log that has grown."""

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
            # A log that has much to fold may take the function's whole time, and comes again. None waits with it.
            batch_size=1,
            # Two signatures a log in about 0.2 s: five at a time stay far below KMS's quota for such keys.
            max_concurrency=settings.workers(5),
            reports_failures=True,  # a store that is throttled is no error of the function
            period=Duration.seconds(settings.checkpoint_seconds),
        )
