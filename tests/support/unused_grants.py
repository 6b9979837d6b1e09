"""Which grants of the roles no call of the suite has needed: `make granted`, after both lanes.

The laptop notes the grants that its functions use (`infra.local.aws.used_grants`). Only a run of the whole suite says
something, so this is a step of its own and no test.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from infra.local.aws.policy import listed
from infra.local.aws.used_grants import Grant, grants, used_in
from infra.local.template import Templates, templates
from tests.support.running_daybook import USED_GRANTS
from tests.support.templates import Stack

NOT_CALLED = {
    "kms:": "DynamoDB and S3 use the key on the role's behalf; no function calls KMS",
    "logs:": "Lambda writes the function's log with its role",
    "dynamodb:DescribeStream": "the event source mapping reads the stream with the function's role",
    "dynamodb:GetRecords": "the event source mapping",
    "dynamodb:GetShardIterator": "the event source mapping",
    "dynamodb:ListStreams": "the event source mapping",
    "sqs:ReceiveMessage": "the event source mapping reads the queue with the function's role",
    "sqs:DeleteMessage": "the event source mapping",
    "sqs:GetQueueAttributes": "the event source mapping",
    "sqs:GetQueueUrl": "the event source mapping",
}
"""Actions by their beginnings, with the reason why no function calls them."""

NOT_CALLED_BY: Mapping[tuple[str, str], str] = {
    **{
        (role, "sqs:ChangeMessageVisibility"): "the event source mapping reports what has to come again"
        for role in ("ExportRole", "ReplayRole", "RestampRole", "SweepRole")
    },
    ("FanOutRole", "s3:PutObject"): "the event source mapping writes what failed with the function's role",
    ("FanOutRole", "s3:ListBucket"): "the event source mapping looks whether the bucket is there",
}
"""By role and action."""


def unused(made: Templates, used: Iterable[tuple[str, Grant]]) -> list[str]:
    """A line for each grant that is neither used nor excused."""
    used = set(used)
    return [
        f"{role}: {action} on {stack.read(listed(statements[number]['Resource'])[place])}"
        for stack in (Stack(name, made) for name in made)
        for role, statements in stack.statements().items()
        for number, action, place in grants(statements)
        if (role, (number, action, place)) not in used
        and (role, action) not in NOT_CALLED_BY
        and not action.startswith(tuple(NOT_CALLED))
    ]


def excuses_without_grant(made: Templates) -> set[Any]:
    """The excuses that nothing needs any more."""
    granted = {
        (role, action)
        for name in made
        for role, statements in Stack(name, made).statements().items()
        for _, action, _ in grants(statements)
    }
    general = {each for each in NOT_CALLED if not any(action.startswith(each) for _, action in granted)}
    return general | (set(NOT_CALLED_BY) - granted)


if __name__ == "__main__":
    lines = unused(templates(), used_in(USED_GRANTS))
    sys.exit("\n".join(["Nothing needed these grants; remove them, or test what needs them:", *lines]) if lines else 0)
