"""One Lambda function with its own role and log group; the stack grants what the role may do."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_lambda_powertools.shared.constants import METRICS_NAMESPACE_ENV
from constructs import Construct

from infra.constructs.log import log_group
from infra.settings import DeploymentSettings

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
"""By IAM's operator, then by its key."""


def allow(resource: str, *actions: str, conditions: Conditions | None = None) -> iam.PolicyStatement:
    """A statement that allows these actions on the one resource of this ARN."""
    return iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions)


def deny(resource: str, *actions: str, conditions: Conditions | None = None) -> iam.PolicyStatement:
    """A statement that denies these actions, whatever another one allows."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY, actions=list(actions), resources=[resource], conditions=conditions
    )


class Function(Construct):
    """Runs `handler` of the asset. At first its role may only write its own log lines, and traces where they are on."""

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
        reserved: int | None,
        settings: DeploymentSettings,
        role: iam.IRole | None = None,
    ) -> None:
        """`role`: one that exists already, with what it may do elsewhere."""
        super().__init__(scope, construct_id)
        log = log_group(self, "Log", settings)
        # Made here because the role that CDK would make has a managed policy over every log group.
        self.role = role or iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Daybook: {handler}",
            handler=handler,
            code=code,
            runtime=lambda_.Runtime.PYTHON_3_13,  # the asset's bytecode is compiled for this version
            architecture=lambda_.Architecture.ARM_64,
            memory_size=memory_mb,
            timeout=timeout,
            reserved_concurrent_executions=reserved,
            environment={**environment, METRICS_NAMESPACE_ENV: settings.metric_namespace},
            role=self.role,
            log_group=log,
            # Only this format has levels. Our own lines stay as they are: docs/decisions/deployment.md
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel[settings.log_level],
            tracing=lambda_.Tracing.ACTIVE if settings.xray else None,
        )

    def grant(self, *statements: iam.PolicyStatement) -> None:
        for statement in statements:
            self.role.add_to_principal_policy(statement)
