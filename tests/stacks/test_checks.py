"""`make check` fails on a finding in the templates without a reason, and on a reason without a finding."""

from infra.checks.acknowledged import Acknowledgement
from infra.checks.nag import Finding, judge

WILD = Finding(r"IAM5[Resource::*]", "Ingest/Role/DefaultPolicy/Resource", "a wildcard")
ROLES = Acknowledgement(r"IAM5\[Resource::\*\]", ".*/DefaultPolicy/.*", "a reason")


def test_a_finding_needs_a_reason() -> None:
    assert judge([WILD], [ROLES]) == ([], [])
    assert judge([WILD], []) == ([WILD], [])


def test_a_reason_covers_its_own_rule_and_its_own_place() -> None:
    action = WILD._replace(rule="IAM5[Action::s3:*]")
    elsewhere = WILD._replace(path="Bucket/Policy/Resource")
    assert judge([WILD, action, elsewhere], [ROLES]) == ([action, elsewhere], [])


def test_a_reason_without_a_finding_is_out_of_date() -> None:
    assert judge([], [ROLES]) == ([], [ROLES])
