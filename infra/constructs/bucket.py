"""The buckets: encrypted, reachable over TLS only, never public, and emptied by lifecycle rules."""

from collections.abc import Sequence

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from daybook.jobs.export import KEPT_DAYS

FAILED_BATCHES_KEPT_DAYS = 14

CHECKPOINTS_LOCKED_DAYS = 400
"""A year, and time to notice."""


class PrivateBucket(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        lifecycle_rules: Sequence[s3.LifecycleRule],
        locked: s3.ObjectLockRetention | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,  # S3 then asks KMS once in a while, not once for each object
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=lifecycle_rules,
            object_lock_default_retention=locked,
            removal_policy=RemovalPolicy.RETAIN,
        )


class ExportBucket(PrivateBucket):
    """`files/` holds finished exports for seven days; `runs/` holds what workers need until they finish."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            lifecycle_rules=[
                s3.LifecycleRule(id="Files", prefix="files/", expiration=Duration.days(KEPT_DAYS)),
                # As long as a job's message may wait in its queue.
                s3.LifecycleRule(id="Runs", prefix="runs/", expiration=Duration.days(14)),
                s3.LifecycleRule(id="Uploads", abort_incomplete_multipart_upload_after=Duration.days(14)),
            ],
        )


class FailedBatchBucket(PrivateBucket):
    """Holds the stream's records that a function could not handle, until operators put them through again."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            lifecycle_rules=[
                s3.LifecycleRule(id="Batches", expiration=Duration.days(FAILED_BATCHES_KEPT_DAYS)),
                s3.LifecycleRule(id="Uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
        )


class CheckpointBucket(PrivateBucket):
    """Keeps each log's signed checkpoints, out of reach of whoever restores or changes a table.

    Nothing expires: the newest checkpoint of a log that rests must stay. Governance, and not compliance: that could
    only be undone by closing the account.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, is_locked: bool) -> None:
        """`is_locked`: False for a trial, which CloudFormation could not delete."""
        super().__init__(
            scope,
            construct_id,
            key=key,
            lifecycle_rules=[],
            locked=s3.ObjectLockRetention.governance(Duration.days(CHECKPOINTS_LOCKED_DAYS)) if is_locked else None,
        )


@jsii.implements(lambda_.IEventSourceDlq)
class FailedBatches:
    """The bucket as the on-failure destination of an event source mapping. Lambda writes with the function's role.

    CDK's own `S3OnFailureDestination` would also let the function read and delete what is in the bucket.
    """

    def __init__(self, destination: FailedBatchBucket) -> None:
        self._destination = destination

    def bind(
        self, _target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        bucket, stack = self._destination.bucket, Stack.of(target_handler)
        # AWS's guide advises the condition: a deleted bucket's name may be taken by another account.
        own = {"StringEquals": {"aws:ResourceAccount": stack.account}}
        via = {"StringEquals": {"kms:ViaService": f"s3.{stack.region}.amazonaws.com"}}
        for resource, action, conditions in (
            (bucket.arn_for_objects("*"), "s3:PutObject", own),
            (bucket.bucket_arn, "s3:ListBucket", own),
            (self._destination.key.key_arn, "kms:GenerateDataKey", via),
        ):
            target_handler.add_to_role_policy(
                iam.PolicyStatement(actions=[action], resources=[resource], conditions=conditions)
            )
        return lambda_.DlqDestinationConfig(destination=bucket.bucket_arn)
