"""The metrics that the alarms and the dashboard read, beside those that the CDK knows by itself."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events

from infra.constructs.monitoring import PERIOD

_FEW_CALLS = 300
"""A share of fewer calls in five minutes says nothing."""


class OwnMetrics:
    """Those that functions write by `daybook.observability`, without dimensions."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, name: str) -> cloudwatch.Metric:
        return self._metric(name, "Sum")

    def gauge(self, name: str) -> cloudwatch.Metric:
        return self._metric(name, "Maximum")

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self._namespace, metric_name=name, label=name, period=PERIOD, statistic=statistic
        )


def throttled(table: dynamodb.ITable, indexes: Sequence[str]) -> cloudwatch.MathExpression:
    """Reads and writes that DynamoDB refused, of the table and its indexes: the table's own metrics leave indexes out.

    The alarm may have 10 metrics: enough for four indexes. DynamoDB writes them only while it throttles, and an alarm
    keeps its state where values of DynamoDB are missing. So what is missing is filled with 0.
    """
    parts = [
        _of_table(f"{kind}ThrottleEvents", table, index) for kind in ("Read", "Write") for index in (None, *indexes)
    ]
    return _sum({f"m{number}": part for number, part in enumerate(parts)})


def of_rules(name: str, rules: Sequence[events.IRule]) -> cloudwatch.MathExpression:
    """The sum over rules of EventBridge, at most ten. EventBridge leaves zeros out, so they are filled in."""
    parts = {
        f"m{number}": cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name=name,
            dimensions_map={"RuleName": rule.rule_name},
            statistic="Sum",
            period=PERIOD,
        )
        for number, rule in enumerate(rules)
    }
    return _sum(parts, name)


def _sum(parts: Mapping[str, cloudwatch.IMetric], label: str | None = None) -> cloudwatch.MathExpression:
    """What is missing counts as 0."""
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in parts), using_metrics=parts, label=label, period=PERIOD
    )


def consumed(kind: str, table: dynamodb.ITable, label: str) -> cloudwatch.Metric:
    """`kind`: `Read` or `Write`."""
    return _of_table(f"Consumed{kind}CapacityUnits", table, None, label)


def _of_table(name: str, table: dynamodb.ITable, index: str | None, label: str | None = None) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name=name,
        dimensions_map={"TableName": table.table_name, **({"GlobalSecondaryIndexName": index} if index else {})},
        statistic="Sum",
        period=PERIOD,
        label=label,
    )


def concurrency() -> cloudwatch.Metric:
    """What of the account's concurrency in this region is in use or reserved."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda", metric_name="ClaimedAccountConcurrency", statistic="Maximum", period=PERIOD
    )


def blocked(firewall: str) -> cloudwatch.Metric:
    """By all rules of the firewall whose metrics have this name."""
    return cloudwatch.Metric(
        namespace="AWS/WAFV2",
        metric_name="BlockedRequests",
        dimensions_map={"WebACL": firewall, "Rule": "ALL", "Region": Aws.REGION},
        statistic="Sum",
        period=PERIOD,
    )


def refused_share(calls: cloudwatch.IMetric, refused: cloudwatch.IMetric) -> cloudwatch.MathExpression:
    """Per cent of the calls, 0 where there are few."""
    return cloudwatch.MathExpression(
        expression=f"IF(calls >= {_FEW_CALLS}, 100 * refused / calls, 0)",
        using_metrics={"calls": calls, "refused": refused},
        label="per cent of calls answered 4xx",
        period=PERIOD,
    )
