"""What wakes the operators."""

from infra.functions import FUNCTIONS, title
from tests.support.templates import Stack

DEAD_LETTERS = {
    "NewEventsFailed",
    *(f"{title(name)}QueueDead" for name, spec in FUNCTIONS.items() if spec.jobs),
}


def test_there_is_an_alarm_for_whatever_needs_a_person(service: Stack) -> None:
    """Errors and throttles of each function, the API's 5xx, dead letters, events given up or unreadable, and a fan-out
    that falls behind.
    """
    watched = set()
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        watched.add((alarm["MetricName"], *(service.read(each["Value"]) for each in alarm.get("Dimensions", []))))
    functions = service.properties("AWS::Lambda::Function")
    assert watched == {
        *((metric, name) for metric in ("Errors", "Throttles") for name in functions),
        *(("ApproximateNumberOfMessagesVisible", f"{queue}.QueueName") for queue in DEAD_LETTERS),
        ("EventsGivenUp",),
        ("UnreadableEvents",),
        ("IteratorAge", "FanOutFunction"),
        ("5XXError", "Daybook"),
    }


THRESHOLDS = {"FanOutBehind": 60_000}
"""In the metric's own unit. Every other alarm goes off at one."""


def test_thresholds(service: Stack) -> None:
    """A forgotten threshold would be an alarm at one millisecond."""
    alarms = service.properties("AWS::CloudWatch::Alarm")
    thresholds = {name.removeprefix("Monitoring"): alarm["Threshold"] for name, alarm in alarms.items()}
    assert thresholds == dict.fromkeys(thresholds, 1) | THRESHOLDS


def test_no_dead_letter_queue_is_forgotten(service: Stack) -> None:
    """Each queue that no function reads has an alarm."""
    read = {
        service.read(mapping["EventSourceArn"]).removesuffix(".Arn")
        for mapping in service.properties("AWS::Lambda::EventSourceMapping").values()
    }
    assert service.properties("AWS::SQS::Queue").keys() - read == DEAD_LETTERS


def test_every_alarm_goes_to_the_one_topic(service: Stack) -> None:
    """Operators subscribe once."""
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        assert [service.read(action) for action in alarm["AlarmActions"]] == ["MonitoringAlarms"]
