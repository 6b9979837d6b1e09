"""What the fan-out could not handle is put through again from the bucket that it was kept in."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from infra.local.functions.failed_batches import FailedBatches
from infra.operate import redrive
from streams import fan_out_handler
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness, ids

BUCKET = "failed-batches"
OUTPUTS = {
    "DaybookStorage": {
        "FailedBatchBucket": BUCKET,
        "ExportDeadLetters": "arn:aws:sqs:us-east-1:123456789012:export-dead.fifo",
        "SweepDeadLetters": "arn:aws:sqs:us-east-1:123456789012:sweep-dead",
        "EventsTable": "events",
    },
    "DaybookService": {"FanOutFunctionName": "fan-out", "AppendFunctionName": "append"},
}


class Stacks:
    """CloudFormation with the outputs above."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        given = OUTPUTS[StackName].items()
        return {"Stacks": [{"Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in given]}]}


class Lambda:
    """Runs the deployed handler's code. The next `errors` calls raise there, and then `failures` name a record."""

    def __init__(self, publishing: StreamHarness) -> None:
        self.called: list[str] = []
        self.errors = 0
        self.failures: list[str] = []
        self._publishing = publishing

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  AWS's names
        self.called.append(FunctionName)
        if self.errors:
            self.errors -= 1
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType":"Throttled"}')}
        event = json.loads(Payload)
        answer: dict[str, Any] = fan_out_handler.serve(event, self._publishing.fan_out)
        if self.failures:
            answer = {"batchItemFailures": [{"itemIdentifier": self.failures.pop()}]}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    made = StreamHarness(log)
    made.set_up()
    return made


@pytest.fixture
def function(publishing: StreamHarness) -> Lambda:
    return Lambda(publishing)


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def run(what: str, **services: Any) -> int:
    given = {"cloudformation": Stacks(), **services}
    return redrive.main([what], connect=lambda _: given.__getitem__, pause=lambda _: None)


def keep(s3: Any, publishing: StreamHarness, *batches: list[str], function: str = "fan-out") -> None:
    """Puts these events into the bucket as Lambda does, each batch in an object."""
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    for batch in batches:
        FailedBatches(s3, BUCKET, "mapping", arn).put("stream", "shard", publishing.stream(batch)["Records"])


def kept(s3: Any) -> int:
    return int(s3.list_objects_v2(Bucket=BUCKET)["KeyCount"])


def test_failed_events_reach_their_stream_once(
    log: ManagedLog, publishing: StreamHarness, function: Lambda, s3: Any
) -> None:
    """Each in one record. What has been put through is not found by the next run."""
    sent = log.sent({}, {}, {}, {})
    keep(s3, publishing, sent[:3], sent[3:])
    for _ in range(2):
        assert run("events", s3=s3, **{"lambda": function}) == 0
        assert ids(publishing) == dict.fromkeys(sent, 1)
        assert kept(s3) == 0


def test_each_batch_goes_to_the_function_that_failed(
    log: ManagedLog, publishing: StreamHarness, function: Lambda, s3: Any
) -> None:
    """No other function is called, whatever an object says. Records that can't be read are no batches."""
    sent = log.sent({}, {}, {})
    for batch, name in zip(sent, ("append", "fan-out", "forget"), strict=True):
        keep(s3, publishing, [batch], function=name)
    s3.put_object(Bucket=BUCKET, Key="poison/1.json", Body=b"{}")
    assert run("events", s3=s3, **{"lambda": function}) == 1
    assert sorted(function.called) == ["append", "fan-out"]
    assert kept(s3) == 2


def test_what_fails_again_is_tried_from_the_lowest_failure(
    log: ManagedLog, publishing: StreamHarness, function: Lambda, s3: Any
) -> None:
    """As Lambda does with a batch. Events before it are not sent a second time."""
    sent = sorted(log.sent({}, {}, {}))
    keep(s3, publishing, sent)
    function.errors, function.failures = 1, [publishing.stream(sent)["Records"][2]["dynamodb"]["SequenceNumber"]]
    assert run("events", s3=s3, **{"lambda": function}) == 0
    assert ids(publishing) == {sent[0]: 1, sent[1]: 1, sent[2]: 2}
    assert kept(s3) == 0


def test_a_batch_that_fails_each_time_is_kept_and_delays_no_other(
    log: ManagedLog, publishing: StreamHarness, function: Lambda, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next run finds it."""
    sent = log.sent({}, {})
    keep(s3, publishing, sent[:1], sent[1:])
    function.errors = 3
    assert run("events", s3=s3, **{"lambda": function}) == 1
    assert "1 batches are left" in capsys.readouterr().out
    assert (kept(s3), sum(ids(publishing).values())) == (1, 1)
    assert run("events", s3=s3, **{"lambda": function}) == 0
    assert ids(publishing) == dict.fromkeys(sent, 1)


def test_events_of_a_dead_stream_are_parked_again_under_the_same_row(
    log: ManagedLog, publishing: StreamHarness, function: Lambda, s3: Any
) -> None:
    """The first try had parked them, and broke off before its batch counted as handled."""
    sent = log.sent({}, {})
    publishing.streams.break_down()
    assert publishing.publish(publishing.stream(sent)) == []
    assert (publishing.parked(), publishing.pending()) == (1, 2)
    keep(s3, publishing, sent)
    assert run("events", s3=s3, **{"lambda": function}) == 0
    assert (publishing.parked(), publishing.pending()) == (1, 2)


class Queues:
    """SQS with messages in the dead-letter queue of exports, which is FIFO. moto can't move messages."""

    def __init__(self) -> None:
        self.moves: list[dict[str, Any]] = []

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803  AWS's name
        return {"QueueUrl": f"https://{QueueName}"}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        (name,) = AttributeNames
        return {"Attributes": {name: "7" if QueueUrl.endswith(".fifo") else "0"}}

    def list_message_move_tasks(self, *, SourceArn: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        return {"Results": [{"Status": "RUNNING"} for move in self.moves if move["SourceArn"] == SourceArn]}

    def start_message_move_task(self, **move: Any) -> None:
        self.moves.append(move)


def test_dead_letters_go_back_to_their_queues_also_to_a_fifo_queue(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a destination SQS takes each message back to where it came from. One move of a queue runs at a time."""
    queues = Queues()
    for says in ("about 7 messages go back", "a move is under way"):
        assert run("queues", sqs=queues) == 0
        said = capsys.readouterr().out
        assert f"export-dead.fifo: {says}" in said
        assert "sweep-dead: empty" in said
    assert queues.moves == [{"SourceArn": OUTPUTS["DaybookStorage"]["ExportDeadLetters"]}]
