"""Who may do what: each role's exact actions on exact resources, and nothing beside them."""

import re
from collections import defaultdict
from typing import Any

import pytest

from daybook.aws.events_table.stamps import StampTable
from daybook.ids import HIGHEST_ID
from daybook.jobs.restamp import Restamp
from daybook.tenant import SLUG
from infra.stacks.service import STAMPED
from tests.support.templates import Stack

EVENTS, IDENTITIES, CONTROL = "EventsTable.Arn", "IdentitiesTable.Arn", "ControlTable.Arn"

DYNAMODB = {
    "Authorize": {
        CONTROL: {"GetItem", "UpdateItem"},
    },
    "Ingest": {
        EVENTS: {"PartiQLInsert", "BatchGetItem"},
        IDENTITIES: {"PartiQLInsert", "BatchGetItem"},
        CONTROL: {"GetItem", "Query"},
    },
    "Query": {
        EVENTS: {"Query", "BatchGetItem", "PartiQLInsert"},
        f"{EVENTS}/index/by_actor": {"Query"},
        f"{EVENTS}/index/by_activity": {"Query"},
        f"{EVENTS}/index/by_target": {"Query"},
        f"{EVENTS}/index/by_within": {"Query"},
        IDENTITIES: {"Query", "BatchGetItem"},
        CONTROL: {"GetItem", "Query"},
    },
    "Tenants": {
        EVENTS: {"PartiQLInsert", "BatchGetItem"},
        CONTROL: {"GetItem", "Query", "PutItem", "DeleteItem"},
    },
    "Manage": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"PartiQLInsert", "BatchGetItem", "Query"},
        CONTROL: {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
    },
    "Forget": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"BatchGetItem", "Query", "DeleteItem", "UpdateItem"},
        CONTROL: {"GetItem", "Query", "PutItem"},
    },
    "Sweep": {
        IDENTITIES: {"BatchGetItem", "Query", "DeleteItem", "UpdateItem"},
        CONTROL: {"GetItem", "UpdateItem"},
    },
    "Streams": {
        EVENTS: {"PartiQLInsert", "BatchGetItem"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
    },
    "FanOut": {
        f"{EVENTS[: -len('.Arn')]}.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"BatchGetItem", "GetItem", "PutItem", "UpdateItem"},
    },
    "Redeliver": {
        EVENTS: {"BatchGetItem"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"BatchGetItem", "GetItem", "PutItem", "UpdateItem", "DeleteItem"},
    },
    "Restamp": {
        EVENTS: {"Query", "UpdateItem"},
        CONTROL: {"GetItem", "Query", "UpdateItem"},
    },
    "Exports": {
        EVENTS: {"PartiQLInsert"},
        IDENTITIES: {"BatchGetItem", "Query"},
        CONTROL: {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"},
    },
    "Export": {
        EVENTS: {"Query"},
        f"{EVENTS}/index/by_actor": {"Query"},
        f"{EVENTS}/index/by_activity": {"Query"},
        f"{EVENTS}/index/by_target": {"Query"},
        f"{EVENTS}/index/by_within": {"Query"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"GetItem", "Query", "UpdateItem"},
    },
    "Replay": {
        EVENTS: {"Query"},
        IDENTITIES: {"BatchGetItem"},
        CONTROL: {"GetItem", "UpdateItem"},
    },
    "Public": {},
}
QUEUES = {
    "Streams": {"ReplayQueue.Arn": {"sqs:SendMessage"}},
    "Replay": {
        "ReplayQueue.Arn": {
            "sqs:SendMessage",
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
            *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
        }
    },
    "FanOut": {
        "RetryQueue.Arn": {"sqs:SendMessage"},
        # The CDK's own grant for an on-failure destination.
        "NewEventsFailed.Arn": {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
    },
    "Redeliver": {
        "RetryQueue.Arn": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    },
}
ASSUMES_ROLES = {"FanOut", "Redeliver", "Replay", "Streams"}
CUSTOMERS_ROLES = "arn:AWS::Partition:iam::*:role/*"
READS_THE_SECRET = {
    *("Ingest", "Query", "Tenants", "Manage", "Forget", "Sweep"),
    *("Exports", "Export", "Streams"),
}
BUCKET, QUEUE = "ExportsBucket.Arn", "ExportQueue.Arn"
FILES, RUNS = f"{BUCKET}/files/*", f"{BUCKET}/runs/*"
GROWS = {
    *("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
}
BESIDE_DYNAMODB: dict[str, dict[str, set[str]]] = {
    "Manage": {"RestampQueue.Arn": {"sqs:SendMessage"}},
    "Restamp": {
        "RestampQueue.Arn": {
            "sqs:SendMessage",
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
            *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
        }
    },
    "Forget": {"SweepQueue.Arn": {"sqs:SendMessage"}},
    "Sweep": {
        "SweepQueue.Arn": {
            "sqs:SendMessage",
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
            *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
        }
    },
    "Exports": {FILES: {"s3:GetObject", "s3:DeleteObject"}, QUEUE: {"sqs:SendMessage"}},
    "Export": {
        FILES: GROWS,
        RUNS: GROWS,
        BUCKET: {"s3:ListBucket"},
        QUEUE: {
            "sqs:SendMessage",
            # What the event source does in the function's name.
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
            *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
        },
    },
}
KNOWS_NO_RESOURCE = {"FanOut": {"dynamodb:ListStreams"}}
JOB_WORKERS = {"Export", "Replay", "Restamp", "Sweep"}
WORKERS = {*JOB_WORKERS, "FanOut", "Redeliver"}
READS = {"GetItem", "BatchGetItem", "Query", "ListStreams"}


@pytest.fixture(scope="module")
def statements(service: Stack) -> dict[str, list[dict[str, Any]]]:
    """The statements of each function's role, by the function's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for policy in service.properties("AWS::IAM::Policy").values():
        (role,) = policy["Roles"]
        found[service.read(role).removesuffix("Role")] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.fixture(scope="module")
def allowed(service: Stack, statements: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, set[str]]]:
    """What each function may do, by resource."""
    return {function: _by_resource(service, listed) for function, listed in statements.items()}


def _by_resource(service: Stack, statements: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        for resource in _list(statement["Resource"]):
            found[service.read(resource)].update(_list(statement["Action"]))
    return dict(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_each_function_runs_in_a_role_of_its_own(service: Stack) -> None:
    """One role a function, no managed policy in any, assumed by Lambda alone."""
    functions = service.properties("AWS::Lambda::Function")
    roles = {name: service.read(function["Role"]) for name, function in functions.items()}
    assert roles == {f"{name}Function": f"{name}Role.Arn" for name in DYNAMODB}
    for name in DYNAMODB:
        role = service.properties("AWS::IAM::Role")[f"{name}Role"]
        assert set(role) == {"AssumeRolePolicyDocument"}
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("function", DYNAMODB)
def test_a_role_holds_single_actions_on_single_resources(
    allowed: dict[str, dict[str, set[str]]], function: str
) -> None:
    """Exactly these, and beside them only its own log, its traces, the secret and the tables' key."""
    expected = {
        resource: {f"dynamodb:{action}" for action in actions} for resource, actions in DYNAMODB[function].items()
    }
    expected[f"{function}Log.Arn"] = {"logs:CreateLogStream", "logs:PutLogEvents"}
    expected["*"] = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}  # X-Ray knows no resources
    expected["*"] |= KNOWS_NO_RESOURCE.get(function, set())
    expected |= QUEUES.get(function, {})
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
    assert allowed[function] == expected | BESIDE_DYNAMODB.get(function, {})


def test_a_worker_changes_nothing_of_the_control_table_but_jobs(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """Nor does who asks for exports: tenants, keys, groups and destinations lie in other partitions."""
    for function in JOB_WORKERS | {"Exports", "Forget"}:
        writing = [
            each
            for each in statements[function]
            if CONTROL in map(service.read, _list(each["Resource"]))
            and {action.removeprefix("dynamodb:") for action in _list(each["Action"])} - READS
        ]
        assert [each["Condition"] for each in writing] == [
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#jobs"]}}
        ]
    assert not SLUG.fullmatch("acme#jobs")  # no tenant's own partition ends so


def test_ingest_can_overwrite_and_delete_nothing(allowed: dict[str, dict[str, set[str]]]) -> None:
    """Its only write is INSERT, on events and on identities, which refuses what is there already."""
    for resource, actions in allowed["Ingest"].items():
        writes = {action for action in actions if action.startswith("dynamodb:")} - {f"dynamodb:{a}" for a in READS}
        assert writes == ({"dynamodb:PartiQLInsert"} if resource in (EVENTS, IDENTITIES) else set())


def test_nobody_can_overwrite_or_delete_an_event(allowed: dict[str, dict[str, set[str]]]) -> None:
    """Of all roles in the deployment none holds an action on events but INSERT and reads; see below for the one."""
    for function, resources in allowed.items():
        for resource, actions in resources.items():
            if resource == "*" or resource.startswith(EVENTS):
                assert not any("*" in action for action in actions)
                kept = {action.removeprefix("dynamodb:") for action in actions if action.startswith("dynamodb:")}
                assert kept <= READS | {"PartiQLInsert"} | ({"UpdateItem"} if function == "Restamp" else set())


def test_who_restamps_changes_and_sees_when_an_event_expires_and_nothing_else(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """By IAM, whatever its code does: no content, no key of an index, and no answer that holds them."""
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


def test_who_restamps_asks_for_nothing_else() -> None:
    """Every attribute that its requests name is one of those that its role may touch: IAM would refuse the rest."""
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
    """Of all roles two alone may delete from the identities or change them: who forgets, and who looks once more.
    Ingest and groups insert, the rest read.
    """
    for function, resources in allowed.items():
        kept = {action.removeprefix("dynamodb:") for action in resources.get(IDENTITIES, ())} - READS
        forgets = function in ("Forget", "Sweep")
        assert kept == ({"DeleteItem", "UpdateItem"} if forgets else kept & {"PartiQLInsert"})


def test_the_key_is_used_through_dynamodb_and_s3_only(
    service: Stack, statements: dict[str, list[dict[str, Any]]]
) -> None:
    """A role can't decrypt by itself: each use of the key is the store's, on its behalf."""
    for listed in statements.values():
        for statement in listed:
            if any(action.startswith("kms:") for action in _list(statement["Action"])):
                via = statement["Condition"]["StringEquals"]["kms:ViaService"]
                assert service.read(via) in ("dynamodb.AWS::Region.amazonaws.com", "s3.AWS::Region.amazonaws.com")


def test_roles_are_assumed_with_an_external_id_and_in_others_accounts(
    statements: dict[str, list[dict[str, Any]]],
) -> None:
    """The two things that keep a tenant from pointing Daybook at a role that is not its own to use."""
    for function in ASSUMES_ROLES:
        (assuming,) = [each for each in statements[function] if "sts:AssumeRole" in _list(each["Action"])]
        assert assuming["Condition"] == {
            "Null": {"sts:ExternalId": "false"},
            "StringNotEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}},
        }


def test_only_the_gateway_may_call_the_functions(service: Stack) -> None:
    """One permission a function, for this API and no other caller; nobody calls a worker, its queue is read."""
    permissions = list(service.properties("AWS::Lambda::Permission").values())
    assert {service.read(permission["FunctionName"]) for permission in permissions} == {
        f"{name}Function.Arn" for name in DYNAMODB.keys() - WORKERS
    }
    assert len(permissions) == len(DYNAMODB) - len(WORKERS)
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "GatewayApi" in service.read(permission["SourceArn"])
