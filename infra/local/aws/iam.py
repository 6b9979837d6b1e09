"""Checks each call to moto against the policies that apply to its caller, and each presigned URL.

moto by itself allows everything and does not know PartiQL's own actions. So each function signs with its own access
key, and each call with such a key to one of the services below is checked against the role's policies as
CloudFormation made them. A function may assume a role of the stacks only where that role trusts its own; what is signed
with such a session is checked against the role and the session's policy. Any other key is the account's operator, who
may do everything that no policy of a resource denies. With DynamoDB Local, which checks nothing, its calls pass through
here as well.

Daybook has an account of its own here. Streams are in moto's default account, whose roles anybody may assume, as the
accounts of customers are.
"""

import io
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Response

from infra.local.aws import needs as calls
from infra.local.aws.cloudformation import Client, access_key, table_name
from infra.local.aws.denials import IDENTITY, RESOURCE, SESSION, TRUST, denied, explicit, implicit
from infra.local.aws.needs import Need
from infra.local.aws.policy import DENY, Context, Statement, check, effect, listed
from infra.local.aws.used_grants import UsedGrants
from infra.local.gateway.api import ACCOUNT
from infra.local.template import Templates, of_type

SIGNED_WITH = re.compile(r"Credential=(?P<key>[^/]+)/[^/]+/[^/]+/(?P<service>[^/]+)/")
ACCESS_KEY = re.compile(r"<AccessKeyId>(?P<key>[^<]+)</AccessKeyId>")

KEYS = {
    **calls.KEYS,
    "aws:PrincipalArn": False,
    "aws:PrincipalTag/": False,
    "aws:PrincipalIsAWSService": False,
    "aws:SourceAccount": False,
}
"""All condition keys that a call here may have. The last is absent from each: a service of AWS gives it, and none calls
here.
"""

NEEDS = {
    "secretsmanager": calls.secretsmanager_needs,
    "kms": calls.kms_needs,
    "sqs": calls.sqs_needs,
    "sts": calls.sts_needs,
}


@dataclass(frozen=True)
class Role:
    """A role of the stacks."""

    name: str
    """In the template, without the hash at its end."""
    arn: str
    statements: Sequence[Statement]
    trust: Sequence[Statement]


@dataclass(frozen=True)
class Caller:
    """Whose access key it is: a session of a role, or the account's operator."""

    role: str
    """The ARN of the role, or of the operator."""
    session: str = ""
    statements: Sequence[Statement] = ({"Effect": "Allow", "Action": "*", "Resource": "*"},)
    session_policy: Sequence[Statement] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """As AWS's messages name the caller."""
        if not self.session:
            return self.role
        return self.role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{self.session}"

    @property
    def context(self) -> Context:
        tags = {f"aws:PrincipalTag/{name}": value for name, value in self.tags.items()}
        return {"aws:PrincipalArn": self.role, "aws:PrincipalIsAWSService": "false", **tags}


OPERATOR = Caller(f"arn:aws:iam::{ACCOUNT}:root")


class Permissions:
    """A WSGI application in front of moto's."""

    def __init__(self, application: Any, used: UsedGrants | None = None) -> None:
        self._application = application
        self.dynamodb = application
        """What answers the calls to DynamoDB: moto, or DynamoDB Local."""
        self.kms = application
        self.sts_seconds = 0.0
        """How long STS takes to answer."""
        self._used = used
        self.callers: dict[str, Caller] = {}
        """By access key."""
        self.roles: dict[str, Role] = {}
        """By ARN."""
        self.resources: dict[str, Sequence[Statement]] = {}
        """The policies of resources, by the resource's ARN."""
        self.partition_keys: dict[tuple[str, str | None], str] = {}
        """By table and index."""

    def check(self) -> None:
        """Raises `UnknownPolicy` where a policy uses what is not evaluated here."""
        for role in self.roles.values():
            check(role.statements, KEYS)
            check(role.trust, KEYS)
        for statements in self.resources.values():
            check(statements, KEYS)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        key, service = signed_with(environ)
        respond: Any = {"dynamodb": self.dynamodb, "kms": self.kms}.get(service, self._application)
        if service != "kinesis":
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = ACCOUNT
        if service in {*NEEDS, "dynamodb", "s3"}:
            caller = self.callers.get(key, OPERATOR)
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            for need in self._needs(service, environ, body):
                reason = self._refusal(caller, need)
                if reason is not None:
                    respond = denied(service, caller.arn, need, reason)
                    break
            else:
                if service == "sts":
                    respond = self._sessions(environ, asked(environ, body)[1])
        answer: Iterable[bytes] = respond(environ, start_response)
        return answer

    def _needs(self, service: str, environ: Mapping[str, Any], body: bytes) -> Iterator[Need]:
        if service == "s3":
            return calls.s3_needs(environ, body)
        operation, call = asked(environ, body)
        if service == "dynamodb":
            return calls.dynamodb_needs(operation, call, self._partition_key)
        return NEEDS[service](operation, call)

    def _partition_key(self, table: str, index: str | None) -> str:
        return self.partition_keys.get((table, index), "pk")

    def _refusal(self, caller: Caller, need: Need) -> str | None:
        """The reason why the caller may not do it, or None. A deny in any policy wins; then each kind has to allow."""
        context = {"aws:ResourceAccount": ACCOUNT, **caller.context, **need.context}

        def of(statements: Sequence[Statement]) -> str | None:
            return effect(statements, need.action, need.resource, context, caller.role)

        role = self.roles.get(need.resource) if need.action.startswith("sts:") else None
        resource = need.resource.partition("/index/")[0]
        kinds = {
            IDENTITY: of(caller.statements),
            **({} if caller.session_policy is None else {SESSION: of(caller.session_policy)}),
            RESOURCE: of(self.resources.get(resource, ())),
            # The statements of a trust policy name no resource.
            **({} if role is None else {TRUST: of([{**each, "Resource": "*"} for each in role.trust])}),
        }
        for kind, found in kinds.items():
            if found == DENY:
                return explicit(kind)
        # A resource's policy need not allow what the role's own allows, since both are in one account.
        lacking = [kind for kind, found in kinds.items() if not found and kind != RESOURCE]
        if lacking:
            return implicit(need.action, lacking[0])
        if self._used and caller.role in self.roles:
            self._used.note(self.roles[caller.role].name, caller.statements, need, context)
        return None

    def _sessions(self, environ: dict[str, Any], call: Mapping[str, str]) -> Response:
        """Moto's answer. The key of a session of a role of the stacks is checked from then on."""
        time.sleep(self.sts_seconds)
        answer = Response.from_app(self._application, environ)
        role = self.roles.get(call.get("RoleArn", ""))
        session = ACCESS_KEY.search(answer.get_data(as_text=True))
        if role is not None and session is not None:
            given = json.loads(call.get("Policy", "null"))
            self.callers[session["key"]] = Caller(
                role.arn,
                call["RoleSessionName"],
                role.statements,
                None if given is None else listed(given["Statement"]),
                calls.tags_of(call),
            )
        return answer


