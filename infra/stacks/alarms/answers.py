"""Do callers get answers? The canary, the API's errors, and what was refused."""

from aws_cdk import aws_apigateway as apigateway

from daybook import observability
from infra.constructs.monitoring import LASTING, PERIOD, Alarm, Graph, Question
from infra.stacks.alarms import metrics
from infra.stacks.alarms.metrics import OwnMetrics


def answers(stage: apigateway.Stage, own: OwnMetrics, firewall: str | None) -> Question:
    """`firewall`: the name of its metrics, if there is one."""
    calls = stage.metric_count(period=PERIOD)
    client_errors = stage.metric_client_error(period=PERIOD)
    server_errors = stage.metric_server_error(period=PERIOD)
    return Question(
        "Do callers get answers?",
        [
            Alarm(
                "CanaryFailed",
                own.gauge(observability.CANARY_FAILED),
                "an event that was sent could not be read back, or the canary does not run",
                points=LASTING,
                silence_breaches=True,
            ),
            Alarm(
                "CanaryNotSetUp",
                own.count(observability.CANARY_NOT_SET_UP),
                "the canary has no key yet: run infra.operate.set_up_canary",
            ),
            # The functions' errors don't show the 503 of a throttled store, nor the gateway's own failures.
            Alarm("ServerErrors", server_errors, "the API answered with a 5xx", points=LASTING),
            Alarm(
                "ClientErrors",
                metrics.refused_share(calls, client_errors),
                "half of the calls or more were refused with a 4xx",
                threshold=50,  # per cent
                points=LASTING,
            ),
            Alarm(
                "CredentialsRefused",
                own.count(observability.CREDENTIALS_REFUSED),
                "many calls come with credentials that are not valid",
                threshold=300,
                points=LASTING,
            ),
            Alarm(
                "IssuerFailures",
                own.count(observability.ISSUER_FAILURES),
                "the OIDC issuer gives no keys: an hour later every call with a token fails",
                points=LASTING,
            ),
            Alarm(
                "CallsLimited",
                own.count(observability.CALLS_LIMITED),
                "many calls were refused because their tenant is over a limit",
                threshold=300,
                points=LASTING,
            ),
            Alarm(
                "LimitsUnavailable",
                own.count(observability.LIMITS_UNAVAILABLE),
                "limits could not be counted, so calls were let through uncounted",
                points=LASTING,
            ),
        ],
        [
            Graph("Calls", [calls], [client_errors, server_errors]),
            Graph(
                "Milliseconds to the answer",
                [stage.metric_latency(period=PERIOD, statistic=each) for each in ("p50", "p99")],
                [own.gauge(observability.CANARY_MILLISECONDS)],
            ),
            *([Graph("Calls that the firewall blocked", [metrics.blocked(firewall)])] if firewall else ()),
        ],
    )
