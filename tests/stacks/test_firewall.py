"""WAF, where a deployment asks for it."""

import json

import pytest

from infra.deployment import SERVICE
from infra.local.template import Templates
from tests.stacks.conftest import OTHER
from tests.support.templates import Stack


@pytest.fixture(scope="module")
def walled(other: Templates) -> Stack:
    return Stack(f"{SERVICE}-trial", other)


def test_without_the_setting_there_is_no_firewall(service: Stack) -> None:
    """It costs a base price each month."""
    assert not service.properties("AWS::WAFv2::WebACL")


def test_it_blocks_by_address_alone(walled: Stack) -> None:
    """By the rate that the setting names, and by AWS's list of attackers. All other groups count, and all is allowed
    that no rule blocks: the common rules would block bodies over 8 KB.
    """
    (acl,) = walled.properties("AWS::WAFv2::WebACL").values()
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    rate, *managed = sorted(acl["Rules"], key=lambda rule: rule["Priority"])
    assert rate["Action"] == {"Block": {}}
    assert rate["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": OTHER["waf_rate"],
    }
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: next(iter(rule["OverrideAction"])) for rule in managed
    }
    assert groups.pop("AWSManagedRulesAmazonIpReputationList") == "None"
    assert {*groups.values()} == {"Count"}
    assert "AWSManagedRulesCommonRuleSet" in groups


def test_it_stands_before_the_stage_and_keeps_no_samples(walled: Stack) -> None:
    """Samples hold whole URLs, and so what people search for."""
    (association,) = walled.properties("AWS::WAFv2::WebACLAssociation").values()
    assert "/restapis/" in str(association["ResourceArn"])
    assert "GatewayApiDeploymentStage" in str(association["ResourceArn"])
    (acl,) = walled.properties("AWS::WAFv2::WebACL").values()
    for part in (acl, *acl["Rules"]):
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is False


def test_its_metrics_are_of_its_deployment(walled: Stack) -> None:
    """All firewalls of a region share a namespace. The dashboard shows what this one blocks."""
    (acl,) = walled.properties("AWS::WAFv2::WebACL").values()
    assert acl["VisibilityConfig"]["MetricName"] == "Daybook-trial"
    assert all(rule["VisibilityConfig"]["MetricName"].startswith("Daybook-trial-") for rule in acl["Rules"])
    (dashboard,) = walled.properties("AWS::CloudWatch::Dashboard").values()
    body = json.loads(walled.read(dashboard["DashboardBody"]))
    shown = [metric for each in body["widgets"] for metric in each["properties"].get("metrics", ())]
    (blocked,) = (metric for metric in shown if metric[:2] == ["AWS/WAFV2", "BlockedRequests"])
    dimensions = dict(zip(blocked[2:-1:2], blocked[3:-1:2], strict=True))
    assert dimensions == {"WebACL": "Daybook-trial", "Rule": "ALL", "Region": "AWS::Region"}
