"""All questions, in the order of the dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.constructs.monitoring import Question
from infra.constructs.streams import StreamReader
from infra.stacks.alarms.answers import answers
from infra.stacks.alarms.functions import functions_run
from infra.stacks.alarms.jobs import jobs_end
from infra.stacks.alarms.ledger import ledger_follows
from infra.stacks.alarms.metrics import OwnMetrics
from infra.stacks.alarms.signing import logs_are_signed
from infra.stacks.alarms.store import store_keeps_up
from infra.stacks.alarms.streams import streams_follow
from infra.stacks.alarms.told import changes_are_told


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the alarms are about. `functions` and queues are named as in `infra.functions`."""

    stage: apigateway.Stage
    firewall: str | None
    """The name of its metrics, if there is one."""
    functions: Mapping[str, lambda_.IFunction]
    tables: Mapping[str, dynamodb.ITable]
    job_queues: Mapping[str, sqs.IQueue]
    dead_letters: Mapping[str, sqs.IQueue]
    """Named by the queues that they are of."""
    new_events: StreamReader
    ledger_records: StreamReader
    change_rules: Sequence[events.IRule]
    account_concurrency: int
    namespace: str
    """Of the functions' own metrics."""


def questions(watched: Watched) -> list[Question]:
    own = OwnMetrics(watched.namespace)
    return [
        answers(watched.stage, own, watched.firewall),
        functions_run(watched.functions, watched.account_concurrency),
        store_keeps_up(watched.tables),
        streams_follow(watched.functions["fan_out"], watched.new_events, own),
        ledger_follows(watched.functions["append"], watched.ledger_records, own),
        logs_are_signed(own),
        jobs_end(watched.job_queues, watched.dead_letters, own),
        changes_are_told(watched.change_rules),
    ]
