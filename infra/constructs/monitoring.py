"""How operators are told: a topic, the alarms that publish to it, and a dashboard."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

PERIOD = Duration.minutes(5)


class Alarm(NamedTuple):
    name: str
    metric: cloudwatch.IMetric
    meaning: str
    threshold: float = 1


class Monitoring(Construct):
    """The topic has no subscribers: operators decide who is woken."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Iterable[Alarm],
        api: apigateway.RestApi,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", display_name="Daybook alarms", enforce_ssl=True)
        for alarm in alarms:
            cloudwatch.Alarm(
                self,
                alarm.name,
                alarm_description=f"Daybook: {alarm.meaning}",
                metric=alarm.metric,
                threshold=alarm.threshold,
                evaluation_periods=1,
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
