"""What stays when a stack is deleted: of a trial nothing, of any other deployment also the policies of what stays."""

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

# Each API of the account's region writes its log by this role.
_IS_THE_ACCOUNTS = {"Account", "CloudWatchRole"}


def retain_policies(stack: Stack) -> None:
    """To be called when the stack has all its resources, each bucket and queue of which is retained. Without its policy
    a bucket could be read without TLS, and CloudTrail could not write the trail that is retained with it.
    """
    for each in stack.node.find_all():
        if isinstance(each, s3.CfnBucketPolicy | sqs.CfnQueuePolicy):
            each.apply_removal_policy(RemovalPolicy.RETAIN)


def delete_with_stack(stack: Stack) -> None:
    """To be called when the stack has all its resources. CloudFormation still refuses to delete a bucket with files."""
    for each in stack.node.find_all():
        if _IS_THE_ACCOUNTS & {*each.node.path.split("/")}:
            continue
        if isinstance(each, CfnResource) and each.cfn_options.deletion_policy is not None:
            each.apply_removal_policy(RemovalPolicy.DESTROY)
        if isinstance(each, dynamodb.CfnTable):
            each.deletion_protection_enabled = False
