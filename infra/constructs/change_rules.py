"""EventBridge rules that tell operators of a change to what protects the log, as CloudTrail records it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.names import TRIAL_SOURCE

Pattern = Mapping[str, Any]
"""Of EventBridge, over the `detail` of an event."""


class Change(NamedTuple):
    """Calls of one service that nobody makes unnoticed."""

    name: str
    service: str
    """As CloudTrail names it: `dynamodb`."""
    calls: Sequence[str | Pattern]
    """Names of API calls, or patterns of them."""
    meaning: str
    on: Pattern | None = None
    """A pattern of the call's `requestParameters`. None: whatever the call is about."""


class ChangeRules(Construct):
    """One rule for each change. What matches is told at once, by the topic that the alarms use.

    CloudTrail hands calls to EventBridge only where a trail logs management events: see the setting `create_trail`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, changes: Iterable[Change]) -> None:
        super().__init__(scope, construct_id)
        self._messages = {self._of_calls(change): _message(change) for change in changes}
        trial = self._rule(
            "Trial",
            "a trial of these messages",
            events.EventPattern(source=[TRIAL_SOURCE], detail={"stack": [Stack.of(self).stack_name]}),
        )
        self._messages[trial] = {"daybook": "a trial of these messages: nothing is wrong", "change": "Trial"}
        self.rules = [*self._messages]

    def tell(self, topic: sns.ITopic) -> None:
        """By a role: AWS says of EventBridge both that a topic's policy may have conditions and that it may not."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        for rule, message in self._messages.items():
            rule.add_target(targets.SnsTopic(topic, role=role, message=events.RuleTargetInput.from_object(message)))

    def _of_calls(self, change: Change) -> events.Rule:
        return self._rule(
            change.name,
            change.meaning,
            events.EventPattern(
                source=[f"aws.{change.service}"],
                detail_type=["AWS API Call via CloudTrail"],
                detail={
                    "eventSource": [f"{change.service}.amazonaws.com"],
                    "eventName": list(change.calls),
                    **({"requestParameters": change.on} if change.on else {}),
                },
            ),
        )

    def _rule(self, name: str, meaning: str, pattern: events.EventPattern) -> events.Rule:
        return events.Rule(self, name, description=f"Daybook: {meaning}", event_pattern=pattern)


def _message(change: Change) -> dict[str, str]:
    """Every field of the call is a part of a text: EventBridge leaves out what a call does not have, and a value that
    is such a field alone would leave JSON without a value.
    """
    field = events.EventField.from_path
    return {
        "daybook": change.meaning,
        "change": change.name,
        "call": f"{field('$.detail.eventName')} at {field('$.detail.eventTime')}",
        "caller": f"{field('$.detail.userIdentity.arn')} from {field('$.detail.sourceIPAddress')}",
        "outcome": f"error, if it was refused: {field('$.detail.errorCode')}",
        "cloudtrail_event": f"id {field('$.detail.eventID')}",
    }
