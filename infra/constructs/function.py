"""One Lambda function with a role and a log group of its own; what it may do is said by the stack."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct


class Function(Construct):
    """Runs `handler` of the asset. Its role may write its own log lines and its traces, and nothing else yet."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        code: lambda_.Code,
        environment: Mapping[str, str],
        memory_mb: int,
        timeout: Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            # Access-log lines are evidence; they end by their retention, not with the stack.
            removal_policy=RemovalPolicy.RETAIN,
        )
        # Made here, since the role that CDK would make carries a managed policy over every log group.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Daybook: {handler}",
            handler=handler,
            code=code,
            runtime=lambda_.Runtime.PYTHON_3_13,  # the asset's bytecode is compiled for this one
            architecture=lambda_.Architecture.ARM_64,
            memory_size=memory_mb,
            timeout=timeout,
            environment=dict(environment),
            role=self.role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )

    def allow(self, resource: str, *actions: str, conditions: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Single actions on the one resource of this ARN."""
        self.role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions)
        )
