"""How operators are told: a topic, the alarms that publish to it, and a dashboard of the same questions."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

PERIOD = Duration.minutes(5)
RUNBOOK = "docs/operations/runbook.md"
ALL = "Is it well? Every alarm"

_PUBLISHERS = ("cloudwatch", "events", "budgets")
"""AWS's services that may publish to the topic, on behalf of this account alone."""
_WIDTH = 24  # of a dashboard, in CloudWatch's own units


class Points(NamedTuple):
    """How many of the last periods have to breach."""

    breaching: int
    looked_at: int


ONCE = Points(1, 1)
LASTING = Points(2, 3)
"""One call that failed and was tried again wakes nobody."""


class Alarm(NamedTuple):
    """Goes off when the metric reaches the threshold."""

    name: str
    metric: cloudwatch.IMetric
    meaning: str
    threshold: float = 1
    points: Points = ONCE
    silence_breaches: bool = False
    """Whether it goes off where the metric is missing, too: what writes it each minute or so must have stopped."""


class Graph(NamedTuple):
    title: str
    left: Sequence[cloudwatch.IMetric]
    right: Sequence[cloudwatch.IMetric] = ()


class Question(NamedTuple):
    """What operators want to know. Its alarms answer it, and its graphs say more."""

    text: str
    alarms: Sequence[Alarm]
    graphs: Sequence[Graph]


class Monitoring(Construct):
    """The topic's subscribers are woken: one by e-mail if `email` is given, and whoever else operators subscribe.

    The dashboard begins with the states of all alarms. Below, each question has a row.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, questions: Iterable[Question], email: str | None = None
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
        rows = [(question, [self._alarm(alarm) for alarm in question.alarms]) for question in questions]
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            widgets=[
                [_states(ALL, [alarm for _, made in rows for alarm in made])],
                *([_states(question.text, made), *_graphs(question.graphs)] for question, made in rows),
            ],
        )

    def _alarm(self, alarm: Alarm) -> cloudwatch.Alarm:
        made = cloudwatch.Alarm(
            self,
            alarm.name,
            alarm_description=f"Daybook: {alarm.meaning}. Look for {alarm.name} in {RUNBOOK}",
            metric=alarm.metric,
            threshold=alarm.threshold,
            evaluation_periods=alarm.points.looked_at,
            datapoints_to_alarm=alarm.points.breaching,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if alarm.silence_breaches
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        made.add_alarm_action(actions.SnsAction(self.topic))
        return made


def _states(title: str, alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.IWidget:
    return cloudwatch.AlarmStatusWidget(
        title=title,
        alarms=alarms,
        width=_WIDTH,
        height=1 + -(-len(alarms) // 4),
        sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
    )


def _graphs(graphs: Sequence[Graph]) -> list[cloudwatch.IWidget]:
    return [
        cloudwatch.GraphWidget(
            title=graph.title, left=list(graph.left), right=list(graph.right), width=_WIDTH // len(graphs)
        )
        for graph in graphs
    ]
