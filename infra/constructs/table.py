"""What all tables have in common: two string keys, on-demand capacity, expiry, encryption under our key."""

from typing import Any, NamedTuple

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.function import Conditions, deny


class MaxUnits(NamedTuple):
    """The most units a second that a table, and each of its indexes, serves. None is no maximum but the account's."""

    read: int | None = None
    write: int | None = None


class ProtectedTable(Construct):
    """A table whose loss would be a loss: it is recoverable, and neither the stack's end nor a mistake deletes it."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        max_units: MaxUnits,
        stream: dynamodb.StreamViewType | None = None,
        recoverable_days: int | None = None,
        restored: str | None = None,
        restored_stream_arn: str | None = None,
    ) -> None:
        """`recoverable_days`: how far back a restore may reach. None means DynamoDB's maximum, 35 days.

        `restored`: the name of the table that is used instead. The stack then still has its own table and keeps it.
        """
        super().__init__(scope, construct_id)
        self._max_units = max_units
        self._table = _table(
            self,
            key=key,
            max_units=max_units,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recoverable_days
            ),
            stream=stream,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.in_use: dynamodb.ITable = self._table
        if restored is not None:
            # Its ARN is made of the name, the account and the region, so other stacks import nothing for it.
            self.in_use = dynamodb.Table.from_table_attributes(
                self, "Restored", table_name=restored, table_stream_arn=restored_stream_arn
            )

    def add_index(
        self, name: str, *, partition_key: str, sort_key: dynamodb.Attribute, non_key_attributes: list[str]
    ) -> None:
        self._table.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=partition_key, type=dynamodb.AttributeType.STRING),
            sort_key=sort_key,
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=non_key_attributes,
            max_read_request_units=self._max_units.read,
            max_write_request_units=self._max_units.write,
        )

    def allow_changes_only_in(self, *, puts: str, deletes: str) -> None:
        """Nobody in the account may update an item, nor replace one but in the partitions like `puts`, nor delete one
        but in those like `deletes`; a batch may do both in the first. As in `allow_only_inserts` for the rest.
        """
        by_people: Conditions = {"Bool": {"aws:PrincipalIsAWSService": "false"}}

        def outside(partitions: str) -> Conditions:
            """One item of several is enough."""
            return {**by_people, "ForAnyValue:StringNotLike": {"dynamodb:LeadingKeys": [partitions]}}

        for statement in (
            deny("*", "dynamodb:UpdateItem", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete", conditions=by_people),
            deny("*", "dynamodb:PutItem", "dynamodb:BatchWriteItem", conditions=outside(puts)),
            deny("*", "dynamodb:DeleteItem", conditions=outside(deletes)),
        ):
            statement.add_any_principal()
            self._table.add_to_resource_policy(statement)

    def allow_only_inserts(self, *, updates_by: iam.IRole) -> None:
        """Nobody in the account may replace or delete an item, and only one role may update one.

        Nothing of the control plane is denied: somebody must manage the table. What DynamoDB deletes itself, because it
        has expired, is deleted by a service. `*` is this table with its indexes, since a table can't name itself.
        """
        by_people: Conditions = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
        but_by: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": updates_by.role_arn}}
        writes = ("PutItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete")
        for statement in (
            deny("*", *(f"dynamodb:{write}" for write in writes), conditions=by_people),
            deny("*", "dynamodb:UpdateItem", conditions={**by_people, **but_by}),
        ):
            statement.add_any_principal()
            self._table.add_to_resource_policy(statement)


class CountersTable(Construct):
    """A table of counters, which a new one replaces without loss. It has no backups: they would keep addresses for
    longer than the counters need them. It has no maxima: calls without a key write to it too, and could use them up.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.table = _table(self, key=key, max_units=MaxUnits(), removal_policy=RemovalPolicy.DESTROY)


def _table(scope: Construct, *, key: kms.IKey, max_units: MaxUnits, **properties: Any) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="expires_at",
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        max_read_request_units=max_units.read,
        max_write_request_units=max_units.write,
        **properties,
    )
