"""The trail by which CloudTrail hands API calls of this account to the rules on changes, and keeps them as evidence."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_s3 as s3
from constructs import Construct

KEPT_DAYS = 400
"""Longer than a year, so that a yearly audit finds the whole year."""


class Trail(Construct):
    """Management events that write, of all regions, with digests that prove that no log file was changed."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(
            self,
            "Bucket",
            # CloudTrail would need rights on a key of our own. These logs hold no customer's content.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Logs",
                    expiration=Duration.days(KEPT_DAYS),
                    noncurrent_version_expiration=Duration.days(KEPT_DAYS),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        cloudtrail.Trail(
            self,
            "Trail",
            bucket=bucket,
            is_multi_region_trail=True,  # calls of IAM and of STS's global endpoint are recorded in us-east-1
            include_global_service_events=True,
            enable_file_validation=True,
            management_events=cloudtrail.ReadWriteType.WRITE_ONLY,
        ).apply_removal_policy(RemovalPolicy.RETAIN)
