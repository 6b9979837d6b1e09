"""What must outlive every release: the tables, the exports, the queues, their key, and the deployment's secret."""

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from daybook.aws.control_table.drains import INDEX
from daybook.aws.ledger_table import alerts
from daybook.ledger.logs import COUNTS
from infra.constructs.bucket import CheckpointBucket, ExportBucket, FailedBatchBucket
from infra.constructs.job_queue import JobQueue
from infra.constructs.requests import RequestQueue
from infra.constructs.signing import SigningKey
from infra.constructs.table import CountersTable, MaxUnits, ProtectedTable
from infra.constructs.trail import Trail
from infra.functions import FUNCTIONS, title
from infra.settings import DeploymentSettings

RECOVERABLE_DAYS = 28
"""How far back the tables that may hold a person's name can be restored."""

CREDENTIALS_RECOVERABLE_DAYS = 7
"""Few: a restore brings back keys that were revoked since."""

EVENT_INDEXES = ("by_actor", "by_activity", "by_target", "by_within")
"""Each index is named after the attribute that is its partition key; its sort key is the event's id."""


class StorageStack(Stack):
    """All but counters is retained and protected: deleting the stack, or a table by mistake, deletes no event."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: DeploymentSettings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)

        is_kept = settings.removal_policy == "retain"
        # KMS's maximum and minimum. Without the tables' key all tables are lost.
        pending_window = Duration.days(30 if is_kept else 7)

        # DynamoDB's own key would cost nothing. But AWS's read-only policies allow dynamodb:Scan and not kms:Decrypt.
        # So with our key those who may look around in the account can't read people's keys, and can't read events
        # without being recorded. CloudTrail also shows each principal that the key was used for.
        self.key = kms.Key(
            self,
            "Key",
            description="Daybook's tables and exports",
            enable_key_rotation=True,
            pending_window=pending_window,
            removal_policy=RemovalPolicy.RETAIN,
        )

        max_units = MaxUnits(settings.max_read_units, settings.max_write_units)
        events = ProtectedTable(
            self,
            "Events",
            key=self.key,
            max_units=max_units,
            # The ledger compares what was stored with what is put in its place. Another view would be a new stream.
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            restored=settings.events_table,
            restored_stream_arn=settings.events_stream_arn,
        )
        for index in EVENT_INDEXES:
            events.add_index(
                index,
                partition_key=index,
                sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
                # Without expires_at in the indexes, changing it costs one write unit and writes to no index.
                non_key_attributes=["z"],
            )
        # Here and not with its function: the table's policy names it.
        self.restamp_role = iam.Role(self, "RestampRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        events.allow_only_inserts(updates_by=self.restamp_role)
        # After these days, forgetting a person is final. They must be fewer than the shortest retention, 30 days: after
        # a restore people are forgotten again by the events that recorded it, so none of those may have expired.
        identities = ProtectedTable(
            self,
            "Identities",
            key=self.key,
            max_units=max_units,
            recoverable_days=RECOVERABLE_DAYS,
            restored=settings.identities_table,
        )
        # The jobs of exports and sweeps may name people, encrypted under the deployment's key. Forgetting can't reach a
        # backup of them, so these backups must end as early as those of people's own keys.
        control = ProtectedTable(
            self,
            "Control",
            key=self.key,
            max_units=max_units,
            recoverable_days=RECOVERABLE_DAYS,
            restored=settings.control_table,
        )
        # Sparse: of those destinations alone whose backlog wants a drain. The schedule finds in it what is overdue.
        control.add_index(
            INDEX,
            partition_key="draining",
            sort_key=dynamodb.Attribute(name="drain_due", type=dynamodb.AttributeType.NUMBER),
            non_key_attributes=["subscription", "status", "slow_since", "parked_since", "failing_since", "drain_idle"],
        )
        # A table of its own, so that no function that changes settings can write or read a credential.
        credentials = ProtectedTable(
            self,
            "Credentials",
            key=self.key,
            max_units=max_units,
            recoverable_days=CREDENTIALS_RECOVERABLE_DAYS,
            restored=settings.credentials_table,
        )

        # No name is in it: of people it holds GUIDs, and hashes of what is sealed under their keys.
        ledger = ProtectedTable(self, "Ledger", key=self.key, max_units=max_units, restored=settings.ledger_table)
        ledger.allow_changes_only_in(puts=f"*{COUNTS}", deletes=f"*{alerts.PARTITION}")

        # The tables that the functions use: the stack's own, or restored ones (docs/operations/restore.md).
        self.events, self.identities = events.in_use, identities.in_use
        self.control, self.credentials = control.in_use, credentials.in_use
        self.ledger = ledger.in_use

        # Counters of failures and of what tenants use. Writing one is no power over a key.
        self.limits = CountersTable(self, "Limits", key=self.key).table

        self.protected_tables = {
            "events": self.events,
            "identities": self.identities,
            "control": self.control,
            "credentials": self.credentials,
            "ledger": self.ledger,
        }

        self.exports = ExportBucket(self, "Exports", key=self.key).bucket
        self.failed_batches = FailedBatchBucket(self, "FailedBatches", key=self.key)

        # Here and not with its function: the policies of its keys name it.
        self.sign_role = iam.Role(self, "SignRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        generations = range(1, settings.signing_keys + 1)
        self.head_keys, self.time_keys = (
            [
                SigningKey(
                    self, f"{name}Key{generation}", what=what, signer=self.sign_role, pending_window=pending_window
                ).key
                for generation in generations
            ]
            for name, what in (("Head", "the heads of logs"), ("Time", "when the heads of logs were signed"))
        )
        self.checkpoints = CheckpointBucket(self, "Checkpoints", key=self.key, is_locked=is_kept).bucket
        sign_again = Duration.seconds(FUNCTIONS["sign"].timeout_s + 30)
        self.signs = RequestQueue(self, "Sign", visibility_timeout=sign_again).queue

        # With the service stack, which can be deleted and deployed anew, the messages that wait would be lost.
        self.jobs = {
            name: JobQueue(self, f"{title(name)}Queue", spec=spec.jobs, worker_timeout=Duration.seconds(spec.timeout_s))
            for name, spec in FUNCTIONS.items()
            if spec.jobs
        }
        drain_again = Duration.seconds(6 * FUNCTIONS["redeliver"].timeout_s)  # as AWS's guide for Lambda advises
        self.drains = RequestQueue(self, "Drain", visibility_timeout=drain_again).queue

        # `infra.operate.rotate_keys` rotates what may be rotated and keeps the rest: event ids derive from it, and a
        # retry years later must get the id of the first try. Secrets Manager's own rotation would lose it, and so would
        # any change of the properties below: CloudFormation generates a new value then.
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Daybook: event ids derive from it. Never delete it. Rotate it by infra.operate.rotate_keys.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64,
                exclude_punctuation=True,
                include_space=False,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )

        # Without a key until `infra.operate.set_up_canary` puts one. It opens the canary's own tenant and no other.
        self.canary_secret = secretsmanager.Secret(
            self,
            "CanaryKey",
            description="Daybook: the canary's key. infra.operate.set_up_canary makes it, and makes it anew.",
            secret_string_value=SecretValue.unsafe_plain_text("{}"),
            removal_policy=RemovalPolicy.DESTROY,
        )

        if settings.create_trail:
            Trail(self, "Trail")

        CfnOutput(self, "EventsTable", value=self.events.table_name)
        CfnOutput(self, "IdentitiesTable", value=self.identities.table_name)
        CfnOutput(self, "ControlTable", value=self.control.table_name)
        CfnOutput(self, "CredentialsTable", value=self.credentials.table_name)
        CfnOutput(self, "LedgerTable", value=self.ledger.table_name)
        CfnOutput(self, "SecretArn", value=self.secret.secret_arn)
        for name, each in self.jobs.items():
            CfnOutput(self, f"{title(name)}DeadLetters", value=each.dead.queue_arn)
        CfnOutput(self, "CheckpointBucket", value=self.checkpoints.bucket_name)
        CfnOutput(self, "FailedBatchBucket", value=self.failed_batches.bucket.bucket_name)
        CfnOutput(self, "LimitsTable", value=self.limits.table_name)
        CfnOutput(self, "CanarySecret", value=self.canary_secret.secret_arn)
