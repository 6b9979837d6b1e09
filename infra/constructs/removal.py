"""Lets everything in a stack be deleted with it, for a trial whose events nobody needs."""

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb

# Each API of the account's region writes its log by this role.
_IS_THE_ACCOUNTS = {"Account", "CloudWatchRole"}


def delete_with_stack(stack: Stack) -> None:
    """To be called when the stack has all its resources. CloudFormation still refuses to delete a bucket with files."""
    for each in stack.node.find_all():
        if _IS_THE_ACCOUNTS & {*each.node.path.split("/")}:
            continue
        if isinstance(each, CfnResource) and each.cfn_options.deletion_policy is not None:
            each.apply_removal_policy(RemovalPolicy.DESTROY)
        if isinstance(each, dynamodb.CfnTable):
            each.deletion_protection_enabled = False
