"""A deployment as the operators' commands find it: by its service stack."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daybook.aws.wiring import Tables, Wiring
from daybook.environment import TenantsSettings
from infra.operate.aws import Clients, secret_value
from infra.operate.failures import Stopped

_FUNCTION = "AWS::Lambda::Function"
_API = "AWS::ApiGateway::RestApi"
_STAGE = "AWS::ApiGateway::Stage"
_WRITES_KEYS = "TenantsFunction"


class NotDeployed(Stopped):
    """The stack lacks a resource. The message says which."""


@dataclass(frozen=True)
class Deployed:
    aws: Clients
    stack: str
    """The service stack's name."""

    def wiring(self) -> Wiring:
        """What the function that writes keys works with: its settings name the tables, also those put in place after a
        restore. Raises `NotDeployed`.
        """
        function = self._resources()(_FUNCTION, _WRITES_KEYS)
        configured = self.aws("lambda").get_function_configuration(FunctionName=function)
        settings = TenantsSettings.from_environment(configured["Environment"]["Variables"])
        return Wiring(self.aws("dynamodb"), Tables.of(settings), lambda: secret_value(self.aws, settings.secret_arn))

    def caller(self) -> str:
        """The ARN of whoever runs the command."""
        arn: str = self.aws("sts").get_caller_identity()["Arn"]
        return arn

    def flush_authorizers(self) -> bool:
        """The gateway asks the authorizer again about every credential. Returns False where the API has no stage, so
        that nothing keeps its answers: on a laptop. Raises `NotDeployed`.
        """
        resource = self._resources()
        api = resource(_API, "")
        try:
            stage = resource(_STAGE, "")
        except NotDeployed:
            return False
        self.aws("apigateway").flush_stage_authorizers_cache(restApiId=api, stageName=stage)
        return True

    def _resources(self) -> Callable[[str, str], str]:
        """Finds the physical id of the stack's resource of a type whose logical id begins so."""
        pages = self.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        found: list[Mapping[str, Any]] = [each for page in pages for each in page["StackResourceSummaries"]]

        def named(kind: str, prefix: str) -> str:
            for each in found:
                if each["ResourceType"] == kind and each["LogicalResourceId"].startswith(prefix):
                    return str(each["PhysicalResourceId"])
            raise NotDeployed(f"The stack {self.stack} has no {kind} {prefix}".rstrip() + ".")

        return named
