"""What operators see of the functions: one logger, one access-log line a call, and the metrics that alarms watch."""

import json
import os
import sys
import time

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.base import SingleMetric
from aws_lambda_powertools.shared import constants

logger = Logger(service="daybook", use_rfc3339=True, utc=True)

NAMESPACE = "Daybook"
"""Where the function's environment names no other: each deployment in an account has its own."""
GIVEN_UP = "EventsGivenUp"
UNREADABLE = "UnreadableEvents"
JOBS_POSTPONED = "JobsPostponed"
"""A message came before its job's row, or while another worker had the job, or could not claim it."""
JOBS_WAITING = "JobsWaiting"
"""A job waits: its store is throttled, or what it works on is not ready."""
JOBS_FAILED = "JobsFailed"
"""A job can't be done, for a reason that its tenant can change."""
JOBS_GIVEN_UP = "JobsGivenUp"
"""A job failed although nothing was wrong with what was asked: after five attempts, or a day of throttling."""
JOBS_UNENDING = "JobsUnending"
"""A job was handed over two days or more after it was asked for."""
EXPORTS_RESTARTED = "ExportsRestarted"
"""An export began anew: its retention was shortened, or somebody was forgotten."""
CALLS_LIMITED = "CallsLimited"
"""A call was refused because its tenant is past a limit."""
LIMITS_UNAVAILABLE = "LimitsUnavailable"
"""What a tenant uses could not be counted, so it is admitted."""
EVENTS_PARKED = "EventsParked"
EVENTS_REDELIVERED = "EventsRedelivered"
STREAMS_FAILING = "StreamsFailing"
STREAMS_FAILING_A_DAY = "StreamsFailingForADay"
STREAMS_SLOW = "StreamsSlow"
DRAIN_REQUESTS_LOST = "DrainRequestsLost"
DRAINS_OVERDUE = "DrainsOverdue"
LEDGER_POISON = "LedgerPoison"
"""Stored events, or records of the stream, that the ledger can't read."""
LEDGER_PARKED = "LedgerParked"
"""Events that could not be appended to their log in time. A queue brings their keys again."""
CREDENTIALS_REFUSED = "CredentialsRefused"
CANARY_FAILED = "CanaryFailed"
"""0 where an event was sent and read back, else 1."""
CANARY_NOT_SET_UP = "CanaryNotSetUp"
CANARY_MILLISECONDS = "CanaryMilliseconds"
OLDEST_PARKED = "OldestParkedSeconds"
ISSUER_FAILURES = "IssuerFailures"
"""The OIDC issuer gave no keys. Those that are known are used until they are an hour old."""
LOGS_SIGNED = "LogsSigned"
SIGNING_REFUSED = "SigningRefused"
"""The head of a log does not extend what was signed of it."""
TAMPER_FOUND = "TamperFound"
"""A stored event was changed or removed by somebody else than Daybook."""
EVENTS_MISSING = "EventsMissing"
"""The ledger has an entry whose event is gone, and no retention explains it."""
FOLD_SECONDS_BEHIND = "FoldSecondsBehind"
"""How long ago the first entry was appended that a log's fold could not fold."""
_UNITS = {
    FOLD_SECONDS_BEHIND: MetricUnit.Seconds,
    OLDEST_PARKED: MetricUnit.Seconds,
    CANARY_MILLISECONDS: MetricUnit.Milliseconds,
}
"""All others are counts."""


def name_call(request_id: str, extended_request_id: str) -> None:
    """Every line that is logged from now on names this call. An instance of a function answers one call at a time."""
    logger.append_keys(request_id=request_id, extended_request_id=extended_request_id)


def log_access(  # noqa: PLR0913  the line's fields, all by name
    *,
    tenant: str,
    credential: str,
    role: str,
    method: str,
    route: str,
    status: int,
    started: float,
) -> None:
    """Writes the access-log line of the call that `name_call` named, for operators only.

    `started` is a value of `time.monotonic()`.
    """
    logger.info(
        "access",
        extra={
            "tenant": tenant,
            "credential": credential,
            "role": role,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round((time.monotonic() - started) * 1000),
        },
    )


def count(name: str, value: int) -> None:
    """Adds to a metric, without dimensions: an alarm needs one number, and each tenant's own is in its settings.

    Writes one line in CloudWatch's embedded metric format, in a single write: the format needs a line of its own.
    Powertools' `single_metric` prints text and line break apart, so that lines of two threads can run together, and its
    `Metrics`, which collects values first, counted 32,193 to 32,493 for 32,000 from 32 threads.
    """
    if value:
        gauge(name, value)


def gauge(name: str, value: int) -> None:
    """Sets a metric, also to zero. It has no dimensions either."""
    metric = SingleMetric(namespace=os.environ.get(constants.METRICS_NAMESPACE_ENV, NAMESPACE))
    metric.add_metric(name=name, unit=_UNITS.get(name, MetricUnit.Count), value=value)
    sys.stdout.write(json.dumps(metric.serialize_metric_set(), separators=(",", ":")) + "\n")
