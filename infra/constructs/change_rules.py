"""EventBridge rules that tell operators of a change to what protects the log, as CloudTrail records it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

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

    def __init__(self, scope: Construct, construct_id: str, *, changes: Iterable[Change], topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self.rules = [
            events.Rule(
                self,
                change.name,
                description=f"Daybook: {change.meaning}",
                event_pattern=events.EventPattern(
                    source=[f"aws.{change.service}"],
                    detail_type=["AWS API Call via CloudTrail"],
                    detail={
                        "eventSource": [f"{change.service}.amazonaws.com"],
                        "eventName": list(change.calls),
                        **({"requestParameters": change.on} if change.on else {}),
                    },
                ),
                targets=[_Told(topic, change)],
            )
            for change in changes
        ]


@jsii.implements(events.IRuleTarget)
class _Told:
    """CDK's own target would let every account's rules publish to the topic. The topic's policy admits ours already."""

    def __init__(self, topic: sns.ITopic, change: Change) -> None:
        self._topic = topic
        self._change = change

    def bind(self, _rule: IConstruct, _id: str | None = None) -> events.RuleTargetConfig:
        field = events.EventField.from_path
        message = {
            "daybook": self._change.meaning,
            "change": self._change.name,
            "call": field("$.detail.eventName"),
            "by": field("$.detail.userIdentity.arn"),
            "from": field("$.detail.sourceIPAddress"),
            "at": field("$.detail.eventTime"),
            "refused": field("$.detail.errorCode"),
            "cloudtrail_event": field("$.detail.eventID"),
        }
        return events.RuleTargetConfig(arn=self._topic.topic_arn, input=events.RuleTargetInput.from_object(message))
