"""Event source mappings as the laptop plays them: filters, batches, halves, and what is given up."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra.local.functions.dynamodb_stream import StreamMapping
from infra.local.functions.instances import FunctionError

PROPERTIES = {
    "BatchSize": 4,
    "BisectBatchOnFunctionError": True,
    "FilterCriteria": {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]},
    "MaximumRetryAttempts": 1,
    "StartingPosition": "TRIM_HORIZON",
}


class Stream:
    """A table's stream of one shard that holds these events; the mapping is stopped once it has read them all."""

    def __init__(self, *names: str) -> None:
        self.stopped = threading.Event()
        self._records = [
            {
                "eventID": str(number),
                "eventName": name,
                "dynamodb": {
                    "ApproximateCreationDateTime": datetime.now(UTC),
                    "SequenceNumber": str(number),
                    "Keys": {"pk": {"S": "p"}, "sk": {"S": str(number)}},
                    "NewImage": {"z": {"B": b"\x01\x02"}},
                },
            }
            for number, name in enumerate(names)
        ]

    def describe_stream(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescription": {"Shards": [{"ShardId": "s"}]}}

    def get_shard_iterator(self, **_: Any) -> dict[str, str]:
        return {"ShardIterator": "i"}

    def get_records(self, **_: Any) -> dict[str, Any]:
        records, self._records = self._records, []
        return {"Records": records, "NextShardIterator": "i"}


class Function:
    """Raises while any of `poison` is in the batch; names `failing` once; tells when `last` has been dealt with."""

    def __init__(self, last: str, poison: tuple[str, ...] = (), failing: tuple[str, ...] = ()) -> None:
        self.batches: list[list[str]] = []
        self.done = threading.Event()
        self._last, self._poison, self._failing = last, poison, list(failing)

    def __call__(self, event: Mapping[str, Any], _request_id: str) -> Any:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        assert all(record["dynamodb"]["NewImage"]["z"] == {"B": "AQI="} for record in event["Records"])
        self.batches.append(numbers)
        if set(numbers) & set(self._poison):
            if self._last in numbers and len(numbers) == 1:
                self.done.set()
            raise FunctionError("no")
        failed = [number for number in numbers if number in self._failing]
        for number in failed:
            self._failing.remove(number)
        if self._last in numbers and not failed:
            self.done.set()
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def play(stream: Stream, function: Function) -> list[dict[str, Any]]:
    """What was given up."""
    given_up: list[dict[str, Any]] = []
    mapping = StreamMapping(
        stream,
        "arn",
        PROPERTIES,
        function,
        give_up=lambda body: given_up.append(json.loads(body)["DDBStreamBatchInfo"]),
    )
    thread = threading.Thread(target=mapping.run, args=(stream.stopped,))
    thread.start()
    assert function.done.wait(20)
    stream.stopped.set()
    thread.join()
    return given_up


def test_batches_hold_what_passes_the_filter() -> None:
    """In order, no more than the batch size at once."""
    function = Function(last="6")
    assert play(Stream("INSERT", "MODIFY", *["INSERT"] * 4, "INSERT"), function) == []
    assert [number for batch in function.batches for number in batch] == ["0", "2", "3", "4", "5", "6"]
    assert all(len(batch) <= 4 for batch in function.batches)


def test_of_a_partial_answer_the_batch_goes_on_from_the_lowest() -> None:
    """What comes after it comes again."""
    function = Function(last="3", failing=("2",))
    assert play(Stream(*["INSERT"] * 4), function) == []
    assert [number for batch in function.batches for number in batch][-2:] == ["2", "3"]


def test_a_batch_that_fails_is_halved_until_the_poison_is_alone() -> None:
    """All others are dealt with; where the poison lay is noted."""
    function = Function(last="3", poison=("1",))
    given_up = play(Stream(*["INSERT"] * 4), function)
    assert [(lost["startSequenceNumber"], lost["batchSize"]) for lost in given_up] == [("1", 1)]
    fine = {number for batch in function.batches if "1" not in batch for number in batch}
    assert fine == {"0", "2", "3"}
