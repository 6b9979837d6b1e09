"""Each condition of the roles and of the tables refuses a call in local Daybook, with AWS's own words.

The calls are those of a program that holds a function's credentials, so nothing of the function's code protects here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends
from werkzeug.test import Client
from werkzeug.wrappers import Response

from daybook.aws.tenant_sessions import TAG
from infra.functions import FUNCTIONS
from infra.local.aws.cloudformation import access_key
from infra.local.aws.iam import Caller, Permissions
from infra.local.aws.policy import allows
from infra.local.gateway.api import ACCOUNT
from infra.local.template import Templates
from tests.support.running_daybook import LocalDaybook

NOT_PLAYED = {
    "AWS::S3::BucketPolicy": "they demand TLS, which the loopback interface does without",
    "AWS::SQS::QueuePolicy": "they demand TLS as well",
    "AWS::SNS::TopicPolicy": "no topic is played here",
}
"""Kinds of resources whose policies the laptop does not evaluate."""

NO_IDENTITY = "because no identity-based policy allows the {action} action"
NO_TRUST = "because no role trust policy allows the {action} action"
DENIED_BY_IDENTITY = "with an explicit deny in an identity-based policy"
DENIED_BY_RESOURCE = "with an explicit deny in a resource-based policy"
CUSTOMERS = "123456789012"


class Endpoint:
    """What a forbidden call needs to know."""

    def __init__(self, local_daybook: LocalDaybook) -> None:
        self.client = local_daybook.aws
        functions = self.client("lambda").list_functions()["Functions"]
        modules = {f"{spec.module}.handler": name for name, spec in FUNCTIONS.items()}
        self.functions = {modules[each["Handler"]]: each for each in functions}
        tables = {name: value for each in functions for name, value in each["Environment"]["Variables"].items()}
        self.control, self.events = tables["CONTROL_TABLE"], tables["EVENTS_TABLE"]
        self.ledger, self.head_key = tables["LEDGER_TABLE"], tables["HEAD_KEYS"]
        self.limits = tables["LIMITS_TABLE"]
        self.credentials, self.reader = tables["CREDENTIALS_TABLE"], tables["READER_ROLE_ARN"]

    def of(self, caller: str, service: str) -> Any:
        """A client with the credentials of a function, of a tenant's session, or of the account's operator."""
        if caller == OPERATOR:
            return self.client(service)
        if caller == TENANT:
            given = self.of("query", "sts").assume_role(**tagged(self, (TAG, "acme00")))["Credentials"]
            return self.client(service, given["AccessKeyId"], aws_session_token=given["SessionToken"])
        return self.client(service, access_key(self.functions[caller]["FunctionName"]))


class Forbidden(NamedTuple):
    condition: tuple[str, str]
    """The operator and the key."""
    caller: str
    action: str
    call: str
    """The method of the client."""
    arguments: Callable[[Endpoint], dict[str, Any]]
    reason: str = NO_IDENTITY

    def __str__(self) -> str:
        return f"{self.caller}-{self.action}-{self.condition[1]}"


OPERATOR, TENANT = "operator", "tenant"
"""Callers beside the functions."""


def tagged(endpoint: Endpoint, *tags: tuple[str, str]) -> dict[str, Any]:
    """To assume the role that reads as a tenant."""
    given = [{"Key": key, "Value": value} for key, value in tags]
    return {"RoleArn": endpoint.reader, "RoleSessionName": "any", "Tags": given}


def put(table: str, partition: str) -> dict[str, Any]:
    return {"TableName": table, "Item": {"pk": {"S": partition}, "sk": {"S": "1"}}}


def update(table: str, partition: str, expression: str = "SET expires_at = :n", **others: Any) -> dict[str, Any]:
    values = {":n": {"N": "1"}}
    key = {"pk": {"S": partition}, "sk": {"S": "1"}}
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": expression,
        "ExpressionAttributeValues": values,
        **others,
    }


def query(table: str, partition: str, **others: Any) -> dict[str, Any]:
    values = {":pk": {"S": partition}}
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": values,
        "ProjectionExpression": "sk",
        **others,
    }


OWN_BUCKETS = ("StringEquals", "aws:ResourceAccount")
OWN_RULES = ("StringEquals", "aws:SourceAccount")
LEADING = ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
OUTSIDE = ("ForAnyValue:StringNotLike", "dynamodb:LeadingKeys")
ATTRIBUTES = ("ForAllValues:StringEquals", "dynamodb:Attributes")
PEOPLE = ("Bool", "aws:PrincipalIsAWSService")
KEY = {"pk": {"S": "acme00#0#0"}, "sk": {"S": "1"}}
WHERE = "WHERE pk = 'a' AND sk = 'b'"


def old_query(endpoint: Endpoint) -> dict[str, Any]:
    """In the form that DynamoDB calls legacy."""
    equal = {"AttributeValueList": [{"S": "beta00#0#0"}], "ComparisonOperator": "EQ"}
    return {"TableName": endpoint.events, "KeyConditions": {"pk": equal}}


def keys(*partitions: str) -> list[dict[str, Any]]:
    return [{"pk": {"S": partition}, "sk": {"S": "0"}} for partition in partitions]


FORBIDDEN = [
    *(
        Forbidden(
            LEADING, function, "dynamodb:UpdateItem", "update_item", lambda endpoint: update(endpoint.control, "acme00")
        )
        for function in ("fan_out", "redeliver", "replay", "export", "exports", "restamp", "sweep", "ledger_sweep")
    ),
    *(
        Forbidden(LEADING, function, "dynamodb:PutItem", "put_item", lambda endpoint: put(endpoint.control, "acme00"))
        for function in ("forget", "exports", "fan_out", "redeliver", "streams", "ledger_sweep")
    ),
    *(
        Forbidden(
            LEADING, function, "dynamodb:PutItem", "put_item", lambda endpoint: put(endpoint.control, "a#streams")
        )
        for function in ("manage", "tenants")
    ),
    Forbidden(
        LEADING, "tenants", "dynamodb:PutItem", "put_item", lambda endpoint: put(endpoint.credentials, "failed#1")
    ),
    Forbidden(
        LEADING, "ingest", "dynamodb:UpdateItem", "update_item", lambda endpoint: update(endpoint.limits, "failed#1")
    ),
    Forbidden(LEADING, "manage", "dynamodb:Query", "query", lambda endpoint: query(endpoint.limits, "used#1")),
    # One forbidden partition among several is enough.
    Forbidden(
        LEADING,
        "fan_out",
        "dynamodb:BatchGetItem",
        "batch_get_item",
        lambda endpoint: {"RequestItems": {endpoint.control: {"Keys": keys("acme00#streams", "acme00")}}},
    ),
    Forbidden(
        LEADING,
        "redeliver",
        "dynamodb:BatchWriteItem",
        "batch_write_item",
        lambda endpoint: {
            "RequestItems": {endpoint.control: [{"DeleteRequest": {"Key": key}} for key in keys("a#parked", "a#jobs")]}
        },
    ),
    Forbidden(LEADING, "ledger", "dynamodb:Query", "query", lambda endpoint: query(endpoint.ledger, "acme00#log")),
    # The table's own policy, which says the same, comes before the role's.
    *(
        Forbidden(
            LEADING,
            function,
            "dynamodb:PutItem",
            "put_item",
            lambda endpoint: put(endpoint.ledger, "acme00#log"),
            DENIED_BY_RESOURCE,
        )
        for function in ("append", "sign", "ledger_sweep")
    ),
    Forbidden(LEADING, TENANT, "dynamodb:Query", "query", lambda endpoint: query(endpoint.events, "beta00#0#0")),
    Forbidden(LEADING, TENANT, "dynamodb:Query", "query", lambda endpoint: query(endpoint.ledger, "beta00#log")),
    # Where the call has no such key, `ForAllValues` alone would be met.
    Forbidden(("Null", "dynamodb:LeadingKeys"), TENANT, "dynamodb:Query", "query", old_query),
    Forbidden(
        ("StringLike", f"aws:RequestTag/{TAG}"),
        "query",
        "sts:TagSession",
        "assume_role",
        lambda endpoint: tagged(endpoint, (TAG, "*")),
        NO_TRUST,
    ),
    Forbidden(
        ("ForAllValues:StringEquals", "aws:TagKeys"),
        "query",
        "sts:TagSession",
        "assume_role",
        lambda endpoint: tagged(endpoint, (TAG, "acme00"), ("another", "x")),
        NO_TRUST,
    ),
    Forbidden(
        ATTRIBUTES,
        "restamp",
        "dynamodb:Query",
        "query",
        lambda endpoint: query(
            endpoint.events, "acme00#0#0", ProjectionExpression="sk, z", Select="SPECIFIC_ATTRIBUTES"
        ),
    ),
    Forbidden(
        ATTRIBUTES,
        "restamp",
        "dynamodb:UpdateItem",
        "update_item",
        lambda endpoint: update(endpoint.events, "acme00#0#0", "SET expires_at = :n REMOVE z"),
    ),
    Forbidden(
        ("StringEquals", "dynamodb:Select"),
        "restamp",
        "dynamodb:Query",
        "query",
        lambda endpoint: {
            name: each for name, each in query(endpoint.events, "a").items() if name != "ProjectionExpression"
        },
    ),
    Forbidden(
        ("StringEqualsIfExists", "dynamodb:ReturnValues"),
        "restamp",
        "dynamodb:UpdateItem",
        "update_item",
        lambda endpoint: update(endpoint.events, "acme00#0#0", ReturnValues="ALL_NEW"),
    ),
    Forbidden(
        ("StringEquals", "kms:ViaService"),
        "ingest",
        "kms:GenerateDataKey",
        "generate_data_key",
        lambda endpoint: {"KeyId": key_arn(endpoint), "KeySpec": "AES_256"},
    ),
    *(
        Forbidden(
            ("Null", "sts:ExternalId"),
            function,
            "sts:AssumeRole",
            "assume_role",
            lambda _: {"RoleArn": f"arn:aws:iam::{CUSTOMERS}:role/any", "RoleSessionName": "any"},
        )
        for function in ("streams", "fan_out", "redeliver", "replay")
    ),
    *(
        Forbidden(PEOPLE, OPERATOR, f"dynamodb:{action}", call, arguments, DENIED_BY_RESOURCE)
        for action, call, arguments in (
            ("PutItem", "put_item", lambda endpoint: {"TableName": endpoint.events, "Item": KEY}),
            ("DeleteItem", "delete_item", lambda endpoint: {"TableName": endpoint.events, "Key": KEY}),
            (
                "BatchWriteItem",
                "batch_write_item",
                lambda endpoint: {"RequestItems": {endpoint.events: [{"PutRequest": {"Item": KEY}}]}},
            ),
            (
                "PartiQLUpdate",
                "execute_statement",
                lambda endpoint: {"Statement": " ".join(["UPDATE", f'"{endpoint.events}"', "SET z = 1", WHERE])},
            ),
            (
                "PartiQLDelete",
                "execute_statement",
                lambda endpoint: {"Statement": " ".join(["DELETE FROM", f'"{endpoint.events}"', WHERE])},
            ),
        )
    ),
    Forbidden(
        ("ArnNotEquals", "aws:PrincipalArn"),
        OPERATOR,
        "dynamodb:UpdateItem",
        "update_item",
        lambda endpoint: update(endpoint.events, "a#0#0"),
        DENIED_BY_RESOURCE,
    ),
    *(
        Forbidden(condition, OPERATOR, f"dynamodb:{action}", call, arguments, DENIED_BY_RESOURCE)
        for condition, action, call, arguments in (
            (OUTSIDE, "PutItem", "put_item", lambda endpoint: put(endpoint.ledger, "acme00#log")),
            (
                OUTSIDE,
                "BatchWriteItem",
                "batch_write_item",
                lambda endpoint: {
                    "RequestItems": {
                        endpoint.ledger: [
                            {"DeleteRequest": {"Key": key}} for key in keys("acme00#log#counts", "acme00#log")
                        ]
                    }
                },
            ),
            (
                OUTSIDE,
                "DeleteItem",
                "delete_item",
                lambda endpoint: {"TableName": endpoint.ledger, "Key": keys("acme00#log")[0]},
            ),
            (PEOPLE, "UpdateItem", "update_item", lambda endpoint: update(endpoint.ledger, "acme00#log#counts")),
            (
                PEOPLE,
                "PartiQLDelete",
                "execute_statement",
                lambda endpoint: {"Statement": " ".join(["DELETE FROM", f'"{endpoint.ledger}"', WHERE])},
            ),
        )
    ),
    # Not even the account's operator signs, nor the function that reads all events.
    *(
        Forbidden(
            ("ArnNotEquals", "aws:PrincipalArn"),
            caller,
            "kms:Sign",
            "sign",
            lambda endpoint: {
                "KeyId": endpoint.head_key,
                "Message": b"x",
                "MessageType": "RAW",
                "SigningAlgorithm": "ED25519_SHA_512",
            },
            DENIED_BY_RESOURCE,
        )
        for caller in (OPERATOR, "export")
    ),
    Forbidden(LEADING, "sign", "dynamodb:Query", "query", lambda endpoint: query(endpoint.control, "acme00")),
]


def key_arn(endpoint: Endpoint) -> str:
    return str(endpoint.client("kms").list_keys()["Keys"][0]["KeyArn"])


@pytest.fixture(scope="module")
def endpoint(local_daybook: LocalDaybook) -> Endpoint:
    return Endpoint(local_daybook)


@pytest.mark.parametrize("forbidden", FORBIDDEN, ids=str)
def test_a_condition_refuses_a_call(endpoint: Endpoint, forbidden: Forbidden) -> None:
    client = endpoint.of(forbidden.caller, forbidden.action.partition(":")[0])
    with pytest.raises(ClientError) as refused:
        getattr(client, forbidden.call)(**forbidden.arguments(endpoint))
    error = refused.value.response["Error"]
    assert error["Code"] in ("AccessDeniedException", "AccessDenied")
    assert f"is not authorized to perform: {forbidden.action} on resource: " in error["Message"]
    assert error["Message"].endswith(forbidden.reason.format(action=forbidden.action))
    if forbidden.caller in endpoint.functions:
        function = endpoint.functions[forbidden.caller]
        role = function["Role"].rpartition("/")[2]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{function['FunctionName']}"
        assert error["Message"].startswith(f"User: {session} is not ")


@pytest.mark.parametrize("function", ["streams", "fan_out", "redeliver", "replay"])
def test_no_role_of_the_own_account_is_assumed_for_a_customer(endpoint: Endpoint, function: str) -> None:
    """With an external id either. A role of the account that trusts all of it would be one."""
    for arn in (endpoint.functions["restamp"]["Role"], f"arn:aws:iam::{ACCOUNT}:role/any"):
        with pytest.raises(ClientError, match=DENIED_BY_IDENTITY):
            endpoint.of(function, "sts").assume_role(RoleArn=arn, RoleSessionName="any", ExternalId="xx")


def test_the_restamp_updates_events(endpoint: Endpoint) -> None:
    """It is refused by its own condition, no longer by a policy."""
    with pytest.raises(ClientError) as refused:
        endpoint.of("restamp", "dynamodb").update_item(
            **update(endpoint.events, "a#0#0", ConditionExpression="attribute_exists(pk)")
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_a_bucket_of_another_account_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """That account may have taken the name of a bucket that was deleted. No running Daybook has two of one name."""
    monkeypatch.setitem(s3_backends.bucket_accounts, "ours", ("aws", ACCOUNT))
    monkeypatch.setitem(s3_backends.bucket_accounts, "theirs", ("aws", CUSTOMERS))
    operator, key = OWN_BUCKETS
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": {operator: {key: ACCOUNT}}}
    permissions = Permissions(Response("written"))
    permissions.callers["KEY"] = Caller("role", "session", [statement])
    signature = {"Authorization": "AWS4-HMAC-SHA256 Credential=KEY/20261122/us-east-1/s3/aws4_request, …"}
    answers = {name: Client(permissions).put(f"/{name}/a", headers=signature) for name in ("ours", "theirs")}
    assert answers["ours"].text == "written"
    assert NO_IDENTITY.format(action="s3:PutObject") in answers["theirs"].text


def test_a_rule_of_another_account_does_not_get_the_role_of_ours(synthesised: Templates) -> None:
    """No service of AWS calls in a running Daybook, so the role's own policy is asked, as for EventBridge."""
    (trust,) = (
        statement
        for template in synthesised.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if OWN_RULES in set(conditions(statement))
    )
    operator, key = OWN_RULES
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {operator: {key: {"Ref": "AWS::AccountId"}}}
    evaluated = {**trust, "Principal": "*", "Resource": "*", "Condition": {operator: {key: ACCOUNT}}}
    for account, allowed in ((ACCOUNT, True), (CUSTOMERS, False)):
        assert allows([evaluated], "sts:AssumeRole", "any", {key: account}) == allowed
    assert not allows([evaluated], "sts:AssumeRole", "any", {})


def test_each_condition_has_a_call_that_it_refuses(synthesised: Templates) -> None:
    kinds = {"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::DynamoDB::Table", "AWS::KMS::Key"}
    found: dict[str, set[tuple[str, str]]] = {}
    for template in synthesised.values():
        for resource in template["Resources"].values():
            found.setdefault(resource["Type"], set()).update(conditions(resource.get("Properties", {})))
    assert {each.condition for each in FORBIDDEN} | {OWN_BUCKETS, OWN_RULES} == set[tuple[str, str]]().union(
        *(found[kind] for kind in kinds)
    )
    assert {kind for kind, used in found.items() if used} <= kinds | set(NOT_PLAYED)


def conditions(part: Any) -> Iterator[tuple[str, str]]:
    """The operators and keys of all statements in it."""
    if isinstance(part, Mapping):
        if "Effect" in part:
            for operator, keys in part.get("Condition", {}).items():
                yield from ((operator, key) for key in keys)
        for each in part.values():
            yield from conditions(each)
    elif isinstance(part, list):
        for each in part:
            yield from conditions(each)
