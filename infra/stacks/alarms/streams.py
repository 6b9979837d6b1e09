"""Do events reach the customers' streams? How far behind they are, what is parked, and what was given up."""

from aws_cdk import aws_lambda as lambda_

from daybook import observability
from infra.constructs.monitoring import LASTING, PERIOD, Alarm, Graph, Question
from infra.constructs.streams import StreamReader
from infra.stacks.alarms.metrics import OwnMetrics

_WEEK = 7 * 86_400  # seconds
_STATES = (
    observability.STREAMS_FAILING,
    observability.STREAMS_FAILING_A_DAY,
    observability.STREAMS_SLOW,
    observability.DRAINS_OVERDUE,
)


def streams_follow(fan_out: lambda_.IFunction, new_events: StreamReader, own: OwnMetrics) -> Question:
    age = fan_out.metric("IteratorAge", period=PERIOD, statistic="Maximum")
    return Question(
        "Do events reach the customers' streams?",
        [
            Alarm(
                "FanOutBehind",
                age,
                "customers' streams are more than a minute behind",
                threshold=60_000,  # milliseconds
                points=LASTING,
            ),
            Alarm(
                "StreamsFailingForADay",
                own.gauge(observability.STREAMS_FAILING_A_DAY),
                "a customer's stream has failed for a day: tell them, they have 14 days",
            ),
            Alarm(
                "OldestParked",
                own.gauge(observability.OLDEST_PARKED),
                "an event has waited for its stream for a week: after 14 days it is given up",
                threshold=_WEEK,
            ),
            Alarm(
                "DrainsOverdue",
                own.gauge(observability.DRAINS_OVERDUE),
                "parked events are not delivered although it is time, or the schedule does not run",
                points=LASTING,
                silence_breaches=True,
            ),
            Alarm(
                "DrainRequestsLost",
                own.count(observability.DRAIN_REQUESTS_LOST),
                "the queue of drains takes no messages; the schedule still asks each minute",
                points=LASTING,
            ),
            Alarm(
                "EventsGivenUp",
                own.count(observability.GIVEN_UP),
                "events were given up: a customer's stream failed for 14 days, or refuses events of this size",
            ),
            Alarm(
                "UnreadableEvents",
                own.count(observability.UNREADABLE),
                "the events table holds items that are not events",
            ),
            Alarm(
                "NewEventsFailed",
                new_events.metric("OnFailureDestinationDeliveredEventCount", period=PERIOD),
                "events that the fan-out could not handle for 22 hours are in the bucket of failed batches for 14 days",
            ),
            Alarm(
                "NewEventsDropped",
                new_events.metric("DroppedEventCount", period=PERIOD),
                "events were dropped that are in no bucket: customers' streams lack them",
            ),
        ],
        [
            Graph("Streams that fail, that are slow", [*map(own.gauge, _STATES)]),
            Graph(
                "Events parked and delivered later",
                [*map(own.count, (observability.EVENTS_PARKED, observability.EVENTS_REDELIVERED))],
                [own.gauge(observability.OLDEST_PARKED)],
            ),
            Graph("How far behind new events are, in milliseconds", [age]),
        ],
    )
