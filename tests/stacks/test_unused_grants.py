"""The check of grants that nothing needs (`make granted`) finds one, and excuses no more than there is."""

from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import policy, used_grants
from infra.local.aws.needs import Need
from infra.local.aws.used_grants import UsedGrants, used_in
from infra.local.template import Templates
from tests.support.unused_grants import excuses_without_grant, unused

STATEMENTS: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "key"},
    {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": ["t", "t/index/i"]},
    {
        "Effect": "Allow",
        "Action": "dynamodb:PutItem",
        "Resource": "t",
        "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "*#jobs"}},
    },
    {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"},
]


def test_a_grant_is_used_by_a_call_that_it_allows(tmp_path: Path) -> None:
    properties = {"Roles": [{"Ref": "QueryRole01234567"}], "PolicyDocument": {"Statement": STATEMENTS}}
    made = {"Any": {"Resources": {"Policy01234567": {"Type": "AWS::IAM::Policy", "Properties": properties}}}}
    used = UsedGrants(tmp_path)
    for action, resource in (("GetItem", "t"), ("Query", "t"), ("Query", "t/index/i"), ("PutItem", "t")):
        need = Need(f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": ["acme"]})
        used.note("QueryRole", STATEMENTS, need, need.context)
    assert unused(made, used_in(tmp_path)) == [
        "QueryRole: dynamodb:GetItem on t/index/i",
        "QueryRole: dynamodb:PutItem on t",
    ]


def test_two_calls_of_a_role_may_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is noted while the first is under way. That once raised, and the local AWS endpoint answered 500."""
    used = UsedGrants(tmp_path)
    first, second = (Need(f"dynamodb:{action}", "t", {}) for action in ("GetItem", "Query"))
    waiting = [second]

    def effect(*asked: Any) -> str | None:
        if waiting:
            used.note("QueryRole", STATEMENTS, waiting.pop(), {})
        return policy.effect(*asked)

    monkeypatch.setattr(used_grants, "effect", effect)
    used.note("QueryRole", STATEMENTS, first, {})
    assert used_in(tmp_path) == {("QueryRole", (1, f"dynamodb:{action}", 0)) for action in ("GetItem", "Query")}


def test_every_excuse_is_of_a_grant(synthesised: Templates) -> None:
    assert not excuses_without_grant(synthesised)
