"""The table of changes that operators are told of at once. To watch another call, add it here and to the runbook.

These calls could undo what protects the log: that nobody deletes an event, that a table can be restored, that what is
stored can be read, that ids stay what they are, that nobody but Daybook signs. Not here: changes of IAM's roles, which
CloudTrail records in us-east-1 alone.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.constructs.change_rules import Change, Pattern


def changes(  # noqa: PLR0913  what is watched, all by name
    *,
    tables: Mapping[str, dynamodb.ITable],
    key: kms.IKey,
    secret: secretsmanager.ISecret,
    signing_keys: Sequence[kms.IKey],
    checkpoints: s3.IBucket,
    restamp: lambda_.IFunction,
    restamp_role: iam.IRole,
) -> list[Change]:
    """`tables`: all of them, by any name."""
    # Callers may name a resource by its name or by its ARN, which ends with the name.
    names: Pattern = {"tableName": [{"suffix": table.table_name} for table in tables.values()]}
    arns: Pattern = {"resourceArn": [{"prefix": table.table_arn} for table in tables.values()]}
    return [
        Change(
            "TablePolicyChanged",
            "dynamodb",
            ("PutResourcePolicy", "DeleteResourcePolicy"),
            "the policy of a table was changed: it is what keeps everybody from deleting events and logs",
            on=arns,
        ),
        Change(
            "TableChanged",
            "dynamodb",
            ("UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups"),
            "a table was changed or deleted, or its expiry or its backups",
            on=names,
        ),
        Change(
            "KeyChanged",
            "kms",
            (
                *("PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "DisableKeyRotation"),
                "RevokeGrant",  # DynamoDB reads and writes a table by a grant
            ),
            "the key that encrypts the tables was changed: without it nothing can be read",
            on={"keyId": [{"suffix": key.key_id}]},
        ),
        Change(
            "SigningKeyChanged",
            "kms",
            ("PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion"),
            "a key that signs the logs was changed: whoever may sign with it can make up a log",
            on={"keyId": [{"suffix": each.key_id} for each in signing_keys]},
        ),
        Change(
            "CheckpointsUnlocked",
            "s3",
            (
                # S3's own name of the call, and the one that IAM and CloudTrail made of others like it. Not tried.
                *("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
                *("PutBucketPolicy", "DeleteBucketPolicy", "DeleteBucket"),
            ),
            "the lock or the policy of the bucket of checkpoints was changed: it holds what was signed",
            on={"bucketName": [checkpoints.bucket_name]},
        ),
        Change(
            "SecretChanged",
            "secretsmanager",
            (
                *("DeleteSecret", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"),
                *("PutResourcePolicy", "DeleteResourcePolicy"),
            ),
            "the deployment's secret was changed: a rotation, or else every id is at stake",
            on={"secretId": [{"wildcard": f"*{secret.secret_name}*"}]},
        ),
        Change(
            "RestampCodeChanged",
            "lambda",
            # The names have the version of Lambda's API at their end: UpdateFunctionCode20150331v2.
            ({"prefix": "UpdateFunctionCode"}, {"prefix": "UpdateFunctionConfiguration"}),
            "the code of the only function that may change an event was changed: by a deployment, or else by whom?",
            on={"functionName": [{"suffix": restamp.function_name}]},
        ),
        Change(
            "RestampRoleGiven",
            "lambda",
            ({"prefix": "CreateFunction"}, {"prefix": "UpdateFunctionConfiguration"}),
            "a function was given the only role that may change an event: by a deployment, or else by whom?",
            on={"role": [{"suffix": f"/{restamp_role.role_name}"}]},
        ),
        Change(
            "TrailChanged",
            "cloudtrail",
            ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"),
            "a trail was changed: without one, none of these changes is told any more",
        ),
    ]
