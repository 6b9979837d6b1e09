"""The tables, the buckets, their key and the secret: how they are kept and protected."""

import re

import pytest

from daybook.catalogue.profile import PROFILES, profile
from infra.local.template import Templates, of_type
from tests.support.templates import Stack

KEPT = ("EventsTable", "IdentitiesTable", "ControlTable", "CredentialsTable", "LedgerTable")
TABLES = (*KEPT, "LimitsTable")
NAMING = ("IdentitiesTable", "ControlTable")
"""The tables that may hold a person's name."""


def test_there_are_six_tables(storage: Stack) -> None:
    """Events, identities, control, credentials, ledger and limits."""
    assert set(storage.properties("AWS::DynamoDB::Table")) == set(TABLES)


@pytest.mark.parametrize("table", KEPT)
def test_every_table_with_data_is_recoverable_and_hard_to_delete(storage: Stack, table: str) -> None:
    """It has point-in-time recovery and deletion protection, and it outlives the stack."""
    resource = storage.resources("AWS::DynamoDB::Table")[table]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = resource["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    recovery = properties["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    days = dict.fromkeys(NAMING, 28) | {"CredentialsTable": 7}
    assert recovery.get("RecoveryPeriodInDays") == days.get(table)


def test_counters_have_no_backup(storage: Stack) -> None:
    """They hold addresses, and a new table replaces them without loss. So they end with the stack, too."""
    table = storage.resources("AWS::DynamoDB::Table")["LimitsTable"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert not {"PointInTimeRecoverySpecification", "DeletionProtectionEnabled"} & table["Properties"].keys()


@pytest.mark.parametrize("table", NAMING)
def test_a_restore_reaches_less_far_back_than_any_retention(storage: Stack, table: str) -> None:
    """After a restore, people are forgotten again by the events that recorded it: all of them must still be there, with
    two days to spare. Jobs of exports may name people, and their backups end as early as those of people's keys.
    """
    recovery = storage.properties("AWS::DynamoDB::Table")[table]["PointInTimeRecoverySpecification"]
    assert recovery["RecoveryPeriodInDays"] + 2 <= min(profile(name).retention.min_days for name in PROFILES)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_the_same_keys_capacity_expiry_and_encryption(storage: Stack, table: str) -> None:
    """String keys `pk` and `sk`, capacity on demand, TTL by `expires_at`, the deployment's own key."""
    properties = storage.properties("AWS::DynamoDB::Table")[table]
    assert properties["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}
    assert (types["pk"], types["sk"]) == ("S", "S")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    encryption = properties["SSESpecification"]
    assert (encryption["SSEType"], storage.read(encryption["KMSMasterKeyId"])) == ("KMS", "Key.Arn")


def test_events_have_one_index_for_each_question_that_must_stay_fast(storage: Stack) -> None:
    """Each is named after its partition key, sorted by the event's id, and holds only `z` besides."""
    indexes = storage.properties("AWS::DynamoDB::Table")["EventsTable"]["GlobalSecondaryIndexes"]
    assert {index["IndexName"] for index in indexes} == {"by_actor", "by_activity", "by_target", "by_within"}
    for index in indexes:
        assert index["KeySchema"] == [
            {"AttributeName": index["IndexName"], "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
        projection = index["Projection"]
        assert (projection["ProjectionType"], set(projection["NonKeyAttributes"])) == ("INCLUDE", {"z"})


def test_what_waits_for_a_drain_is_found_by_an_index(storage: Stack) -> None:
    """By when it is due. It holds no more than the schedule needs."""
    (index,) = storage.properties("AWS::DynamoDB::Table")["ControlTable"]["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["KeySchema"]) == (
        "by_drain_due",
        [
            {"AttributeName": "draining", "KeyType": "HASH"},
            {"AttributeName": "drain_due", "KeyType": "RANGE"},
        ],
    )
    projected = {"subscription", "status", "slow_since", "parked_since", "failing_since", "drain_idle"}
    assert set(index["Projection"]["NonKeyAttributes"]) == projected


def test_only_events_are_streamed(storage: Stack) -> None:
    """The stream brings new events to the fan-out. No stream shows people, and no index does."""
    tables = storage.properties("AWS::DynamoDB::Table")
    assert tables["EventsTable"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    for table in TABLES[1:]:
        assert "StreamSpecification" not in tables[table]
        assert "GlobalSecondaryIndexes" not in tables[table] or table == "ControlTable"


def test_the_secret_is_generated_by_aws_and_kept(storage: Stack) -> None:
    """It has 64 letters and digits that nobody has seen. AWS does not rotate it, and it outlives the stack. Other
    properties would make CloudFormation generate another secret.
    """
    secret = storage.resources("AWS::SecretsManager::Secret")["Secret"]
    assert secret["Properties"]["GenerateSecretString"] == {
        "PasswordLength": 64,
        "ExcludePunctuation": True,
        "IncludeSpace": False,
    }
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert not storage.resources("AWS::SecretsManager::RotationSchedule")


def test_the_key_outlives_the_stack(storage: Stack) -> None:
    """Without the key every table is lost. Whoever deletes it by hand has 30 days to change their mind."""
    key = storage.resources("AWS::KMS::Key")["Key"]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert key["Properties"]["PendingWindowInDays"] == 30
    assert key["Properties"]["EnableKeyRotation"] is True


@pytest.mark.parametrize("table", TABLES)
def test_the_operators_are_told_the_tables_names(storage: Stack, table: str) -> None:
    """The command that creates the first operations key needs one, and those of a restore need all."""
    assert storage.output(table) == table


@pytest.mark.parametrize("name", ["ExportsBucket", "FailedBatchesBucket", "CheckpointsBucket"])
def test_buckets_are_encrypted_private_kept_and_reached_over_tls_only(storage: Stack, name: str) -> None:
    """They are under the deployment's key, with no public access. Requests without TLS are denied."""
    resource = storage.resources("AWS::S3::Bucket")[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    bucket = resource["Properties"]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert storage.read(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "Key.Arn"
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    policy = storage.properties("AWS::S3::BucketPolicy")[f"{name}Policy"]
    denials = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denials]
    assert not [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]


def test_checkpoints_can_neither_be_replaced_nor_deleted(storage: Stack, other: Templates) -> None:
    """For 400 days, but by whoever may bypass it: compliance could only be undone by closing the account. Nothing
    expires by itself, since a log may rest for longer. A trial has no lock: nobody could delete it.
    """
    bucket = storage.properties("AWS::S3::Bucket")["CheckpointsBucket"]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Days": 400, "Mode": "GOVERNANCE"}},
    }
    assert "LifecycleConfiguration" not in bucket
    buckets = of_type(other, "AWS::S3::Bucket")
    (trials,) = (each for name, each in buckets.items() if name.startswith("Checkpoints"))
    assert not {"ObjectLockEnabled", "ObjectLockConfiguration"} & trials.keys()
    assert storage.output("CheckpointBucket") == "CheckpointsBucket"


def test_one_role_signs_and_nobody_else(storage: Stack, service: Stack) -> None:
    """Ed25519 keys that KMS never gives away. Their policies deny `Sign` to all but the signer's role, whatever a grant
    or another policy allows. Nothing else is denied, or nobody could manage them. They outlive the stack.
    """
    keys = {name: each for name, each in storage.resources("AWS::KMS::Key").items() if name != "Key"}
    assert set(keys) == {"HeadKey1Pair", "TimeKey1Pair"}
    for key in keys.values():
        assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
        properties = key["Properties"]
        assert (properties["KeySpec"], properties["KeyUsage"]) == ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
        assert properties["PendingWindowInDays"] == 30
        allowing, denying = properties["KeyPolicy"]["Statement"]
        assert storage.read(allowing["Principal"]["AWS"]) == "arn:AWS::Partition:iam::AWS::AccountId:root"
        assert (denying["Effect"], denying["Principal"], denying["Action"]) == ("Deny", {"AWS": "*"}, "kms:Sign")
        assert storage.read(denying["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]) == "SignRole.Arn"
    signing = {
        function
        for function, statements in service.statements().items()
        for statement in statements
        if "kms:Sign" in statement["Action"]
    }
    assert signing == {"SignRole"}


def test_a_rotation_makes_a_pair_of_keys_beside_the_old_one(others: dict[str, Templates]) -> None:
    """Both are the function's, the older first: which of them sign is the signer's affair."""
    keys = [name for name, each in of_type(others["small"], "AWS::KMS::Key").items() if "KeySpec" in each]
    assert sorted(re.sub("Pair[0-9A-F]{8}$", "", name) for name in keys) == [
        "HeadKey1",
        "HeadKey2",
        "TimeKey1",
        "TimeKey2",
    ]
    stack = Stack("DaybookService-small", others["small"])
    variables = stack.properties("AWS::Lambda::Function")["SignFunction"]["Environment"]["Variables"]
    assert stack.read(variables["HEAD_KEYS"]) == "HeadKey1Pair.Arn HeadKey2Pair.Arn"
    assert stack.read(variables["TIME_KEYS"]) == "TimeKey1Pair.Arn TimeKey2Pair.Arn"


def test_failed_batches_are_kept_for_14_days(storage: Stack) -> None:
    """Operators have as long to put them through again as with a dead-letter queue."""
    rules = storage.properties("AWS::S3::Bucket")["FailedBatchesBucket"]["LifecycleConfiguration"]["Rules"]
    assert [(each["Status"], each["ExpirationInDays"]) for each in rules if each["Id"] == "Batches"] == [
        ("Enabled", 14)
    ]
    assert storage.output("FailedBatchBucket") == "FailedBatchesBucket"


def test_exports_are_deleted_after_seven_days(storage: Stack) -> None:
    """What killed workers leave is deleted after 14 days, the longest time that a job's message can wait."""
    bucket = storage.properties("AWS::S3::Bucket")["ExportsBucket"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    assert (rules["Files"]["Prefix"], rules["Files"]["ExpirationInDays"]) == ("files/", 7)
    assert (rules["Runs"]["Prefix"], rules["Runs"]["ExpirationInDays"]) == ("runs/", 14)
    assert rules["Uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 14}
