"""The API that the stacks define: resources and methods from moto, the rest from the template.

moto's CloudFormation makes the resources, the methods and their functions. It skips the authorizer, the stage and the
gateway responses, so these are read from the template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.aws.cloudformation import Client
from infra.local.gateway.routing import Method, Resource, Router
from infra.local.template import Templates, of_type

RESOURCES = 500  # the largest page that API Gateway returns
ACCOUNT = "111122223333"
"""Not moto's default, 123456789012, in which customers' streams are: Daybook assumes no role of its own account."""
REGION = "us-east-1"


@dataclass(frozen=True)
class Authorizer:
    function: str
    """Its ARN."""
    headers: tuple[str, ...]
    """The identity sources in lower case. If one is missing, the gateway itself answers 401."""


@dataclass(frozen=True)
class GatewayResponse:
    """The gateway's own response for one type of error."""

    status: int | None
    """None for the status of the error itself."""
    headers: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Api:
    id: str
    stage: str
    access_line: str
    """The stage's format of an access-log line, with `$context` variables. Empty if there is none."""
    router: Router
    functions: frozenset[str]
    """The ARNs of all functions that a call may wait for."""
    authorizer: Authorizer | None
    responses: Mapping[str, GatewayResponse]

    def arn(self, method: str, path: str) -> str:
        """The ARN of one method under one path. An authorizer's policy allows or denies it."""
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
    """The ARN of the function that an expression refers to. moto would have resolved it."""
    names = set(attributes_asked_in(uri))
    for stack, template in stacks.items():
        for logical_id in names & set(template["Resources"]):
            made = client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
            name = made["StackResourceDetail"]["PhysicalResourceId"]
            arn: str = client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
            return arn
    raise LookupError(f"no function found in {uri}")


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
            # A quoted value is a literal. The templates use no others.
            name.removeprefix(prefix): value.strip("'")
            for name, value in properties.get("ResponseParameters", {}).items()
            if name.startswith(prefix)
        },
        templates=properties.get("ResponseTemplates", {}),
    )
