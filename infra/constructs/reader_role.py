"""The role whose sessions read one tenant's events and people."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from daybook.aws.tenant_sessions import TAG
from daybook.environment import ReadSettings
from infra.constructs.function import Function, allow

SETTING = "reader_role_arn"
"""The setting of the functions that assume the role."""

_TAGGED = {
    # A tenant's code has six characters. A session without the tag, or with an empty one, would read nothing.
    "StringLike": {f"aws:RequestTag/{TAG}": "?" * 6},
    "ForAllValues:StringEquals": {"aws:TagKeys": [TAG]},
}
"""The session has to have this tag and no other."""


class ReaderRole(Construct):
    """Only the roles of `readers` may assume it, and only with the tag.

    A session lasts an hour, which is CDK's default for a role's maximum.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        statements: Sequence[iam.PolicyStatement],
        readers: Sequence[Function],
    ) -> None:
        super().__init__(scope, construct_id)
        trusted = iam.CompositePrincipal(*(iam.ArnPrincipal(reader.role.role_arn) for reader in readers))
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.PrincipalWithConditions(iam.SessionTagsPrincipal(trusted), _TAGGED),
        )
        for statement in statements:
            role.add_to_principal_policy(statement)
        for reader in readers:
            reader.grant(allow(role.role_arn, "sts:AssumeRole", "sts:TagSession"))
            # Not among the function's other settings, because the role can only be made after the function's.
            reader.function.add_environment(ReadSettings.variables()[SETTING], role.role_arn)
