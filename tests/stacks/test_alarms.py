"""What wakes the operators."""

from infra.functions import FUNCTIONS, title
from tests.support.templates import Stack

DEAD_LETTERS = {f"{title(name)}QueueDead" for name, spec in FUNCTIONS.items() if spec.jobs}


def test_there_is_an_alarm_for_whatever_needs_a_person(service: Stack) -> None:
    """Errors and throttles of each function, the API's 5xx, dead letters, events that failed, were dropped, were given
    up or are unreadable, and a fan-out that falls behind.
    """
    watched = set()
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        watched.add((alarm["MetricName"], *(service.read(each["Value"]) for each in alarm.get("Dimensions", []))))
    functions = service.properties("AWS::Lambda::Function")
    assert watched == {
        *((metric, name) for metric in ("Errors", "Throttles") for name in functions),
        *(("ApproximateNumberOfMessagesVisible", f"{queue}.QueueName") for queue in DEAD_LETTERS),
        ("OnFailureDestinationDeliveredEventCount", "NewEventsMapping"),
        ("DroppedEventCount", "NewEventsMapping"),
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


def test_no_dead_letter_queue_is_forgotten(storage: Stack, service: Stack) -> None:
    """Each queue that no function reads has an alarm."""
    read = {
        service.read(mapping["EventSourceArn"]).removesuffix(".Arn")
        for mapping in service.properties("AWS::Lambda::EventSourceMapping").values()
    }
    assert storage.properties("AWS::SQS::Queue").keys() - read == DEAD_LETTERS


def test_every_alarm_goes_to_the_one_topic(service: Stack) -> None:
    """Operators subscribe once."""
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        assert [service.read(action) for action in alarm["AlarmActions"]] == ["MonitoringAlarms"]


def test_the_services_that_raise_alarms_may_publish(service: Stack) -> None:
    """The topic has a policy that demands TLS, which replaces SNS's own. Without these statements every alarm would be
    refused, and nobody would know.
    """
    (policy,) = service.properties("AWS::SNS::TopicPolicy").values()
    statements = policy["PolicyDocument"]["Statement"]
    denied = [each for each in statements if each["Effect"] == "Deny"]
    assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    (allowed,) = (each for each in statements if each["Effect"] == "Allow")
    services = {f"{name}.amazonaws.com" for name in ("cloudwatch", "events", "budgets")}
    assert (set(allowed["Principal"]["Service"]), allowed["Action"]) == (services, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_one_failure_wakes_nobody(service: Stack) -> None:
    """Errors, throttles and 5xx have to last. What is lost, or waits for a person, wakes somebody at once."""
    for name, alarm in service.properties("AWS::CloudWatch::Alarm").items():
        lasting = alarm["MetricName"] in {"Errors", "Throttles", "5XXError"}
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == ((2, 3) if lasting else (1, 1)), name
