"""Does the store keep up? What DynamoDB refuses, and what is consumed."""

from collections.abc import Mapping

from aws_cdk import aws_dynamodb as dynamodb

from daybook.aws.control_table import drains
from infra.constructs.monitoring import LASTING, Alarm, Graph, Question
from infra.functions import title
from infra.stacks.alarms import metrics
from infra.stacks.storage import EVENT_INDEXES

_INDEXES = {"events": EVENT_INDEXES, "control": (drains.INDEX,)}


def store_keeps_up(tables: Mapping[str, dynamodb.ITable]) -> Question:
    return Question(
        "Does the store keep up?",
        [
            Alarm(
                f"{title(name)}Throttled",
                metrics.throttled(table, _INDEXES.get(name, ())),
                f"DynamoDB refuses reads or writes of the table {name} or its indexes",
                points=LASTING,
            )
            for name, table in tables.items()
        ],
        [
            Graph(f"{kind} units", [metrics.consumed(kind, table, name) for name, table in tables.items()])
            for kind in ("Read", "Write")
        ],
    )
