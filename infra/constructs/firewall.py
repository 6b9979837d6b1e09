"""AWS WAF before the stage: it refuses calls before they reach the authorizer.

It blocks by address alone: by how often one calls, and by AWS's list of addresses that attack. All other rules of AWS
only count. The common rules block bodies over 8 KB, and evidence of an attack quotes the attack.
"""

from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

WINDOW_SECONDS = 300


class ManagedGroup(NamedTuple):
    name: str
    blocks: bool = False


# Together 1,177 capacity units with the rule on the rate; a web ACL's price covers 1,500.
MANAGED = (
    ManagedGroup("AmazonIpReputationList", blocks=True),
    ManagedGroup("AnonymousIpList"),
    ManagedGroup("CommonRuleSet"),
    ManagedGroup("KnownBadInputsRuleSet"),
    ManagedGroup("SQLiRuleSet"),
)


class Firewall(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: apigateway.Stage, rate: int, name: str) -> None:
        """`rate`: how many calls one address may make in five minutes. `name`: begins the names of the metrics."""
        super().__init__(scope, construct_id)
        acl = waf.CfnWebACL(
            self,
            "Acl",
            description="Daybook: blocks by address",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visibility(name),
            rules=[_by_rate(rate, name), *(_managed(group, number, name) for number, group in enumerate(MANAGED, 1))],
        )
        waf.CfnWebACLAssociation(self, "OfStage", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn)


def _by_rate(rate: int, name: str) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name="Rate",
        priority=0,
        action=waf.CfnWebACL.RuleActionProperty(block={}),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", evaluation_window_sec=WINDOW_SECONDS, limit=rate
            )
        ),
        visibility_config=_visibility(f"{name}-Rate"),
    )


def _managed(group: ManagedGroup, priority: int, name: str) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=group.name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(**({"none": {}} if group.blocks else {"count": {}})),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=f"AWSManagedRules{group.name}"
            )
        ),
        visibility_config=_visibility(f"{name}-{group.name}"),
    )


def _visibility(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=name,
        sampled_requests_enabled=False,  # a sample holds the whole URL, and so what people search for
    )
