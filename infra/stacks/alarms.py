"""The table of alarms: what wakes the operators, and what it means. To add an alarm, add a row here."""

from collections.abc import Mapping

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from daybook import observability
from infra.constructs.monitoring import LASTING, PERIOD, Alarm
from infra.constructs.streams import NewEvents
from infra.functions import API_FUNCTIONS, title


def alarms(
    *,
    api: apigateway.RestApi,
    functions: Mapping[str, lambda_.IFunction],
    dead_letters: Mapping[str, sqs.IQueue],
    namespace: str,
    new_events: NewEvents,
) -> list[Alarm]:
    """`functions` are named as in `infra.functions`; the name of a dead-letter queue is that of its alarm.
    `namespace`: of the metrics that the functions write.
    """

    def counted(metric: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(namespace=namespace, metric_name=metric, period=PERIOD, statistic="sum")

    return [
        *(
            Alarm(
                f"{title(name)}Errors",
                function.metric_errors(period=PERIOD),
                f"{name} crashed or timed out: "
                + ("callers got a 5xx" if name in API_FUNCTIONS | {"authorize"} else "what it read will come again"),
                points=LASTING,
            )
            for name, function in functions.items()
        ),
        *(
            Alarm(
                f"{title(name)}Throttles",
                function.metric_throttles(period=PERIOD),
                f"{name} was refused for lack of concurrency: raise the account's limit",
                points=LASTING,
            )
            for name, function in functions.items()
        ),
        # The functions' errors don't show the 503 of a throttled store, nor the gateway's own failures.
        Alarm("ServerErrors", api.metric_server_error(period=PERIOD), "the API answered with a 5xx", points=LASTING),
        *(
            Alarm(
                name,
                queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="max"),
                "messages that could not be handled are kept in a queue for 14 days: inspect them, then replay",
            )
            for name, queue in dead_letters.items()
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
        Alarm(
            "EventsGivenUp",
            counted(observability.GIVEN_UP),
            "events were given up: a customer's stream failed for 14 days, or refuses events of this size",
        ),
        Alarm(
            "UnreadableEvents",
            counted(observability.UNREADABLE),
            "the events table holds items that are not events",
        ),
        Alarm(
            "FanOutBehind",
            functions["fan_out"].metric("IteratorAge", period=PERIOD, statistic="max"),
            "customers' streams are more than a minute behind",
            threshold=60_000,  # milliseconds
        ),
    ]
