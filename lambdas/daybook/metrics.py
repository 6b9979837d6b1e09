"""Counts that operators are woken by, in CloudWatch's embedded metric format: a line of the log is a metric."""

import json
import sys

from daybook.clock import Clock

NAMESPACE = "Daybook"
GIVEN_UP = "EventsGivenUp"
UNREADABLE = "UnreadableEvents"


def count(name: str, value: int, clock: Clock) -> None:
    """One line, without tenants: an alarm wants one number, and each tenant's own is among its settings."""
    directive = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": clock(), "CloudWatchMetrics": [directive]}, name: value}
    sys.stdout.write(json.dumps(line) + "\n")
