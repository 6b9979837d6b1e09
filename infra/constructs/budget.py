"""Tells operators when the month's bill nears what it may be."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

_TOLD_AT = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))  # per cent; AWS forecasts after about five weeks


class Budget(Construct):
    """Of the whole account: AWS can tell one deployment's share only by tags that somebody has activated for billing.

    It stops nothing. AWS updates a bill a few times a day.
    """

    def __init__(self, scope: Construct, construct_id: str, *, dollars: int, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=dollars, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=per_cent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
                    ],
                )
                for kind, per_cent in _TOLD_AT
            ],
        )
