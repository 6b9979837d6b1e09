"""Does the ledger follow? How far behind the logs are, and what they can't take."""

from aws_cdk import aws_lambda as lambda_

from daybook import observability
from infra.constructs.monitoring import LASTING, PERIOD, Alarm, Graph, Question
from infra.constructs.streams import StreamReader
from infra.stacks.alarms.metrics import OwnMetrics

_MINUTES_15 = 900_000  # milliseconds
_DAY = 86_400  # seconds


def ledger_follows(append: lambda_.IFunction, records: StreamReader, own: OwnMetrics) -> Question:
    age = append.metric("IteratorAge", period=PERIOD, statistic="Maximum")
    parked = own.count(observability.LEDGER_PARKED)
    behind = own.gauge(observability.FOLD_SECONDS_BEHIND)
    return Question(
        "Does the ledger follow?",
        [
            Alarm(
                "AppendBehind",
                age,
                "the logs are more than 15 minutes behind what is stored: proofs and feeds are late by that",
                threshold=_MINUTES_15,
                points=LASTING,
            ),
            Alarm(
                "LedgerPoison",
                own.count(observability.LEDGER_POISON),
                "an event can't be read, so no log has it, or a change was not judged; its record is in the bucket",
            ),
            Alarm(
                "LedgerParked",
                parked,
                "events could not be appended to their log in time; a queue brings them again",
                points=LASTING,
            ),
            Alarm(
                "FoldBehind",
                behind,
                "a log's fold is a day behind: its statistics fail or are slow, and it may not be signed",
                threshold=_DAY,
            ),
            Alarm(
                "LedgerRecordsFailed",
                records.metric("OnFailureDestinationDeliveredEventCount", period=PERIOD),
                "records that the ledger could not handle for 22 hours are in the bucket of failed batches for 14 days",
            ),
            Alarm(
                "LedgerRecordsDropped",
                records.metric("DroppedEventCount", period=PERIOD),
                "records were dropped that are in no bucket: the nightly sweep appends what the logs lack",
            ),
            Alarm(
                "TamperFound",
                own.count(observability.TAMPER_FOUND),
                "a stored event was changed or removed, and not by Daybook: who has access to the table?",
            ),
            Alarm(
                "EventsMissing",
                own.count(observability.EVENTS_MISSING),
                "a log has an entry whose event is gone or altered, and no retention explains it",
            ),
        ],
        [
            Graph("How far the logs are behind, in milliseconds", [age]),
            Graph("Events that wait for their log", [parked]),
            Graph("Seconds that a fold is behind its log", [behind]),
        ],
    )
