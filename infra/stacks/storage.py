"""What must outlive every release: the tables, the key that they lie under, and the deployment's secret."""

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.bucket import ExportBucket
from infra.constructs.table import ProtectedTable

RECOVERABLE_DAYS = 28
"""Of the tables in which a person's name may stand, sealed or beside its key."""

EVENT_INDEXES = ("by_actor", "by_activity", "by_target", "by_within")
"""An index is named as the attribute that partitions it; each one's sort key is the event's id."""


class StorageStack(Stack):
    """Retained and protected: deleting the stack, or a table by mistake, deletes no event.

    A ledger table comes with the seals.
    """

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)

        # A key of our own, although DynamoDB's costs nothing: AWS's own read-only policies allow dynamodb:Scan but
        # no kms:Decrypt, so whoever may look around the account still reads neither people's keys nor, past the log
        # of the log, the events; and CloudTrail shows each principal that the key was used for.
        self.key = kms.Key(
            self,
            "Key",
            description="Daybook's tables and exports",
            enable_key_rotation=True,
            pending_window=Duration.days(30),  # the longest there is: without the key all tables are lost
            removal_policy=RemovalPolicy.RETAIN,
        )

        self.events = ProtectedTable(self, "Events", key=self.key, stream=dynamodb.StreamViewType.NEW_IMAGE).table
        for index in EVENT_INDEXES:
            self.events.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=index, type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
                projection_type=dynamodb.ProjectionType.INCLUDE,
                # Not expires_at: stamping it anew then costs one write unit and touches no index.
                non_key_attributes=["z", "received_at"],
            )
        # Erasure is final when this has passed. Shorter than the shortest retention, 30 days: a restore forgets again
        # by the events that record the forgetting, so none of them may expire before it can be needed.
        self.identities = ProtectedTable(self, "Identities", key=self.key, recoverable_days=RECOVERABLE_DAYS).table
        # What is asked of exports, and what a sweep looks for, may name people and lies here under the deployment key:
        # no forgetting reaches a backup of it, so it must be gone from those as soon as the people's keys are.
        self.control = ProtectedTable(self, "Control", key=self.key, recoverable_days=RECOVERABLE_DAYS).table

        self.exports = ExportBucket(self, "Exports", key=self.key).bucket

        # Never rotated: event ids derive from it, and a retry must meet its first try years later.
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Daybook: ids, cursors and fingerprints derive from it. Never rotate, never delete.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64,
                exclude_punctuation=True,
                include_space=False,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )

        CfnOutput(self, "EventsTable", value=self.events.table_name)
        CfnOutput(self, "IdentitiesTable", value=self.identities.table_name)
        CfnOutput(self, "ControlTable", value=self.control.table_name)
