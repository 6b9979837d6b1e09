"""Who may do what: the exact actions and resources of each role."""

import re
from collections import defaultdict
from typing import Any
from unittest.mock import ANY

import pytest

from daybook.aws.credentials_table.rows import key_name
from daybook.aws.events_table.stamps import StampTable
from daybook.aws.limits_table.failures import partition_of
from daybook.ids import HIGHEST_ID
from daybook.jobs.restamp import Restamp
from daybook.tenant import SLUG, new_code
from infra.functions import API_FUNCTIONS, FUNCTIONS, title
from infra.stacks.permissions import STAMPED
from infra.stacks.storage import EVENT_INDEXES
from tests.support.templates import Stack

EVENTS, IDENTITIES, CONTROL = "EventsTable.Arn", "IdentitiesTable.Arn", "ControlTable.Arn"
CREDENTIALS, LIMITS, LEDGER = "CredentialsTable.Arn", "LimitsTable.Arn", "LedgerTable.Arn"

LIMITED = ("Ingest", "Query", "Ledger", "Tenants", "Manage", "Streams", "Exports", "Export", "Replay")
"""The functions that count what tenants use."""

DYNAMODB = {
    "Authorize": {
        CREDENTIALS: {"GetItem"},
        LIMITS: {"UpdateItem"},
    },
    "Ingest": {
        EVENTS: {"PartiQLInsert", "BatchGetItem"},
        IDENTITIES: {"PartiQLInsert", "BatchGetItem", "Query"},
        CONTROL: {"GetItem", "Query"},
        LIMITS: {"UpdateItem"},
    },
    "Query": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"PartiQLInsert"},
        CONTROL: {"GetItem", "Query"},
        LIMITS: {"UpdateItem"},
    },
    "Ledger": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"PartiQLInsert"},
        CONTROL: {"GetItem", "Query"},
        LEDGER: {"Query"},
        LIMITS: {"UpdateItem"},
    },
    "Tenants": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"BatchGetItem", "PartiQLInsert", "Query"},
        CONTROL: {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
        CREDENTIALS: {"PutItem", "UpdateItem", "DeleteItem"},
        LIMITS: {"UpdateItem", "BatchGetItem"},
    },
    "Manage": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"PartiQLInsert", "BatchGetItem", "Query"},
        CONTROL: {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
        LIMITS: {"UpdateItem", "Query"},
    },
    "Forget": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"BatchGetItem", "Query", "PartiQLInsert", "DeleteItem", "UpdateItem"},
        CONTROL: {"GetItem", "Query", "PutItem"},
    },
    "Sweep": {
        IDENTITIES: {"BatchGetItem", "Query", "DeleteItem", "UpdateItem"},
        CONTROL: {"GetItem", "UpdateItem"},
    },
    "Streams": {
        EVENTS: {"PartiQLInsert", "BatchGetItem"},
        IDENTITIES: {"BatchGetItem", "PartiQLInsert", "Query"},
        CONTROL: {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
        LIMITS: {"UpdateItem"},
    },
    "FanOut": {
        f"{EVENTS[: -len('.Arn')]}.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"BatchGetItem", "GetItem", "PutItem", "UpdateItem"},
    },
    "Append": {
        f"{EVENTS[: -len('.Arn')]}.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator"},
        EVENTS: {"PartiQLInsert"},
        CONTROL: {"GetItem"},
        LEDGER: {"PartiQLInsert", "GetItem", "BatchGetItem", "Query", "PutItem"},
    },
    "AppendParked": {
        EVENTS: {"BatchGetItem"},
        LEDGER: {"PartiQLInsert", "GetItem", "BatchGetItem", "Query"},
    },
    "LedgerSweep": {
        EVENTS: {"Query", "PartiQLInsert"},
        CONTROL: {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"},
        LEDGER: {
            *("PartiQLInsert", "GetItem", "BatchGetItem", "Query"),
            # Counts and alerts go when events do.
            *("BatchWriteItem", "DeleteItem", "PutItem"),
        },
    },
    "Redeliver": {
        EVENTS: {"BatchGetItem"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"},
        f"{CONTROL}/index/by_drain_due": {"Query"},
    },
    "Restamp": {
        EVENTS: {"Query", "UpdateItem"},
        CONTROL: {"GetItem", "Query", "UpdateItem"},
    },
    "Exports": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"PartiQLInsert"},
        CONTROL: {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"},
        LIMITS: {"UpdateItem"},
    },
    "Export": {
        EVENTS: {"PartiQLInsert"},
        CONTROL: {"GetItem", "Query", "UpdateItem"},
        LIMITS: {"UpdateItem"},
    },
    "Replay": {
        EVENTS: {"Query"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"GetItem", "UpdateItem"},
        LIMITS: {"UpdateItem"},
    },
    "Sign": {
        CONTROL: {"Query"},
        LEDGER: {"Query", "GetItem", "BatchGetItem", "PartiQLInsert", "PutItem"},
    },
    "Console": {},
    "Public": {},
    "Canary": {},
}
# Each with the condition that the partition is one of the session's tenant.
READER = {
    EVENTS: {"Query", "BatchGetItem"},
    **{f"{EVENTS}/index/{index}": {"Query"} for index in EVENT_INDEXES},
    IDENTITIES: {"Query", "BatchGetItem"},
    LEDGER: {"Query", "BatchGetItem"},
}
READS_AS_A_TENANT = {"Query", "Ledger", "Exports", "Export", "Manage"}
READS_PEOPLE_BY_ITSELF = {"Manage"}
"""It writes them too, and their groups. As a tenant it reads events and counts alone."""
OWN_ROLES = {"DownloadRole", "ReaderRole"}
ASSUMES_ROLES = {"FanOut", "Redeliver", "Replay", "Streams"}
CUSTOMERS_ROLES = "arn:AWS::Partition:iam::*:role/*"
EVERY_OWN_ROLE = "arn:AWS::Partition:iam::AWS::AccountId:role/*"
READS_THE_SECRET = {
    *("Ingest", "Query", "Ledger", "Tenants", "Manage", "Forget", "Sweep"),
    *("Exports", "Export", "Streams"),
}
BUCKET = "ExportsBucket.Arn"
FAILED_BATCHES = "FailedBatchesBucket.Arn"
CHECKPOINTS = "CheckpointsBucket.Arn"
SIGNING_KEYS = {"HeadKey1Pair.Arn", "TimeKey1Pair.Arn"}
FILES, RUNS = f"{BUCKET}/files/*", f"{BUCKET}/runs/*"
MULTIPART_UPLOADS = {
    *("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
}
SENDS = {"sqs:SendMessage"}
# Lambda reads the queue with the function's role.
RECEIVES = {
    *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
    *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
}
BESIDE_DYNAMODB: dict[str, dict[str, set[str]]] = {
    "Manage": {"RestampQueue.Arn": SENDS},
    "Restamp": {"RestampQueue.Arn": SENDS | RECEIVES},
    "Forget": {"SweepQueue.Arn": SENDS},
    "Sweep": {"SweepQueue.Arn": SENDS | RECEIVES},
    "Exports": {
        # A cancelled export's message comes at once.
        "ExportQueue.Arn": SENDS | {"sqs:ChangeMessageVisibility"},
        FILES: {"s3:DeleteObject"},
        "DownloadRole.Arn": {"sts:AssumeRole"},
    },
    "Export": {
        "ExportQueue.Arn": SENDS | RECEIVES,
        "SignQueue.Arn": SENDS,
        FILES: MULTIPART_UPLOADS,
        RUNS: MULTIPART_UPLOADS,
        BUCKET: {"s3:ListBucket"},
    },
    "Ledger": {"SignQueue.Arn": SENDS},
    "LedgerSweep": {"LedgerSweepQueue.Arn": SENDS | RECEIVES},
    "Streams": {"ReplayQueue.Arn": SENDS},
    # All else it does by HTTP.
    "Canary": {"CanaryKey": {"secretsmanager:GetSecretValue"}},
    "Replay": {"ReplayQueue.Arn": SENDS | RECEIVES},
    "FanOut": {
        "DrainQueue.Arn": SENDS,
        # Lambda puts failed batches there with the function's role.
        f"{FAILED_BATCHES}/*": {"s3:PutObject"},
        FAILED_BATCHES: {"s3:ListBucket"},
    },
    "Append": {
        "AppendParkedQueue.Arn": SENDS,
        # What it can't read it puts there itself.
        f"{FAILED_BATCHES}/*": {"s3:PutObject"},
        FAILED_BATCHES: {"s3:ListBucket"},
    },
    "AppendParked": {"AppendParkedQueue.Arn": RECEIVES},
    "Sign": {
        "SignQueue.Arn": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        f"{CHECKPOINTS}/*": {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
        CHECKPOINTS: {"s3:ListBucketVersions"},
        **{key: {"kms:GetPublicKey", "kms:Sign"} for key in SIGNING_KEYS},
    },
    "Redeliver": {
        "DrainQueue.Arn": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    },
}
KNOWS_NO_RESOURCE = {"FanOut": {"dynamodb:ListStreams"}, "Append": {"dynamodb:ListStreams"}}
JOB_WORKERS = {title(name) for name, spec in FUNCTIONS.items() if spec.jobs}
CALLED = {title(name) for name in API_FUNCTIONS | {"authorize"}}
READS = {"GetItem", "BatchGetItem", "Query", "ListStreams"}


@pytest.fixture(scope="module")
def statements(service: Stack) -> dict[str, list[dict[str, Any]]]:
    """The statements of each function's role, by the function's name."""
    return {name.removesuffix("Role"): statements for name, statements in service.statements().items()}


@pytest.fixture(scope="module")
def allowed(service: Stack, statements: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, set[str]]]:
    """What each function may do, by resource."""
    return {function: _by_resource(service, listed) for function, listed in statements.items()}


def _by_resource(service: Stack, statements: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        if statement["Effect"] == "Allow":
            for resource in _list(statement["Resource"]):
                found[service.read(resource)].update(_list(statement["Action"]))
    return dict(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_each_function_has_its_own_role(service: Stack, storage: Stack) -> None:
    """Only Lambda can assume it, and it has no managed policy. Beside these there are the role that
    signs links, the one that reads as a tenant, and the one by which EventBridge tells changes.
    """
    functions = service.properties("AWS::Lambda::Function")
    roles = {name: service.read(function["Role"]) for name, function in functions.items()}
    assert roles == {f"{name}Function": f"{name}Role.Arn" for name in DYNAMODB}
    others = set(service.properties("AWS::IAM::Role")) - {f"{name}Role" for name in DYNAMODB}
    assert set(storage.properties("AWS::IAM::Role")) == {"RestampRole", "SignRole"}
    assert others == OWN_ROLES | {"ChangesRole"}
    for name in DYNAMODB:
        # Two are in the storage stack, because the policies of the events table and of the signing keys name them.
        role = (storage if name in ("Restamp", "Sign") else service).properties("AWS::IAM::Role")[f"{name}Role"]
        assert set(role) == {"AssumeRolePolicyDocument"}
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_links_are_signed_by_a_role_that_reads_finished_exports_alone(
    service: Stack, allowed: dict[str, dict[str, set[str]]]
) -> None:
    """Only the role of `exports` can assume it. Its sessions last an hour: AWS gives a role that assumes another no
    longer one.
    """
    role = service.properties("AWS::IAM::Role")["DownloadRole"]
    assert set(role) == {"AssumeRolePolicyDocument"}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Effect"], trust["Action"]) == ("Allow", "sts:AssumeRole")
    assert {name: service.read(value) for name, value in trust["Principal"].items()} == {"AWS": "ExportsRole.Arn"}
    assert allowed["Download"] == {FILES: {"s3:GetObject"}, "Key.Arn": {"kms:Decrypt"}}
    readers = {name for name, resources in allowed.items() if "s3:GetObject" in resources.get(FILES, ())}
    assert readers == {"Download", "Export"}


def test_a_session_reads_the_events_and_people_of_the_tenant_that_it_is_tagged_with(
    service: Stack, statements: dict[str, list[dict[str, Any]]], allowed: dict[str, dict[str, set[str]]]
) -> None:
    """By partition only: it can't scan, and IAM refuses a call without partition, which `ForAllValues` would let pass.
    It writes nothing.
    """
    reads = {resource: {f"dynamodb:{action}" for action in actions} for resource, actions in READER.items()}
    assert {resource: allowed["Reader"][resource] for resource in allowed["Reader"] if resource != "Key.Arn"} == reads
    tag = "${aws:PrincipalTag/tenant}"
    for each in statements["Reader"]:
        if "Key.Arn" not in map(service.read, _list(each["Resource"])):
            assert each["Condition"] == {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [tag, f"{tag}#*"]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            }


def test_a_session_that_reads_has_the_tag_of_one_tenant(
    service: Stack, allowed: dict[str, dict[str, set[str]]]
) -> None:
    """Only the functions that read for callers can assume the role, with this tag and no other. None of them can read
    an event or a person with its own role.
    """
    role = service.properties("AWS::IAM::Role")["ReaderRole"]
    assert set(role) == {"AssumeRolePolicyDocument"}
    trusted = set()
    for trust in role["AssumeRolePolicyDocument"]["Statement"]:
        assert (trust["Effect"], trust["Action"]) == ("Allow", ["sts:AssumeRole", "sts:TagSession"])
        assert trust["Condition"] == {
            "StringLike": {"aws:RequestTag/tenant": "??????"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant"]},
        }
        assert set(trust["Principal"]) == {"AWS"}
        trusted |= set(map(service.read, _list(trust["Principal"]["AWS"])))
    assert trusted == {f"{name}Role.Arn" for name in READS_AS_A_TENANT}
    assert len(new_code(bytes)) == len("??????")
    for name in READS_AS_A_TENANT:
        by_itself = (EVENTS,) if name in READS_PEOPLE_BY_ITSELF else (EVENTS, IDENTITIES)
        of_tenants = [resource for resource in allowed[name] if resource.startswith(by_itself)]
        assert {action for resource in of_tenants for action in allowed[name][resource]} <= {"dynamodb:PartiQLInsert"}


@pytest.mark.parametrize("function", DYNAMODB)
def test_a_role_holds_single_actions_on_single_resources(
    allowed: dict[str, dict[str, set[str]]], function: str
) -> None:
    """The role has exactly the actions above, and those for its own log, the secret and the tables' key."""
    expected = {
        resource: {f"dynamodb:{action}" for action in actions} for resource, actions in DYNAMODB[function].items()
    }
    expected[f"{function}Log.Arn"] = {"logs:CreateLogStream", "logs:PutLogEvents"}
    if function in KNOWS_NO_RESOURCE:
        expected["*"] = KNOWS_NO_RESOURCE[function]
    if function in READS_AS_A_TENANT:
        expected["ReaderRole.Arn"] = {"sts:AssumeRole", "sts:TagSession"}
    if function in ASSUMES_ROLES:
        expected[CUSTOMERS_ROLES] = {"sts:AssumeRole"}
    if function in READS_THE_SECRET:
        expected["Secret"] = {"secretsmanager:GetSecretValue"}
    if DYNAMODB[function]:
        expected["Key.Arn"] = {
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        }
    if function in ("FanOut", "Append"):
        expected["Key.Arn"] |= {"kms:GenerateDataKey"}  # for the bucket of failed batches
    assert allowed[function] == expected | BESIDE_DYNAMODB.get(function, {})


def test_workers_change_only_jobs_in_the_control_table(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """So do the functions that create jobs of exports and sweeps. Tenants, groups and destinations are in other
    partitions.
    """
    for function in JOB_WORKERS - {"AppendParked"} | {"Exports", "Forget"}:
        writing = [
            each
            for each in statements[function]
            if CONTROL in map(service.read, _list(each["Resource"]))
            and {action.removeprefix("dynamodb:") for action in _list(each["Action"])} - READS
        ]
        assert [each["Condition"] for each in writing] == [
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#jobs"]}}
        ]
    assert not SLUG.fullmatch("acme#jobs")  # no tenant's own partition has this ending


def test_who_parks_and_drains_writes_no_settings(service: Stack, statements: dict[str, list[dict[str, Any]]]) -> None:
    """Rows are made and deleted only in the partitions of parked events, and updated only in those of destinations.
    `fan_out` reads no others either; `redeliver` reads the tenant's retention.
    """
    parked, streams = (
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"*{ending}"]}} for ending in ("#parked", "#streams")
    )
    for function in ("FanOut", "Redeliver"):
        for each in statements[function]:
            actions = {action.removeprefix("dynamodb:") for action in _list(each["Action"])}
            if (function, actions) == ("Redeliver", {"GetItem"}):
                continue
            if CONTROL in map(service.read, _list(each["Resource"])):
                assert each["Condition"] == (streams if actions - {"UpdateItem"} <= READS - {"Query"} else parked)
    for partition in ("acme#parked", "acme#streams"):
        assert not SLUG.fullmatch(partition)


def test_only_the_authorizer_reads_credentials_and_only_tenants_writes_keys(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """IAM limits all of them to the rows of keys."""
    assert _partitions(service, statements, CREDENTIALS) == {
        "Authorize": {"dynamodb:GetItem": ["key#*"]},
        "Tenants": {f"dynamodb:{verb}Item": ["key#*"] for verb in ("Put", "Update", "Delete")},
    }
    assert key_name("k1")["pk"].startswith("key#")


def test_the_signer_reads_the_list_of_tenants_and_nobodys_settings(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    (reading,) = (each for each in statements["Sign"] if CONTROL in map(service.read, _list(each["Resource"])))
    assert reading["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["tenants"]}}


def test_counters_are_written_by_whoever_counts(service: Stack, statements: dict[str, list[dict[str, Any]]]) -> None:
    """Failures and last uses by the authorizer alone, what tenants use by the functions that they call. What was
    refused is written by `ingest` and read by `manage`.
    """
    expected = {function: {"dynamodb:UpdateItem": ["used-by#*"]} for function in LIMITED}
    expected["Authorize"] = {"dynamodb:UpdateItem": ["failed#*", "used#*"]}
    expected["Tenants"] |= {"dynamodb:BatchGetItem": ["used#*"]}
    expected["Ingest"] = {"dynamodb:UpdateItem": ["used-by#*", "refused#*"]}
    expected["Manage"] |= {"dynamodb:Query": ["refused#*"]}
    assert _partitions(service, statements, LIMITS) == expected
    assert partition_of("203.0.113.7").startswith("failed#")


def _partitions(
    service: Stack, statements: dict[str, list[dict[str, Any]]], table: str
) -> dict[str, dict[str, list[str]]]:
    """By function and action, the patterns of the table's partitions that IAM admits."""
    found: dict[str, dict[str, list[str]]] = {}
    for function, listed in statements.items():
        for each in listed:
            if table in map(service.read, _list(each["Resource"])):
                patterns = _list(each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
                found.setdefault(function, {}).update(dict.fromkeys(_list(each["Action"]), patterns))
    return found


def test_ingest_can_neither_overwrite_nor_delete(allowed: dict[str, dict[str, set[str]]]) -> None:
    """Its only write beside a counter is INSERT, into events and identities. INSERT refuses to replace an item."""
    for resource, actions in allowed["Ingest"].items():
        if resource == LIMITS:
            continue
        writes = {action for action in actions if action.startswith("dynamodb:")} - {f"dynamodb:{a}" for a in READS}
        assert writes == ({"dynamodb:PartiQLInsert"} if resource in (EVENTS, IDENTITIES) else set())


def test_nobody_can_overwrite_or_delete_an_event(allowed: dict[str, dict[str, set[str]]]) -> None:
    """All roles may only insert and read events, except that `restamp` may update them within the limits below."""
    for function, resources in allowed.items():
        for resource, actions in resources.items():
            if resource == "*" or resource.startswith(EVENTS):
                assert not any("*" in action for action in actions)
                kept = {action.removeprefix("dynamodb:") for action in actions if action.startswith("dynamodb:")}
                assert kept <= READS | {"PartiQLInsert"} | ({"UpdateItem"} if function == "Restamp" else set())


def test_restamp_changes_and_sees_only_when_an_event_expires(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """IAM limits it, whatever its code does, to these attributes in requests and in answers."""
    query, update = (each for each in statements["Restamp"] if service.read(each["Resource"]) == EVENTS)
    stamped = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "expires_at"]}}
    assert (query["Action"], query["Condition"]) == (
        "dynamodb:Query",
        {**stamped, "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}},
    )
    assert (update["Action"], update["Condition"]) == (
        "dynamodb:UpdateItem",
        {**stamped, "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]}},
    )


def test_restamp_asks_for_nothing_else() -> None:
    """Its requests name only the attributes that its role may use. IAM would refuse a request with another."""
    requests: list[dict[str, Any]] = []

    class Watching:
        def query(self, **request: Any) -> dict[str, Any]:
            requests.append(request)
            return {"Items": [{"sk": {"S": HIGHEST_ID}, "expires_at": {"N": "1"}}]}

        def update_item(self, **request: Any) -> dict[str, Any]:
            requests.append(request)
            return {}

    stamps = StampTable(Watching(), "events")
    stamps.page("acme#prod#0", "", 10)
    stamps.stamp("acme#prod#0", {"a": Restamp(1, 2), "b": Restamp(None, 2), "c": Restamp(1, None)}, lambda: 1.0)
    named: set[str] = set()
    for request in requests:
        assert "ExpressionAttributeNames" not in request
        assert "ReturnValues" not in request
        expressions = " ".join(value for name, value in request.items() if name.endswith("Expression"))
        named |= set(re.findall(r"(?<![:\w])[a-z_]\w*", expressions)) - {"attribute_exists", "attribute_not_exists"}
        named |= set(request.get("Key", ()))
    assert named == set(STAMPED)


def test_only_forgetting_deletes_a_person(allowed: dict[str, dict[str, set[str]]]) -> None:
    """Only `forget` and `sweep` may delete from the identities or update them. Others may insert or only read."""
    for function, resources in allowed.items():
        changed = {action.removeprefix("dynamodb:") for action in resources.get(IDENTITIES, ())} - READS
        forgets = function in ("Forget", "Sweep")
        assert changed - {"PartiQLInsert"} == ({"DeleteItem", "UpdateItem"} if forgets else set())


def test_who_records_may_insert_an_event_and_the_person_known_by_the_callers_address(
    allowed: dict[str, dict[str, set[str]]],
) -> None:
    """And reads that person's key, with its own role or as the tenant. These are all functions that answer calls, but
    `console` and `public`. Behind what the ledger notes of tampering there is no caller.
    """
    inserting = {
        resource: {
            name for name, resources in allowed.items() if "dynamodb:PartiQLInsert" in resources.get(resource, ())
        }
        for resource in (EVENTS, IDENTITIES)
    }
    # The ledger and the worker note something by themselves: no caller stands behind it.
    noting = {"Append", "LedgerSweep", "Export"}
    assert inserting[EVENTS] - noting == inserting[IDENTITIES] == CALLED - {"Authorize", "Console", "Public"}
    for function in inserting[IDENTITIES]:
        assert ("dynamodb:BatchGetItem" in allowed[function][IDENTITIES]) == (
            function not in READS_AS_A_TENANT - READS_PEOPLE_BY_ITSELF
        )


def test_the_key_is_used_only_through_dynamodb_and_s3(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """A role can't decrypt by itself. The stores use the key on its behalf."""
    for listed in statements.values():
        for statement in listed:
            of_signing_keys = SIGNING_KEYS & set(map(service.read, _list(statement["Resource"])))
            if any(action.startswith("kms:") for action in _list(statement["Action"])) and not of_signing_keys:
                via = statement["Condition"]["StringEquals"]["kms:ViaService"]
                assert service.read(via) in ("dynamodb.AWS::Region.amazonaws.com", "s3.AWS::Region.amazonaws.com")


def test_roles_are_assumed_only_with_an_external_id_and_in_other_accounts(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """Both keep a tenant from making Daybook assume a role that is not the tenant's. The denial wins over whatever is
    granted beside it.
    """
    for function in ASSUMES_ROLES:
        allowing, denying = [each for each in statements[function] if "sts:AssumeRole" in _list(each["Action"])]
        assert (allowing["Effect"], allowing["Condition"]) == ("Allow", {"Null": {"sts:ExternalId": "false"}})
        assert service.read(allowing["Resource"]) == CUSTOMERS_ROLES
        assert (denying["Effect"], service.read(denying["Resource"])) == ("Deny", EVERY_OWN_ROLE)
        assert "Condition" not in denying
    denied = {name for name, listed in statements.items() for each in listed if each["Effect"] == "Deny"}
    assert denied == ASSUMES_ROLES


def test_nobody_in_the_account_replaces_or_deletes_an_event(storage: Stack) -> None:
    """The table's policy denies it to everybody, and updates to all but the role of `restamp`. DynamoDB's own deletions
    of what has expired are a service's. Nothing of the control plane is denied, or nobody could manage the table.
    """
    policies = {
        name: table["ResourcePolicy"]["PolicyDocument"]["Statement"]
        for name, table in storage.properties("AWS::DynamoDB::Table").items()
        if "ResourcePolicy" in table
    }
    assert list(policies) == ["EventsTable", "LedgerTable"]
    always, updates = policies["EventsTable"]
    for each in (always, updates):
        assert (each["Effect"], each["Principal"], each["Resource"]) == ("Deny", {"AWS": "*"}, "*")
    by_people = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    writes = {"PutItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"}
    assert {action.removeprefix("dynamodb:") for action in always["Action"]} == writes
    assert always["Condition"] == by_people
    assert updates["Action"] == "dynamodb:UpdateItem"
    restamp = storage.read(updates["Condition"]["ArnNotEquals"]["aws:PrincipalArn"])
    assert (restamp, updates["Condition"]) == ("RestampRole.Arn", {**by_people, "ArnNotEquals": ANY})


def test_of_a_log_only_counts_are_replaced_and_only_alerts_deleted_one_by_one(
    service: Stack, storage: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """By the roles and by the table's policy, which bounds administrators too. A batch deletes counts."""
    for function, listed in statements.items():
        for each in listed:
            if LEDGER in map(service.read, _list(each["Resource"])):
                changes = {action.removeprefix("dynamodb:") for action in _list(each["Action"])} - READS
                if changes and changes != {"PartiQLInsert"}:
                    assert changes <= {"PutItem", "BatchWriteItem"} or (function, changes) == (
                        "LedgerSweep",
                        {"DeleteItem"},
                    )
                    ending = "*#alerts" if "DeleteItem" in changes else "*#counts"
                    assert each["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [ending]}}
    policy = storage.properties("AWS::DynamoDB::Table")["LedgerTable"]["ResourcePolicy"]["PolicyDocument"]
    by_people = {"Bool": {"aws:PrincipalIsAWSService": "false"}}

    def outside(partitions: str) -> dict[str, Any]:
        return {**by_people, "ForAnyValue:StringNotLike": {"dynamodb:LeadingKeys": [partitions]}}

    assert [({*_list(each["Action"])}, each["Condition"]) for each in policy["Statement"]] == [
        ({"dynamodb:UpdateItem", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"}, by_people),
        ({"dynamodb:PutItem", "dynamodb:BatchWriteItem"}, outside("*#counts")),
        ({"dynamodb:DeleteItem"}, outside("*#alerts")),
    ]
    for each in policy["Statement"]:
        assert (each["Effect"], each["Principal"], each["Resource"]) == ("Deny", {"AWS": "*"}, "*")


def test_only_the_gateway_may_call_the_functions(service: Stack) -> None:
    """Each function that answers calls has one permission, for this API. Nobody can call the functions that read a
    queue or a stream, but for the rules of the schedules.
    """
    rules, permissions = _by_principal(service)
    assert {service.read(rule["FunctionName"]): service.read(rule["SourceArn"]) for rule in rules} == {
        "RedeliverFunction.Arn": "DrainsWakeRule.Arn",
        "CanaryFunction.Arn": "CanaryRoundsScheduleRule.Arn",
        "SignFunction.Arn": "SigningWakeRule.Arn",
        "LedgerSweepFunction.Arn": "LedgerSweepsRule.Arn",
    }
    assert {service.read(permission["FunctionName"]) for permission in permissions} == {
        f"{name}Function.Arn" for name in CALLED
    }
    assert len(permissions) == len(CALLED)
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "GatewayApi" in service.read(permission["SourceArn"])


def _by_principal(service: Stack) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The permissions of rules, and all others."""
    every = service.properties("AWS::Lambda::Permission").values()
    of_rules = [each for each in every if each["Principal"] == "events.amazonaws.com"]
    return of_rules, [each for each in every if each not in of_rules]
