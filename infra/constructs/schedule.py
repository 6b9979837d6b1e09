"""Invokes a function at a fixed rate. docs/decisions/ticks.md says why by a rule and not by EventBridge Scheduler."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

MINUTE = Duration.minutes(1)  # the shortest period of a rule


class Ticks(Construct):
    """A tick is lost rather than late: the next one does its work. EventBridge may deliver a tick more than once."""

    def __init__(
        self, scope: Construct, construct_id: str, *, function: lambda_.Function, period: Duration = MINUTE
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "Rule",
            schedule=events.Schedule.rate(period),
            # EventBridge's own retries, until Lambda has accepted the tick: 185 in 24 h by default.
            targets=[targets.LambdaFunction(function, retry_attempts=0, max_event_age=MINUTE)],
        )
        # EventBridge invokes asynchronously. Lambda itself would try a failed tick twice more, and a throttled one for
        # six hours. What a queue or a stream invokes is not concerned.
        lambda_.EventInvokeConfig(self, "Ticks", function=function, retry_attempts=0, max_event_age=MINUTE)
