"""Are changes told? Whether the messages on changes to what protects the log reach the topic."""

from collections.abc import Sequence

from aws_cdk import aws_events as events

from infra.constructs.monitoring import Alarm, Graph, Question
from infra.stacks.alarms import metrics


def changes_are_told(rules: Sequence[events.IRule]) -> Question:
    return Question(
        "Are changes told?",
        [
            Alarm(
                "ChangesNotTold",
                metrics.of_rules("FailedInvocations", rules),
                "EventBridge could not publish that something was changed which protects the log",
            )
        ],
        [Graph("Messages on changes, and those that failed", [metrics.of_rules("Invocations", rules)])],
    )
