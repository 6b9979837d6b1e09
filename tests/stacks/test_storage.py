"""The tables and the secret: what is kept, how, and that nothing short of intent deletes it."""

import pytest

from daybook.catalogue.profile import PROFILES, profile
from tests.support.templates import Stack

TABLES = ("EventsTable", "IdentitiesTable", "ControlTable")
NAMING = ("IdentitiesTable", "ControlTable")
"""Those in which a person's name may stand."""


def test_there_are_three_tables(storage: Stack) -> None:
    """Events, identities and control; the ledger comes with the seals."""
    assert set(storage.properties("AWS::DynamoDB::Table")) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_recoverable_and_hard_to_delete(storage: Stack, table: str) -> None:
    """Point-in-time recovery, deletion protection, and retained by the stack however it ends."""
    resource = storage.resources("AWS::DynamoDB::Table")[table]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = resource["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    recovery = properties["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    assert ("RecoveryPeriodInDays" in recovery) == (table in NAMING)


@pytest.mark.parametrize("table", NAMING)
def test_a_restore_reaches_less_far_back_than_any_retention(storage: Stack, table: str) -> None:
    """So that the events by which it forgets people again are all still there, with two days to spare; and what is
    asked of exports, which may name people, is gone as soon as their keys are.
    """
    recovery = storage.properties("AWS::DynamoDB::Table")[table]["PointInTimeRecoverySpecification"]
    assert recovery["RecoveryPeriodInDays"] == 28
    assert recovery["RecoveryPeriodInDays"] + 2 <= min(profile(name).retention.min_days for name in PROFILES)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_two_string_keys_and_forgets_by_expires_at(storage: Stack, table: str) -> None:
    """Both `pk` and `sk`, on demand, TTL on `expires_at`, encrypted under the deployment's own key."""
    properties = storage.properties("AWS::DynamoDB::Table")[table]
    assert properties["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert {attribute["AttributeType"] for attribute in properties["AttributeDefinitions"]} == {"S"}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    encryption = properties["SSESpecification"]
    assert (encryption["SSEType"], storage.read(encryption["KMSMasterKeyId"])) == ("KMS", "Key.Arn")


def test_events_have_one_index_for_each_question_that_must_stay_fast(storage: Stack) -> None:
    """Each is named as its partition attribute, sorted by the event's id, and carries `z` and `received_at` alone."""
    indexes = storage.properties("AWS::DynamoDB::Table")["EventsTable"]["GlobalSecondaryIndexes"]
    assert {index["IndexName"] for index in indexes} == {"by_actor", "by_activity", "by_target", "by_within"}
    for index in indexes:
        assert index["KeySchema"] == [
            {"AttributeName": index["IndexName"], "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
        projection = index["Projection"]
        assert (projection["ProjectionType"], set(projection["NonKeyAttributes"])) == (
            "INCLUDE",
            {"z", "received_at"},
        )


def test_only_events_are_indexed_and_streamed(storage: Stack) -> None:
    """The stream shows what was written, to the fan-out and the ledger to come; people are in no stream."""
    tables = storage.properties("AWS::DynamoDB::Table")
    assert tables["EventsTable"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    for table in ("IdentitiesTable", "ControlTable"):
        assert "StreamSpecification" not in tables[table]
        assert "GlobalSecondaryIndexes" not in tables[table]


def test_the_secret_is_made_by_aws_and_kept(storage: Stack) -> None:
    """64 letters and digits that nobody has seen, never rotated, retained."""
    (secret,) = storage.resources("AWS::SecretsManager::Secret").values()
    assert secret["Properties"]["GenerateSecretString"] == {
        "PasswordLength": 64,
        "ExcludePunctuation": True,
        "IncludeSpace": False,
    }
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert not storage.resources("AWS::SecretsManager::RotationSchedule")


def test_the_key_outlives_the_stack(storage: Stack) -> None:
    """Without its key every table is lost: it is retained, and deleting it by hand leaves 30 days to think."""
    (key,) = storage.resources("AWS::KMS::Key").values()
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert key["Properties"]["PendingWindowInDays"] == 30
    assert key["Properties"]["EnableKeyRotation"] is True


def test_the_operators_are_told_the_control_tables_name(storage: Stack) -> None:
    """The output by which the first operations key is made."""
    assert storage.output("ControlTable") == "ControlTable"


def test_exports_are_encrypted_private_and_over_tls_alone(storage: Stack) -> None:
    """Under the deployment's key; no public access of any kind; whatever comes without TLS is denied."""
    (bucket,) = storage.properties("AWS::S3::Bucket").values()
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert storage.read(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "Key.Arn"
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (policy,) = storage.properties("AWS::S3::BucketPolicy").values()
    denials = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denials]
    assert not [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]


def test_exports_are_deleted_after_seven_days(storage: Stack) -> None:
    """And what killed workers leave, after as long as the message of their job can wait."""
    (bucket,) = storage.properties("AWS::S3::Bucket").values()
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    assert (rules["Files"]["Prefix"], rules["Files"]["ExpirationInDays"]) == ("files/", 7)
    assert (rules["Runs"]["Prefix"], rules["Runs"]["ExpirationInDays"]) == ("runs/", 14)
    assert rules["Uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 14}
