"""Policies have the effect that the IAM User Guide describes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from infra.local.aws.iam import KEYS
from infra.local.aws.policy import UnknownPolicy, allows, check, effect

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table"
LEADING, ATTRIBUTES, SELECT = "dynamodb:LeadingKeys", "dynamodb:Attributes", "dynamodb:Select"
TENANT, ARN = "aws:PrincipalTag/tenant", "aws:PrincipalArn"


def statement(effect: str, action: Any, resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **others}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([], None),
        ([statement("Allow", "dynamodb:GetItem", f"{TABLE}/t")], "Allow"),
        ([statement("Allow", "DynamoDB:getitem", f"{TABLE}/t")], "Allow"),  # actions have no case
        ([statement("Allow", ["a:B", "dynamodb:GetItem"], ["x", f"{TABLE}/t"])], "Allow"),
        ([statement("Allow", "dynamodb:*")], "Allow"),
        ([statement("Allow", "dynamodb:GetIte?", f"{TABLE}/?")], "Allow"),
        ([statement("Allow", "dynamodb:GetItem", f"{TABLE}/t/index/*")], None),
        ([statement("Allow", "dynamodb:Get", f"{TABLE}/t")], None),
        ([statement("Deny", "dynamodb:GetItem", f"{TABLE}/t"), statement("Allow", "*")], "Deny"),
    ],
)
def test_a_denial_wins_and_what_nothing_names_has_no_effect(
    statements: list[dict[str, Any]], found: str | None
) -> None:
    assert effect(statements, "dynamodb:GetItem", f"{TABLE}/t") == found


@pytest.mark.parametrize(
    ("condition", "context", "met"),
    [
        # A single value equals one of the policy's, with regard to case. A missing key equals nothing.
        ({"StringEquals": {SELECT: ["COUNT", "ALL"]}}, {SELECT: "ALL"}, True),
        ({"StringEquals": {SELECT: "ALL"}}, {SELECT: "all"}, False),
        ({"StringEquals": {SELECT: "ALL"}}, {}, False),
        ({"StringEqualsIfExists": {SELECT: "ALL"}}, {}, True),
        ({"StringEqualsIfExists": {SELECT: "ALL"}}, {SELECT: "COUNT"}, False),
        # A negated operator is met by a missing key, with IfExists and without; of several values none may match.
        ({"StringNotEquals": {SELECT: ["COUNT", "ALL"]}}, {SELECT: "ALL"}, False),
        ({"StringNotEquals": {SELECT: ["COUNT", "ALL"]}}, {SELECT: "SOME"}, True),
        ({"StringNotEquals": {SELECT: "ALL"}}, {}, True),
        ({"StringNotEqualsIfExists": {SELECT: "ALL"}}, {}, True),
        ({"StringLike": {SELECT: "A*"}}, {SELECT: "ALL"}, True),
        ({"StringLike": {SELECT: "A?"}}, {SELECT: "ALL"}, False),
        ({"StringNotLike": {SELECT: "A*"}}, {SELECT: "ALL"}, False),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, {"aws:PrincipalIsAWSService": "false"}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, {"aws:PrincipalIsAWSService": "true"}, False),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, {}, False),
        ({"Null": {"sts:ExternalId": "false"}}, {}, False),
        ({"Null": {"sts:ExternalId": "false"}}, {"sts:ExternalId": "x"}, True),
        ({"Null": {"sts:ExternalId": "true"}}, {}, True),
        ({"Null": {LEADING: "false"}}, {LEADING: []}, False),
        # Each part of an ARN is compared for itself.
        ({"ArnLike": {ARN: "arn:aws:iam::*:role/a*"}}, {ARN: "arn:aws:iam::1:role/ab"}, True),
        ({"ArnLike": {ARN: "arn:*:role/a"}}, {ARN: "arn:aws:iam::1:role/a"}, False),
        ({"ArnNotEquals": {ARN: "arn:aws:iam::1:role/a"}}, {ARN: "arn:aws:iam::1:role/b"}, True),
        # Every value of the call has to match one of the policy's; without any value that holds as well.
        ({"ForAllValues:StringLike": {LEADING: ["a#*", "a"]}}, {LEADING: ["a", "a#1"]}, True),
        ({"ForAllValues:StringLike": {LEADING: ["a#*", "a"]}}, {LEADING: ["a", "b#1"]}, False),
        ({"ForAllValues:StringLike": {LEADING: "a"}}, {LEADING: []}, True),
        ({"ForAllValues:StringLike": {LEADING: "a"}}, {}, True),
        ({"ForAllValues:StringNotLike": {LEADING: ["a*", "b"]}}, {LEADING: ["c", "a1"]}, False),
        ({"ForAllValues:StringNotLike": {LEADING: ["a*", "b"]}}, {LEADING: ["c", "d"]}, True),
        # Of these, one is enough, and there has to be one.
        ({"ForAnyValue:StringEquals": {ATTRIBUTES: ["pk", "z"]}}, {ATTRIBUTES: ["f", "z"]}, True),
        ({"ForAnyValue:StringEquals": {ATTRIBUTES: ["pk", "z"]}}, {ATTRIBUTES: ["f"]}, False),
        ({"ForAnyValue:StringEquals": {ATTRIBUTES: "z"}}, {}, False),
        # All operators and all keys have to be met.
        ({"StringEquals": {SELECT: "ALL", "dynamodb:ReturnValues": "NONE"}}, {SELECT: "ALL"}, False),
        ({"StringEquals": {SELECT: "ALL"}, "Null": {LEADING: "false"}}, {SELECT: "ALL"}, False),
        # A variable stands for its value; without a value it equals nothing, and is unlike everything.
        ({"ForAllValues:StringLike": {LEADING: [f"${{{TENANT}}}#*"]}}, {LEADING: ["a#1"], TENANT: "a"}, True),
        ({"ForAllValues:StringLike": {LEADING: [f"${{{TENANT}}}#*"]}}, {LEADING: ["b#1"], TENANT: "a"}, False),
        ({"ForAllValues:StringLike": {LEADING: [f"${{{TENANT}}}#*"]}}, {LEADING: ["#1"]}, False),
        ({"StringNotEquals": {SELECT: f"${{{TENANT}}}"}}, {SELECT: "x"}, True),
    ],
)  # fmt: skip
def test_a_condition_is_met_as_aws_documents_it(
    condition: Mapping[str, Any], context: Mapping[str, str | Sequence[str]], met: bool
) -> None:
    check([statement("Allow", "a:B", Condition=condition)], KEYS)
    assert allows([statement("Allow", "a:B", Condition=condition)], "a:B", "r", context) is met


ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ["arn:aws:iam::123456789012:role/q", ROLE]}, True),
        ({"AWS": "123456789012"}, True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, True),
        ({"AWS": "arn:aws:iam::999999999999:root"}, False),
        ({"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_policy_of_a_resource_is_about_the_principals_that_it_names(principal: Any, named: bool) -> None:
    assert allows([statement("Allow", "a:B", Principal=principal)], "a:B", "r", None, ROLE) is named


@pytest.mark.parametrize(
    ("unknown", "what"),
    [
        ({"Condition": {"DateLessThan": {SELECT: "x"}}}, "the operator DateLessThan"),
        ({"Condition": {"NullIfExists": {SELECT: "true"}}}, "the operator NullIfExists"),
        ({"Condition": {"ForNoValue:StringLike": {LEADING: "x"}}}, "the operator ForNoValue:StringLike"),
        (
            {"Condition": {"ForAllValues:StringLikeIfExists": {LEADING: "x"}}},
            "the operator ForAllValues:StringLikeI",
        ),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "x"}}}, "the key aws:SourceVpc"),
        ({"Condition": {"StringEquals": {SELECT: "${aws:userid}"}}}, "the key aws:userid"),
        # A key with several values needs a qualifier, and only such a key may have one.
        ({"Condition": {"StringLike": {LEADING: "x"}}}, f"the operator StringLike with the key {LEADING}"),
        ({"Condition": {"ForAnyValue:StringLike": {SELECT: "x"}}}, f"ForAnyValue:StringLike with the key {SELECT}"),
        ({"NotPrincipal": "*"}, "the element NotPrincipal"),
        ({"Resource": "arn:${aws:userid}"}, "the key aws:userid"),
    ],
)
def test_what_is_not_evaluated_is_an_error(unknown: dict[str, Any], what: str) -> None:
    """It never counts as met."""
    with pytest.raises(UnknownPolicy, match=what.replace("$", r"\$")):
        check([statement("Allow", "a:B") | unknown], KEYS)
