"""The bucket of exports: encrypted, reachable over TLS only, never public, and emptied by lifecycle rules."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from daybook.jobs.export import KEPT_DAYS


class ExportBucket(Construct):
    """`files/` holds finished exports for seven days; `runs/` holds what workers need until they finish."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
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
            lifecycle_rules=[
                s3.LifecycleRule(id="Files", prefix="files/", expiration=Duration.days(KEPT_DAYS)),
                # As long as a job's message may wait in its queue.
                s3.LifecycleRule(id="Runs", prefix="runs/", expiration=Duration.days(14)),
                s3.LifecycleRule(id="Uploads", abort_incomplete_multipart_upload_after=Duration.days(14)),
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
