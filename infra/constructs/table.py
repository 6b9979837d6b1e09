"""What all tables have in common: two string keys, on-demand capacity, expiry, encryption under our key."""

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.function import Conditions, deny


class ProtectedTable(Construct):
    """A table whose loss would be a loss: it is recoverable, and neither the stack's end nor a mistake deletes it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        stream: dynamodb.StreamViewType | None = None,
        recoverable_days: int | None = None,
    ) -> None:
        """`recoverable_days`: how far back a restore may reach. None means DynamoDB's maximum, 35 days."""
        super().__init__(scope, construct_id)
        self.table = _table(
            self,
            key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recoverable_days
            ),
            stream=stream,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )


def only_inserts(*, changed_by: str) -> list[iam.PolicyStatement]:
    """The policy of a table whose items nobody in the account may replace or delete, and only one role may update.

    It denies nothing of the control plane, so that it can be changed and the table be managed. DynamoDB's own deletions
    of what has expired are a service's. `*` is this table and its indexes: the table can't name itself.
    """
    by_people: Conditions = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    but_by: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": changed_by}}
    nobody = deny(
        "*",
        *("dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
        *("dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"),
        conditions=by_people,
    )
    statements = [nobody, deny("*", "dynamodb:UpdateItem", conditions={**by_people, **but_by})]
    for statement in statements:
        statement.add_any_principal()
    return statements


class CountersTable(Construct):
    """A table of counters, which a new one replaces without loss. It has no backups: they would keep addresses for
    longer than the counters need them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.table = _table(self, key=key, removal_policy=RemovalPolicy.DESTROY)


def _table(scope: Construct, *, key: kms.IKey, **properties: Any) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="expires_at",
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        **properties,
    )
