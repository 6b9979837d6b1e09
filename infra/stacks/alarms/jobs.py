"""Do jobs end? How long their messages wait, which died, which failed."""

from collections.abc import Iterator, Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from daybook import observability
from infra.constructs.monitoring import PERIOD, Alarm, Graph, Question
from infra.functions import title
from infra.stacks.alarms.metrics import OwnMetrics

_HOUR = 3_600  # seconds
_OLD = 6 * _HOUR
_OLD_SECONDS = {"sweep": _HOUR}
"""By the queue's reader; others' messages are old after `_OLD`. What a sweep is to delete may be about a person."""
_COUNTS = (
    observability.JOBS_WAITING,
    observability.JOBS_POSTPONED,
    observability.JOBS_FAILED,
    observability.JOBS_GIVEN_UP,
    observability.JOBS_UNENDING,
    observability.EXPORTS_RESTARTED,
)


def jobs_end(queues: Mapping[str, sqs.IQueue], dead_letters: Mapping[str, sqs.IQueue], own: OwnMetrics) -> Question:
    ages = {name: _age(queue, name) for name, queue in queues.items()}
    return Question(
        "Do jobs end?",
        [
            *_old_messages(ages),
            *(
                Alarm(
                    f"{title(name)}QueueDead",
                    queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum"),
                    "messages that could not be handled are kept in a queue for 14 days: look at them, then redrive",
                )
                for name, queue in dead_letters.items()
            ),
            Alarm(
                "JobsFailed",
                own.count(observability.JOBS_FAILED),
                "a job failed for a reason that its tenant can change",
            ),
            Alarm(
                "JobsGivenUp",
                own.count(observability.JOBS_GIVEN_UP),
                "a job failed although nothing was wrong with what was asked",
            ),
            Alarm(
                "JobsUnending",
                own.count(observability.JOBS_UNENDING),
                "a job is still handed over from worker to worker, two days after it was asked for",
            ),
        ],
        [
            Graph("Seconds that the oldest message has waited", [*ages.values()]),
            Graph(
                "Jobs",
                [*map(own.count, _COUNTS)],
            ),
        ],
    )


def _old_messages(ages: Mapping[str, cloudwatch.IMetric]) -> Iterator[Alarm]:
    for name, age in ages.items():
        seconds = _OLD_SECONDS.get(name, _OLD)
        hours = "an hour" if seconds == _HOUR else f"{seconds // _HOUR} hours"
        yield Alarm(
            f"{title(name)}QueueOld",
            age,
            f"a job has waited in the queue of {name} for {hours}",
            threshold=seconds,
        )


def _age(queue: sqs.IQueue, label: str) -> cloudwatch.Metric:
    return queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum", label=label)
