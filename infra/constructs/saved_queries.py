"""Questions to the logs, saved in CloudWatch Logs Insights."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aws_cdk import aws_logs as logs
from constructs import Construct


class Query(NamedTuple):
    name: str
    lines: Sequence[str]
    groups: Sequence[logs.ILogGroup]
    """Where it looks: 50 at most."""


class SavedQueries(Construct):
    """In the console they stand in a folder of the deployment, in this order."""

    def __init__(self, scope: Construct, construct_id: str, *, folder: str, queries: Iterable[Query]) -> None:
        super().__init__(scope, construct_id)
        for number, query in enumerate(queries, 1):
            logs.CfnQueryDefinition(
                self,
                f"Query{number}",
                name=f"{folder}/{number} {query.name}",
                query_string="\n| ".join(query.lines),
                log_group_names=[group.log_group_name for group in query.groups],
            )
