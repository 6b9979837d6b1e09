"""What tells the operators: a few alarms on one topic, and a page of graphs."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from daybook import observability

_PERIOD = Duration.minutes(5)


class Watch(Construct):
    """Nobody is subscribed to the topic yet: whom to wake is the operators' own decision."""

    def __init__(  # noqa: PLR0913  one for each kind of thing that is watched, all by name
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        functions: Mapping[str, lambda_.IFunction],
        readers: Mapping[str, lambda_.IFunction],
        dead_letters: Mapping[str, sqs.IQueue],
    ) -> None:
        """`functions` answer callers, `readers` a stream or a queue; nobody reads `dead_letters` but an operator."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", display_name="Daybook alarms", enforce_ssl=True)
        for name, function in {**functions, **readers}.items():
            consequence = "callers got a 5xx" if name in functions else "what it read comes again"
            self._alarm(
                f"{_title(name)}Errors",
                function.metric_errors(period=_PERIOD),
                f"{name} crashed or ran out of time: {consequence}",
            )
            self._alarm(
                f"{_title(name)}Throttles",
                function.metric_throttles(period=_PERIOD),
                f"{name} was refused for want of concurrency: raise the account's limit",
            )
        # Beyond what the functions' own errors say: the 503 of a throttled store, and the gateway's own failures.
        self._alarm("ServerErrors", api.metric_server_error(period=_PERIOD), "the API answered 5xx")
        for name, queue in dead_letters.items():
            self._alarm(
                name,
                queue.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="max"),
                "what could not be handled waits in a queue for 14 days: look at it, then replay",
            )
        for metric, description in (
            (
                observability.GIVEN_UP,
                "events were given up: a customer's stream failed for 14 days, or takes none so large",
            ),
            (observability.UNREADABLE, "items in the events table that are no events"),
        ):
            counted = cloudwatch.Metric(
                namespace=observability.NAMESPACE, metric_name=metric, period=_PERIOD, statistic="sum"
            )
            self._alarm(metric, counted, description)
        self._alarm(
            "FanOutBehind",
            readers["fan_out"].metric("IteratorAge", period=_PERIOD, statistic="max"),
            "customers' streams are more than a minute behind",
            threshold=60_000,  # milliseconds
        )
        self._graphs(api, {**functions, **readers})

    def _alarm(self, construct_id: str, metric: cloudwatch.Metric, description: str, *, threshold: float = 1) -> None:
        cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"Daybook: {description}",
            metric=metric,
            threshold=threshold,
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


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
