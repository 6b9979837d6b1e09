"""How operators are told: a topic, the alarms that publish to it, and a dashboard."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

PERIOD = Duration.minutes(5)

_PUBLISHERS = ("cloudwatch", "events", "budgets")
"""AWS's services that may publish to the topic, on behalf of this account alone."""


class Points(NamedTuple):
    """How many of the last periods have to breach."""

    breaching: int
    looked_at: int


ONCE = Points(1, 1)
LASTING = Points(2, 3)
"""One call that failed and was tried again wakes nobody."""


class Alarm(NamedTuple):
    name: str
    metric: cloudwatch.IMetric
    meaning: str
    threshold: float = 1
    points: Points = ONCE


class Monitoring(Construct):
    """The topic's subscribers are woken: one by e-mail if `email` is given, and whoever else operators subscribe."""

    def __init__(  # noqa: PLR0913  a construct's properties, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Iterable[Alarm],
        api: apigateway.RestApi,
        functions: Mapping[str, lambda_.IFunction],
        email: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", display_name="Daybook alarms", enforce_ssl=True)
        # `enforce_ssl` gives the topic a policy, and a policy replaces SNS's own, which admits the account's services.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com") for service in _PUBLISHERS],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for alarm in alarms:
            cloudwatch.Alarm(
                self,
                alarm.name,
                alarm_description=f"Daybook: {alarm.meaning}",
                metric=alarm.metric,
                threshold=alarm.threshold,
                evaluation_periods=alarm.points.looked_at,
                datapoints_to_alarm=alarm.points.breaching,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ).add_alarm_action(actions.SnsAction(self.topic))
        cloudwatch.Dashboard(self, "Dashboard", widgets=[_api_graphs(api), _function_graphs(functions)])


def _api_graphs(api: apigateway.RestApi) -> list[cloudwatch.IWidget]:
    return [
        cloudwatch.GraphWidget(
            title="Calls",
            left=[api.metric_count(period=PERIOD)],
            right=[api.metric_client_error(period=PERIOD), api.metric_server_error(period=PERIOD)],
        ),
        cloudwatch.GraphWidget(
            title="Milliseconds to the answer",
            left=[
                api.metric_latency(period=PERIOD, statistic="p50"),
                api.metric_latency(period=PERIOD, statistic="p99"),
            ],
        ),
    ]


def _function_graphs(functions: Mapping[str, lambda_.IFunction]) -> list[cloudwatch.IWidget]:
    return [
        cloudwatch.GraphWidget(
            title="Functions: p99 of milliseconds",
            left=[
                function.metric_duration(period=PERIOD, statistic="p99", label=name)
                for name, function in functions.items()
            ],
        ),
        cloudwatch.GraphWidget(
            title="Functions: errors and throttles",
            left=[
                function.metric_errors(period=PERIOD, label=f"{name} errors") for name, function in functions.items()
            ],
            right=[
                function.metric_throttles(period=PERIOD, label=f"{name} throttles")
                for name, function in functions.items()
            ],
        ),
    ]
