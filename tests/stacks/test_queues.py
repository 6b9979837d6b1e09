"""The queues and the event source mappings: who reads what, and what becomes of that which fails."""

from collections.abc import Callable

import pytest

from daybook.clock import MINUTE, SECOND
from daybook.jobs.claiming import CLOCKS_APART_SECONDS, ROW_SECONDS, retry_seconds
from daybook.jobs.runner import HAND_OVER_SECONDS, MAX_ATTEMPTS, THROTTLED_MS, TURN_SECONDS, throttled_seconds
from exports.phases.prove import MAX_ROUNDS
from exports.phases.record import SEALED_WITHIN_MS, sealing_seconds
from infra.constructs.job_queue import MAX_RECEIVES
from infra.functions import FUNCTIONS, title
from infra.local.functions.filtering import passes
from infra.local.template import Templates, of_type
from streams.redeliver import CLAIM_MS
from tests.support.templates import Stack

JOBS = {name: spec.jobs for name, spec in FUNCTIONS.items() if spec.jobs}


def test_every_queue_is_encrypted_and_outlives_the_stacks(storage: Stack, service: Stack) -> None:
    """SQS encrypts each of them with its own key. Who deletes the service, to deploy it anew, loses no message."""
    assert not service.resources("AWS::SQS::Queue")
    queues = storage.resources("AWS::SQS::Queue")
    assert len(queues) == 2 * len(JOBS) + 2
    for queue in queues.values():
        assert (queue["DeletionPolicy"], queue["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert queue["Properties"]["SqsManagedSseEnabled"]


@pytest.mark.parametrize("worker", JOBS)
def test_a_job_comes_back_only_after_its_worker_ended(storage: Stack, service: Stack, worker: str) -> None:
    """Its visibility timeout outlasts the invocation and its claim. A job that always fails ends in the dead-letter
    queue. A job that only has to come again is no error.
    """
    name = f"{title(worker)}Queue"
    (mapping,) = (
        each
        for each in service.properties("AWS::Lambda::EventSourceMapping").values()
        if service.read(each["EventSourceArn"]) == f"{name}.Arn"
    )
    assert service.read(mapping["FunctionName"]) == f"{title(worker)}Function"
    assert mapping["BatchSize"] == 1
    queue = storage.properties("AWS::SQS::Queue")[name]
    timeout = service.properties("AWS::Lambda::Function")[f"{title(worker)}Function"]["Timeout"]
    assert queue["VisibilityTimeout"] > timeout + CLOCKS_APART_SECONDS
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert storage.read(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"{name}Dead.Arn"
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES


def test_a_job_that_only_waits_is_no_dead_letter() -> None:
    """Every receive counts. A message may be received as often as the longest waits of a job need, one after the other,
    and once more for each attempt.
    """

    def receives(seconds: Callable[[int, int], int], within_ms: int = THROTTLED_MS) -> int:
        """How often a message is received in all of such waits, of which each follows from those before it."""
        count = waited = 0
        while waited < within_ms // SECOND:
            count += 1
            waited += seconds(count, waited)
        return count + 1

    for_its_row = len(ROW_SECONDS) + 1
    before_its_claim = receives(lambda count, _: retry_seconds(count))
    at_its_steps = receives(lambda _, waited: throttled_seconds(0, waited * SECOND))
    attempts = 2 * (MAX_ATTEMPTS + 1)
    # Until there is a log, and in each round until its events are sealed.
    for_the_ledger = (1 + MAX_ROUNDS) * receives(lambda _, waited: sealing_seconds(waited * SECOND), SEALED_WITHIN_MS)
    assert (for_its_row, before_its_claim, at_its_steps, for_the_ledger) == (5, 100, 103, 100)
    assert for_its_row + before_its_claim + at_its_steps + for_the_ledger + attempts < MAX_RECEIVES


def test_no_tenant_takes_all_the_workers(storage: Stack) -> None:
    """The queue of exports is FIFO: of a tenant's lane one job runs at a time. The others are delayed, and SQS can't
    delay a message of a FIFO queue. Their jobs take turns: no worker has time for many.
    """
    queues = storage.properties("AWS::SQS::Queue")
    assert queues["ExportQueue"]["FifoQueue"] is queues["ExportQueueDead"]["FifoQueue"] is True
    for name in ("replay", "restamp", "sweep"):
        assert "FifoQueue" not in queues[f"{title(name)}Queue"]
        assert TURN_SECONDS * 2 + HAND_OVER_SECONDS < FUNCTIONS[name].timeout_s <= 180


def test_every_queue_reader_is_limited(service: Stack) -> None:
    """At most 20 invocations at a time, so that the API keeps most of the account's concurrency. SQS's minimum is 2."""
    limits = {
        service.read(mapping["EventSourceArn"]): mapping["ScalingConfig"]["MaximumConcurrency"]
        for mapping in service.properties("AWS::Lambda::EventSourceMapping").values()
        if "StreamArn" not in service.read(mapping["EventSourceArn"])
    }
    assert limits == {
        "DrainQueue.Arn": 20,
        "SignQueue.Arn": 5,
        **{f"{title(worker)}Queue.Arn": jobs.max_concurrency for worker, jobs in JOBS.items()},
    }
    assert all(2 <= limit <= 20 for limit in limits.values())


def test_new_events_reach_the_fan_out(service: Stack) -> None:
    """It gets inserts only, from the first one on. A batch that fails is halved, and only what failed is retried. What
    still fails after 22 hours goes to a bucket. Lambda counts what it puts there and what it drops.
    """
    mapping = service.properties("AWS::Lambda::EventSourceMapping")["NewEventsMapping"]
    assert service.read(mapping["FunctionName"]) == "FanOutFunction"
    assert service.read(mapping["EventSourceArn"]) == "EventsTable.StreamArn"
    assert mapping["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BisectBatchOnFunctionError"], mapping["StartingPosition"]) == (True, "TRIM_HORIZON")
    assert (mapping["BatchSize"], mapping["ParallelizationFactor"]) == (500, 10)
    assert mapping["MaximumRecordAgeInSeconds"] < 24 * 3600, "they are kept before the stream drops them"
    assert "MaximumRetryAttempts" not in mapping, "a number of retries would be used up in minutes"
    assert service.read(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "FailedBatchesBucket.Arn"
    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}


def test_the_ledger_gets_what_is_stored_and_what_is_done_to_it(service: Stack) -> None:
    """Inserts, changes, and removals but those of DynamoDB's own TTL, in batches as large as Lambda makes them and one
    at a time. What becomes of those that fail is as for the fan-out.
    """
    mappings = service.properties("AWS::Lambda::EventSourceMapping")
    mapping = mappings["LedgerRecordsMapping"]
    assert service.read(mapping["FunctionName"]) == "AppendFunction"
    assert (mapping["BatchSize"], mapping["ParallelizationFactor"]) == (10_000, 1)
    assert mapping["MaximumBatchingWindowInSeconds"] == 5
    by_ttl = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
    received = {
        (name, by): passes(mapping, {"eventName": name, **who})
        for name in ("INSERT", "MODIFY", "REMOVE")
        for by, who in (("ttl", by_ttl), ("nobody", {"userIdentity": None}), ("unsaid", {}))
    }
    assert {what for what, is_received in received.items() if not is_received} == {("REMOVE", "ttl")}
    own = {"FunctionName", "BatchSize", "ParallelizationFactor", "MaximumBatchingWindowInSeconds", "FilterCriteria"}
    as_fan_outs = mappings["NewEventsMapping"].keys() - own
    assert {name: mapping[name] for name in as_fan_outs} == {
        name: mappings["NewEventsMapping"][name] for name in as_fan_outs
    }


def test_drains_are_asked_for_by_a_queue_and_each_minute(storage: Stack, service: Stack) -> None:
    """A message that fails is not kept: the schedule asks again. A drain's claim lasts a minute longer than its
    invocation, by which clocks may differ.
    """
    mapping = service.properties("AWS::Lambda::EventSourceMapping")["DrainsMapping"]
    assert service.read(mapping["FunctionName"]) == "RedeliverFunction"
    assert service.read(mapping["EventSourceArn"]) == "DrainQueue.Arn"
    assert mapping["BatchSize"] == 10
    assert "FunctionResponseTypes" not in mapping
    queue = storage.properties("AWS::SQS::Queue")["DrainQueue"]
    timeout = service.properties("AWS::Lambda::Function")["RedeliverFunction"]["Timeout"]
    assert queue["VisibilityTimeout"] == 6 * timeout
    assert queue["MessageRetentionPeriod"] == 3_600
    assert "RedrivePolicy" not in queue
    assert timeout * SECOND + MINUTE <= CLAIM_MS
    rule = service.properties("AWS::Events::Rule")["DrainsWakeRule"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert [service.read(target["Arn"]) for target in rule["Targets"]] == ["RedeliverFunction.Arn"]


def test_checkpoints_are_asked_for_by_a_queue_and_in_the_settings_rhythm(
    storage: Stack, service: Stack, other: Templates
) -> None:
    """A message that fails comes again alone. One that is lost is not kept: the schedule asks again."""
    mapping = service.properties("AWS::Lambda::EventSourceMapping")["SigningMapping"]
    assert service.read(mapping["FunctionName"]) == "SignFunction"
    assert service.read(mapping["EventSourceArn"]) == "SignQueue.Arn"
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    queue = storage.properties("AWS::SQS::Queue")["SignQueue"]
    assert queue["VisibilityTimeout"] > service.properties("AWS::Lambda::Function")["SignFunction"]["Timeout"]
    assert queue["MessageRetentionPeriod"] == 3_600
    assert "RedrivePolicy" not in queue
    rates = [
        each["ScheduleExpression"]
        for name, each in of_type(other, "AWS::Events::Rule").items()
        if name.startswith("SigningWake")
    ]
    assert rates == ["rate(10 minutes)"]
