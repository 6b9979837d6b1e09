"""Sends one alarm through from end to end: `python -m infra.operate.try_alarm`.

It sets one of the deployment's alarms off, waits until CloudWatch says what became of the message, and shows who is
subscribed. The alarm goes back by itself at its next evaluation. It sends a second message the way of those on changes,
by a rule of EventBridge. Nothing else is changed, so it can be run at any time.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.names import SERVICE, TRIAL_SOURCE, named
from infra.operate.aws import clients, which_stage
from infra.operate.failures import Stopped, in_sentences

REASON = "Daybook: a trial of the alarms. Nothing is wrong."
WAIT_SECONDS = 60
_PENDING = "PendingConfirmation"
_PUBLISHED = "Successfully executed action"
"""So an alarm's history begins what it says of an action that was done; otherwise it says why it failed."""


class NobodyHears(Stopped):
    """The alarm reached nobody. The message says why and what to do."""


@dataclass(frozen=True)
class Trial:
    cloudformation: Any
    cloudwatch: Any
    sns: Any
    events: Any
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep

    def run(self, stack: str) -> None:
        """Raises `NobodyHears`, and botocore's errors."""
        topic = self._topic(stack)
        confirmed = self._subscribers(topic)
        alarm = self._alarm(topic)
        began = datetime.now(UTC)
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason=REASON)
        self.say(f"{alarm} was set off.")
        self._wait_until_published(alarm, began)
        self.say("CloudWatch has published it to the topic.")
        self._tell_a_change(stack)
        self.say("EventBridge has taken a second message. It comes at once; if it can't, ChangesNotTold goes off.")
        if not confirmed:
            raise NobodyHears("Nobody has confirmed a subscription of the topic. See the links that AWS has sent.")

    def _topic(self, stack: str) -> str:
        (found,) = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        topic: str = outputs["AlarmTopic"]
        return topic

    def _subscribers(self, topic: str) -> int:
        """Shows them, and returns how many of them are confirmed."""
        confirmed = 0
        for page in self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for each in page["Subscriptions"]:
                is_pending = each["SubscriptionArn"] == _PENDING
                confirmed += not is_pending
                self.say(f"{each['Protocol']} {each['Endpoint']}: {'not confirmed' if is_pending else 'confirmed'}")
        return confirmed

    def _alarm(self, topic: str) -> str:
        """The name of an alarm that publishes to the topic. It is OK, for CloudWatch acts only when a state changes."""
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"], StateValue="OK")
        alarms = [
            str(alarm["AlarmName"])
            for page in pages
            for alarm in page["MetricAlarms"]
            if topic in alarm["AlarmActions"]
        ]
        if not alarms:
            raise NobodyHears(
                f"No alarm that publishes to {topic} is OK. A new deployment takes minutes; a laptop has none."
            )
        return min(alarms)

    def _tell_a_change(self, stack: str) -> None:
        """By the rule that is there for trials, as a change would be told."""
        event = {"Source": TRIAL_SOURCE, "DetailType": "Trial", "Detail": json.dumps({"stack": stack})}
        answer = self.events.put_events(Entries=[event])
        if answer["FailedEntryCount"]:
            raise NobodyHears(f"EventBridge did not take a message: {answer['Entries'][0]['ErrorMessage']}")

    def _wait_until_published(self, alarm: str, began: datetime) -> None:
        for _ in range(WAIT_SECONDS):
            history = self.cloudwatch.describe_alarm_history(
                AlarmName=alarm, HistoryItemType="Action", StartDate=began, ScanBy="TimestampAscending"
            )
            for item in history["AlarmHistoryItems"]:
                if item["HistorySummary"].startswith(_PUBLISHED):
                    return
                raise NobodyHears(f"CloudWatch could not publish to the topic: {item['HistorySummary']}")
            self.pause(1)
        raise NobodyHears(f"CloudWatch did not say within {WAIT_SECONDS} s what became of the message.")


@in_sentences("")
def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.try_alarm",
        parents=[which_stage()],
        description="Sets one alarm off, says what became of its message, and shows who is subscribed.",
    )
    options = parser.parse_args(arguments)
    cloudformation, cloudwatch, sns, events = map(clients(options), ("cloudformation", "cloudwatch", "sns", "events"))
    Trial(cloudformation, cloudwatch, sns, events, print).run(named(SERVICE, options.stage))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
