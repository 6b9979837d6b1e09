"""Creates the stacks in moto from the synthesised templates, and by API what moto's CloudFormation does not create.

moto 5.2.5 skips secrets, `TimeToLiveSpecification`, `ObjectLockConfiguration`, point-in-time recovery, authorizers,
stages, gateway responses, alarms, topic policies and `EventInvokeConfig`, and it expects each function's code in a
bucket. So secrets are created by API first and their references replaced, as are those to keys that are played
(`signing_keys.py`). Tables get their time to live by API, and buckets their lock. Functions get no code, because they
run in our own processes. `gateway/api.py` reads the gateway's own parts from the template.
`functions/event_sources.py` reads the event source mappings, because moto would run the functions in containers, and
the schedules, because moto does not run them.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from infra.local.functions.instances import Configuration
from infra.local.template import Templates, of_type, table_definitions

# Event source mappings are emulated here. With a policy of a queue or a bucket in the stack, moto can't describe a
# single resource.
LEFT_OUT = frozenset(
    {
        "AWS::CloudWatch::Dashboard",  # refers to alarms, which moto does not create
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
    }
)

Client = Callable[[str], Any]
"""Makes a boto3 client for the named service on the local endpoint."""


def create_stacks(
    stacks: Templates,
    client: Client,
    secret: Callable[[Mapping[str, Any]], str],
    played: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """`secret` returns the value of a secret that is generated, for the properties of its resource. `played`: the ARNs
    of what moto does not make, by logical id.
    """
    secrets = client("secretsmanager")
    arns = dict(played) | {
        logical_id: secrets.create_secret(
            Name=f"Daybook-{logical_id}", SecretString=properties.get("SecretString") or secret(properties)
        )["ARN"]
        for logical_id, properties in of_type(stacks, "AWS::SecretsManager::Secret").items()
    }
    cloudformation = client("cloudformation")
    for name, template in stacks.items():
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(adapted(name, template, arns)),
            Capabilities=["CAPABILITY_IAM"],
        )
    dynamodb = client("dynamodb")
    for name, attribute in times_to_live(stacks).items():
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True}
        )
    for stack, logical_id, lock in object_locks(stacks):
        found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        bucket, s3 = found["StackResourceDetail"]["PhysicalResourceId"], client("s3")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})  # a lock's condition
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)


def adapted(stack: str, template: Mapping[str, Any], arns: Mapping[str, str]) -> dict[str, Any]:
    """The template in a form that moto accepts. Tables keep their names across starts, so that a store on disk fits."""
    resources = {
        logical_id: resource | {"Properties": resource.get("Properties", {}) | given(stack, logical_id, resource)}
        for logical_id, resource in template["Resources"].items()
        if logical_id not in arns and resource["Type"] not in LEFT_OUT
    }
    replaced: dict[str, Any] = with_references({**template, "Resources": resources}, arns)
    return replaced


def given(stack: str, logical_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    match resource["Type"]:
        case "AWS::DynamoDB::Table":
            return {"TableName": table_name(stack, logical_id)}
        case "AWS::SQS::Queue" if resource.get("Properties", {}).get("FifoQueue"):
            return {"QueueName": f"{stack}-{logical_id}.fifo"}  # AWS adds the suffix itself
        case "AWS::Lambda::Function":
            return {"Code": {"ZipFile": "# Local Daybook runs the function in its own process."}}
        case _:
            return {}


def with_references(part: Any, values: Mapping[str, str]) -> Any:
    """`part` with each reference to a logical id, or to its ARN, replaced by that id's value, where it has one."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]} if name in values:
            return values[name]
        case dict():
            return {name: with_references(each, values) for name, each in part.items()}
        case list():
            return [with_references(each, values) for each in part]
        case _:
            return part


def table_name(stack: str, logical_id: str) -> str:
    return f"{stack}-{logical_id}"


def tables(stacks: Templates) -> dict[str, dict[str, Any]]:
    """The parameters of `CreateTable` by table name, for a store other than moto."""
    return {
        table_name(stack, logical_id): definition
        for stack, template in stacks.items()
        for logical_id, definition in table_definitions({stack: template}).items()
    }


def times_to_live(stacks: Templates) -> dict[str, str]:
    """The time-to-live attribute by table name."""
    return {
        table_name(stack, logical_id): properties["TimeToLiveSpecification"]["AttributeName"]
        for stack, template in stacks.items()
        for logical_id, properties in of_type({stack: template}, "AWS::DynamoDB::Table").items()
        if "TimeToLiveSpecification" in properties
    }


def object_locks(stacks: Templates) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The stack and logical id of each bucket that is locked, and how."""
    for stack, template in stacks.items():
        for logical_id, properties in of_type({stack: template}, "AWS::S3::Bucket").items():
            if "ObjectLockConfiguration" in properties:
                yield stack, logical_id, properties["ObjectLockConfiguration"]


def functions(client: Client, environment: Mapping[str, str]) -> dict[str, Configuration]:
    """Each function by ARN, as CloudFormation made it. `environment` is added to the function's own variables."""
    found = client("lambda").list_functions()["Functions"]
    return {
        function["FunctionArn"]: Configuration(
            name=function["FunctionName"],
            arn=function["FunctionArn"],
            handler=function["Handler"],
            seconds=function["Timeout"],
            memory_mb=function["MemorySize"],
            environment={
                **environment,
                **function.get("Environment", {}).get("Variables", {}),
                "_HANDLER": function["Handler"],
                "AWS_ACCESS_KEY_ID": access_key(function["FunctionName"]),
                "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
            },
        )
        for function in found
    }


def access_key(function: str) -> str:
    """The access key that a function signs with. It has letters and digits only, as DynamoDB Local requires."""
    return "FUNCTION" + hashlib.sha256(function.encode()).hexdigest()[:16].upper()


@contextmanager
def quiet_moto() -> Iterator[None]:
    """Silences moto's warnings about the resources that it skips (see the module's docstring) and their references.

    Moto gives them when a stack is created, and again whenever its resources are listed.
    """
    logger = logging.getLogger("moto")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning, append=False):
            yield
    finally:
        logger.setLevel(level)
