"""The API that the stacks made: resources and methods from moto, the rest from the template.

moto's CloudFormation makes the resources, the methods and the functions that they lead to, and skips the authorizer,
the stage and the gateway responses: those alone are read from the template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.aws.cloudformation import Client
from infra.local.gateway.routing import Method, Resource, Router
from infra.local.template import Templates, of_type

RESOURCES = 500  # the longest page that API Gateway gives
ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True)
class Authorizer:
    function: str
    """Its ARN."""
    headers: tuple[str, ...]
    """The identity sources, in lower case: without each of them the gateway answers 401 by itself."""


@dataclass(frozen=True)
class GatewayResponse:
    """What the gateway answers by itself, for one type of error."""

    status: int | None
    """None: the error's own."""
    headers: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Api:
    id: str
    stage: str
    access_line: str
    """The stage's format of an access-log line, with `$context` variables; empty: none."""
    router: Router
    functions: frozenset[str]
    """The ARNs of all that a call may be waiting for."""
    authorizer: Authorizer | None
    responses: Mapping[str, GatewayResponse]

    def arn(self, method: str, path: str) -> str:
        """Of one method called by one path: what an authorizer's policy allows or denies."""
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/{self.stage}/{method}/{path.lstrip('/')}"


def read_api(stacks: Templates, client: Client) -> Api:
    gateway = client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    made = gateway.get_resources(restApiId=api["id"], embed=["methods"], limit=RESOURCES)["items"]
    resources = [resource_of(each) for each in made]
    authorizer = authorizer_of(stacks, client)
    (stage,) = of_type(stacks, "AWS::ApiGateway::Stage").values()
    return Api(
        id=api["id"],
        stage=stage["StageName"],
        access_line=stage.get("AccessLogSetting", {}).get("Format", ""),
        router=Router(resources),
        functions=frozenset(
            [method.function for each in resources for method in each.methods.values()]
            + ([authorizer.function] if authorizer else [])
        ),
        authorizer=authorizer,
        responses={
            each["ResponseType"]: response_of(each)
            for each in of_type(stacks, "AWS::ApiGateway::GatewayResponse").values()
        },
    )


def resource_of(made: Mapping[str, Any]) -> Resource:
    return Resource(
        made["path"],
        {
            name: Method(
                # …:lambda:path/2015-03-31/functions/<the function's ARN>/invocations
                function=method["methodIntegration"]["uri"].split("/functions/")[1].removesuffix("/invocations"),
                authorized=method["authorizationType"] == "CUSTOM",
            )
            for name, method in made.get("resourceMethods", {}).items()
        },
    )


def authorizer_of(stacks: Templates, client: Client) -> Authorizer | None:
    found = of_type(stacks, "AWS::ApiGateway::Authorizer")
    if not found:
        return None
    (properties,) = found.values()
    return Authorizer(
        function=function_in(properties["AuthorizerUri"], stacks, client),
        headers=tuple(
            source.removeprefix("method.request.header.").lower() for source in properties["IdentitySource"].split(",")
        ),
    )


def function_in(uri: Any, stacks: Templates, client: Client) -> str:
    """The ARN of the function that an expression mentions, to which moto would have reduced it."""
    names = set(attributes_asked_in(uri))
    for stack, template in stacks.items():
        for logical_id in names & set(template["Resources"]):
            made = client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
            name = made["StackResourceDetail"]["PhysicalResourceId"]
            arn: str = client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
            return arn
    raise LookupError(f"no function in {uri}")


def attributes_asked_in(part: Any) -> list[str]:
    """The logical ids of every `Fn::GetAtt` in an expression."""
    match part:
        case {"Fn::GetAtt": [str(name), *_]}:
            return [name]
        case dict():
            return [name for each in part.values() for name in attributes_asked_in(each)]
        case list():
            return [name for each in part for name in attributes_asked_in(each)]
        case _:
            return []


def response_of(properties: Mapping[str, Any]) -> GatewayResponse:
    prefix = "gatewayresponse.header."
    return GatewayResponse(
        status=int(properties["StatusCode"]) if "StatusCode" in properties else None,
        headers={
            # A value in quotes stands for itself, and we give no others.
            name.removeprefix(prefix): value.strip("'")
            for name, value in properties.get("ResponseParameters", {}).items()
            if name.startswith(prefix)
        },
        templates=properties.get("ResponseTemplates", {}),
    )
