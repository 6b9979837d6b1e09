"""A group of log lines that is kept as long as the settings say."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.settings import DeploymentSettings


def log_group(scope: Construct, construct_id: str, settings: DeploymentSettings) -> logs.LogGroup:
    # Access-log lines are evidence: the retention deletes them, not the end of the stack.
    group = logs.LogGroup(scope, construct_id, removal_policy=RemovalPolicy.RETAIN)
    cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = settings.log_retention_days
    return group
