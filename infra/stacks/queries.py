"""The table of saved queries. What is to be replaced in one stands in capitals."""

from collections.abc import Mapping

from aws_cdk import aws_logs as logs

from infra.constructs.saved_queries import Query
from infra.functions import API_FUNCTIONS, FUNCTIONS


def queries(access: logs.ILogGroup, of_functions: Mapping[str, logs.ILogGroup]) -> list[Query]:
    """`access`: the gateway's log. The others are the functions' own, by the function's name."""
    called = [group for name, group in of_functions.items() if name in API_FUNCTIONS | {"authorize"}]
    workers = [of_functions[name] for name, spec in FUNCTIONS.items() if spec.jobs]
    return [
        Query(
            "One call, by its extended request id (x-amz-apigw-id)",
            ["fields @timestamp, @log, @message", 'filter extended_request_id = "ID"', "sort @timestamp"],
            [access, *called],
        ),
        Query(
            "Calls that were answered with a 5xx",
            [
                "fields @timestamp, extended_request_id, tenant, method, route, status, error, milliseconds",
                "filter status >= 500",
                "sort @timestamp desc",
            ],
            [access],
        ),
        Query(
            "Unforeseen errors",
            [
                "fields @timestamp, @log, message, extended_request_id, exception_name, exception",
                "filter ispresent(exception)",
                "sort @timestamp desc",
            ],
            [*of_functions.values()],
        ),
        Query(
            "Calls by tenant, route and status",
            ["stats count(*) as calls, pct(milliseconds, 99) as p99 by tenant, route, status", "sort calls desc"],
            [access],
        ),
        Query(
            "Refused credentials by key",
            ["filter status = 401", "stats count(*) as calls by credential, route", "sort calls desc"],
            [of_functions["authorize"]],
        ),
        Query(
            "One job, by its id",
            [
                "fields @timestamp, @log, kind, turn, status, processed, exception",
                'filter job = "ID"',
                "sort @timestamp",
            ],
            workers,
        ),
        Query(
            "Refused tokens of the OIDC issuer, by reason",
            ['filter message = "token_refused"', "stats count(*) as calls by reason", "sort calls desc"],
            [of_functions["authorize"]],
        ),
    ]