def signed_with(environ: Mapping[str, Any]) -> tuple[str, str]:
    """The access key and the service, from the header or a presigned URL; two empty texts where nothing is signed."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    signed = SIGNED_WITH.search(environ.get("HTTP_AUTHORIZATION") or f"Credential={query.get('X-Amz-Credential')}")
    return (signed["key"], signed["service"]) if signed else ("", "")


def asked(environ: Mapping[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters. STS uses the query protocol, the other services JSON."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], json.loads(body or b"{}")
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return form.pop("Action", ""), form


def roles(client: Client, stacks: Templates) -> dict[str, Role]:
    """All roles of the stacks, by ARN."""
    iam = client("iam")
    names = {
        resource["PhysicalResourceId"]: resource["LogicalResourceId"][:-8]
        for stack in stacks
        for resource in client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::IAM::Role"
    }
    found = {}
    for role in iam.list_roles()["Roles"]:
        name, arn = role["RoleName"], role["Arn"]
        policies = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        statements = [statement for policy in policies for statement in listed(policy["Statement"])]
        found[arn] = Role(names[name], arn, statements, listed(role["AssumeRolePolicyDocument"]["Statement"]))
    return found


def callers(client: Client, roles: Mapping[str, Role]) -> dict[str, Caller]:
    """The functions, by the access keys with which they sign. A function's name is the name of its sessions."""
    return {
        access_key(function["FunctionName"]): Caller(
            function["Role"], function["FunctionName"], roles[function["Role"]].statements
        )
        for function in client("lambda").list_functions()["Functions"]
    }


def partition_keys(stacks: Templates) -> dict[tuple[str, str | None], str]:
    """The names of the partition keys of the tables and of their indexes."""
    return {
        (table_name(stack, logical_id), part.get("IndexName")): part["KeySchema"][0]["AttributeName"]
        for stack, template in stacks.items()
        for logical_id, properties in of_type({stack: template}, "AWS::DynamoDB::Table").items()
        for part in (properties, *properties.get("GlobalSecondaryIndexes", ()))
    }


def resource_policies(
    stacks: Templates, roles: Iterable[Role], keys: Mapping[str, str]
) -> dict[str, Sequence[Statement]]:
    """The policies of the tables and of `keys`, by ARN; moto keeps neither. `keys`: their ARNs by logical id."""
    arns = {role.name: role.arn for role in roles}
    documents = {
        calls.table_arn(table_name(stack, logical_id)): properties["ResourcePolicy"]["PolicyDocument"]
        for stack, template in stacks.items()
        for logical_id, properties in of_type({stack: template}, "AWS::DynamoDB::Table").items()
        if "ResourcePolicy" in properties
    } | {
        keys[logical_id]: properties["KeyPolicy"]
        for logical_id, properties in of_type(stacks, "AWS::KMS::Key").items()
        if logical_id in keys
    }
    return {arn: _with_arns(document["Statement"], arns) for arn, document in documents.items()}


def _with_arns(part: Any, arns: Mapping[str, str]) -> Any:
    """`part` with the ARNs of roles in place of references to them."""
    match part:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return arns[logical_id[:-8]]
        case dict():
            return {name: _with_arns(each, arns) for name, each in part.items()}
        case list():
            return [_with_arns(each, arns) for each in part]
        case _:
            return part
