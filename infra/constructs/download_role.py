"""The role whose sessions sign the links to exports."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from daybook.environment import ExportApiSettings
from infra.constructs.function import Function, allow

SETTING = "download_role_arn"
"""The setting of the function that assumes the role."""


class DownloadRole(Construct):
    """Only the role of `reader` may assume it. A session lasts an hour, which is CDK's default for a role's maximum."""

    def __init__(
        self, scope: Construct, construct_id: str, *, statements: Sequence[iam.PolicyStatement], reader: Function
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ArnPrincipal(reader.role.role_arn))
        for statement in statements:
            role.add_to_principal_policy(statement)
        reader.grant(allow(role.role_arn, "sts:AssumeRole"))
        # Not among the function's other settings, because the role can only be made after the function's.
        reader.function.add_environment(ExportApiSettings.variables()[SETTING], role.role_arn)
