"""Do the functions run? Their errors and throttles, and the account's concurrency."""

from collections.abc import Mapping
from math import ceil

from aws_cdk import aws_lambda as lambda_

from infra.constructs.monitoring import LASTING, PERIOD, Alarm, Graph, Question
from infra.functions import API_FUNCTIONS, title
from infra.stacks.alarms import metrics


def functions_run(functions: Mapping[str, lambda_.IFunction], account_concurrency: int) -> Question:
    errors = {name: function.metric_errors(period=PERIOD, label=name) for name, function in functions.items()}
    throttles = {name: function.metric_throttles(period=PERIOD, label=name) for name, function in functions.items()}
    called = API_FUNCTIONS | {"authorize"}
    return Question(
        "Do the functions run?",
        [
            *(
                Alarm(
                    f"{title(name)}Errors",
                    metric,
                    f"{name} crashed or timed out: "
                    + ("callers got a 5xx" if name in called else "what it was to do will be tried again"),
                    points=LASTING,
                )
                for name, metric in errors.items()
            ),
            *(
                Alarm(
                    f"{title(name)}Throttles",
                    metric,
                    f"{name} was refused for lack of concurrency: raise the account's limit",
                    points=LASTING,
                )
                for name, metric in throttles.items()
            ),
            Alarm(
                "ConcurrencyNearLimit",
                metrics.concurrency(),
                "the account uses four fifths of its concurrency: beyond it, calls fail",
                threshold=ceil(account_concurrency * 4 / 5),
                points=LASTING,
            ),
        ],
        [
            Graph("Errors", [*errors.values()]),
            Graph("Throttles", [*throttles.values()], [metrics.concurrency()]),
            Graph(
                "Milliseconds, 99th percentile",
                [
                    function.metric_duration(period=PERIOD, statistic="p99", label=name)
                    for name, function in functions.items()
                ],
            ),
        ],
    )
