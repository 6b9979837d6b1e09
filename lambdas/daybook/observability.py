"""Counts that operators are woken by, in CloudWatch's embedded metric format: a line of the log is a metric."""

import json
import sys
import time

from aws_lambda_powertools import Logger

from daybook.clock import Clock

logger = Logger(service="daybook", use_rfc3339=True, utc=True)


def log_access(  # noqa: PLR0913  the line's fields, all by name
    *,
    request_id: str,
    tenant: str,
    credential: str,
    role: str,
    method: str,
    route: str,
    status: int,
    started: float,
) -> None:
    """The one line that each call leaves, for operators only; `started` is `time.monotonic()`'s."""
    logger.info(
        "access",
        extra={
            "request_id": request_id,
            "tenant": tenant,
            "credential": credential,
            "role": role,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round((time.monotonic() - started) * 1000),
        },
    )


NAMESPACE = "Daybook"
GIVEN_UP = "EventsGivenUp"
UNREADABLE = "UnreadableEvents"


def count(name: str, value: int, clock: Clock) -> None:
    """One line, without tenants: an alarm wants one number, and each tenant's own is among its settings."""
    directive = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": clock(), "CloudWatchMetrics": [directive]}, name: value}
    sys.stdout.write(json.dumps(line) + "\n")
