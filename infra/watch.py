"""What tells the operators: a few alarms on one topic, and a page of graphs."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

_PERIOD = Duration.minutes(5)


class Watch(Construct):
    """Nobody is subscribed to the topic yet: whom to wake is the operators' own decision."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", display_name="Daybook alarms", enforce_ssl=True)
        for name, function in functions.items():
            self._alarm(
                f"{name.capitalize()}Errors",
                function.metric_errors(period=_PERIOD),
                f"{name} crashed or ran out of time: callers got a 5xx",
            )
            self._alarm(
                f"{name.capitalize()}Throttles",
                function.metric_throttles(period=_PERIOD),
                f"{name} was refused for want of concurrency: raise the account's limit",
            )
        # Beyond what the functions' own errors say: the 503 of a throttled store, and the gateway's own failures.
        self._alarm("ServerErrors", api.metric_server_error(period=_PERIOD), "the API answered 5xx")
        self._graphs(api, functions)

    def _alarm(self, construct_id: str, metric: cloudwatch.Metric, description: str) -> None:
        cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"Daybook: {description}",
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(self.topic))

    def _graphs(self, api: apigateway.RestApi, functions: Mapping[str, lambda_.IFunction]) -> None:
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            widgets=[
                [
                    cloudwatch.GraphWidget(
                        title="Calls",
                        left=[api.metric_count(period=_PERIOD)],
                        right=[
                            api.metric_client_error(period=_PERIOD),
                            api.metric_server_error(period=_PERIOD),
                        ],
                    ),
                    cloudwatch.GraphWidget(
                        title="Milliseconds to the answer",
                        left=[
                            api.metric_latency(period=_PERIOD, statistic="p50"),
                            api.metric_latency(period=_PERIOD, statistic="p99"),
                        ],
                    ),
                ],
                [
                    cloudwatch.GraphWidget(
                        title="Functions: p99 of milliseconds",
                        left=[
                            function.metric_duration(period=_PERIOD, statistic="p99", label=name)
                            for name, function in functions.items()
                        ],
                    ),
                    cloudwatch.GraphWidget(
                        title="Functions: errors and throttles",
                        left=[
                            function.metric_errors(period=_PERIOD, label=f"{name} errors")
                            for name, function in functions.items()
                        ],
                        right=[
                            function.metric_throttles(period=_PERIOD, label=f"{name} throttles")
                            for name, function in functions.items()
                        ],
                    ),
                ],
            ],
        )
