"""Reads a table's stream for a function as Lambda does: in order, in batches, with retries.

It follows AWS's "Process DynamoDB records with Lambda". Filters apply. A batch has up to `BatchSize` records and 6 MB.
After an error the batch is halved if the mapping asks for it. After a partial failure it continues from the lowest
sequence number that failed. After the maximum of tries or age, the batch's position goes to the on-failure destination.
The parallelisation factor gives the number of lanes, and all records with one partition key use the same lane.
"""

import base64
import itertools
import json
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.functions.filtering import passes
from infra.local.functions.instances import EventTooLarge, FunctionError
from infra.local.gateway.api import REGION

POLL_SECONDS = 0.1  # between two reads of the stream, if the first found nothing
NEWS_SECONDS = 0.01  # between two checks for changes
IDLE_SECONDS = 1.0  # between two reads without changes, to find what other processes write to DynamoDB Local
SHARDS_SECONDS = 10.0  # DynamoDB Local starts a new shard every few hours
FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 30.0

Invoke = Callable[[Mapping[str, Any], str], Any]
Record = dict[str, Any]
Lane = queue.Queue[tuple[str, Record] | None]
"""Records with their shards, in order. None marks the end."""

MAX_WAITING = 10_000  # records that were read and not yet passed to the function


class StreamMapping:
    def __init__(  # noqa: PLR0913  the parts of a mapping
        self,
        client: Any,
        stream_arn: str,
        properties: Mapping[str, Any],
        invoke: Invoke,
        changes: Callable[[], int],
        *,
        give_up: Callable[[str], None] | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        """`changes` is a cheap check: it returns a different number once there may be new records.

        `give_up` sends a message to the on-failure destination. `checkpoint` is the file that stores the position.
        """
        self._client = client
        self._stream = stream_arn
        self._properties = properties
        self._invoke = invoke
        self._changes = changes
        self._give_up = give_up
        self._checkpoint = checkpoint
        self._done: dict[str, str] = json.loads(checkpoint.read_text()) if checkpoint and checkpoint.exists() else {}
        self._iterators: dict[str, str | None] = {}
        self._last_search = 0.0
        self._position_saved = True
        self._lanes: list[Lane] = [queue.Queue() for _ in range(properties.get("ParallelizationFactor", 1))]
        # Lanes are assigned in turn and not by hash as on Lambda, so that a laptop's few tenants share no lane.
        self._next_lane = itertools.cycle(self._lanes)
        self._lane_of: dict[str, Lane] = {}

    def run(self, stopped: threading.Event) -> None:
        for lane in self._lanes:
            threading.Thread(target=self._work, args=(lane, stopped), daemon=True).start()
        try:
            self._read(stopped)
        finally:
            for lane in self._lanes:
                lane.put(None)

    def _read(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            seen = self._changes()
            try:
                if self._round():
                    continue
            except (BotoCoreError, ClientError):  # the iterator has expired, or local Daybook is ending
                self._iterators.clear()
                self._last_search = 0.0
            stopped.wait(POLL_SECONDS)
            if self._position_saved and self._iterators:
                self._wait_for_news(seen, stopped)

    def _wait_for_news(self, seen: int, stopped: threading.Event) -> None:
        until = time.monotonic() + IDLE_SECONDS
        while self._changes() == seen and time.monotonic() < until and not stopped.is_set():
            stopped.wait(NEWS_SECONDS)

    def _round(self) -> bool:
        """Reads each shard once. Returns whether there were records."""
        if time.monotonic() - self._last_search > SHARDS_SECONDS:
            self._find_shards()
        busy = False
        waiting = sum(lane.unfinished_tasks for lane in self._lanes)
        if not waiting:
            self._save_position()
        for shard, iterator in list(self._iterators.items()):
            if iterator is None or waiting > MAX_WAITING:
                continue
            # More than a batch, so that the filtered records fill whole batches. 1,000 is the API's limit.
            answer = self._client.get_records(ShardIterator=iterator, Limit=1_000)
            records = answer["Records"]
            if records:
                busy = True
                for record in records:
                    self._sort(shard, lambda_record(self._stream, record))
                self._done[shard] = records[-1]["dynamodb"]["SequenceNumber"]
                self._position_saved = False
            self._iterators[shard] = answer.get("NextShardIterator")
        return busy

    def _find_shards(self) -> None:
        described = self._client.describe_stream(StreamArn=self._stream)["StreamDescription"]
        for shard in described["Shards"]:
            name = shard["ShardId"]
            if name in self._iterators:
                continue
            where: dict[str, str] = {"ShardIteratorType": self._properties["StartingPosition"]}
            if name in self._done:
                where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._done[name]}
            answer = self._client.get_shard_iterator(StreamArn=self._stream, ShardId=name, **where)
            self._iterators[name] = answer["ShardIterator"]
        self._last_search = time.monotonic()

    def _sort(self, shard: str, record: Record) -> None:
        if passes(self._properties, record):
            partition = json.dumps(record["dynamodb"]["Keys"].get("pk"))
            if partition not in self._lane_of:
                self._lane_of[partition] = next(self._next_lane)
            self._lane_of[partition].put((shard, record))

    def _work(self, lane: Lane, stopped: threading.Event) -> None:
        """Handles the batches of one lane until the end."""
        while (first := lane.get()) is not None:
            batch = [first]
            while len(batch) < self._properties["BatchSize"] and not lane.empty():
                following = lane.get()
                if following is None:
                    return
                batch.append(following)
            for shard, records in itertools.groupby(batch, key=lambda each: each[0]):
                self._handle(shard, [record for _, record in records], stopped)
            for _ in batch:
                lane.task_done()

    def _handle(self, shard: str, records: list[Record], stopped: threading.Event) -> None:
        """Calls the function until it has handled all records or they are given up."""
        tries = 0
        while records and not stopped.is_set():
            try:
                answer = self._invoke({"Records": records}, str(uuid.uuid4())) or {}
            except EventTooLarge:
                self._halves(shard, records, stopped)
                return
            except FunctionError:
                answer = None
            if answer is not None:
                failed = [int(each["itemIdentifier"]) for each in answer.get("batchItemFailures", [])]
                if not failed:
                    return
                records = [each for each in records if int(each["dynamodb"]["SequenceNumber"]) >= min(failed)]
            tries += 1
            if self._is_over(records, tries):
                self._on_failure(shard, records)
                return
            if self._properties.get("BisectBatchOnFunctionError") and len(records) > 1 and answer is None:
                self._halves(shard, records, stopped)
                return
            stopped.wait(min(FIRST_WAIT_SECONDS * 2**tries, MAX_WAIT_SECONDS))

    def _halves(self, shard: str, records: list[Record], stopped: threading.Event) -> None:
        half = len(records) // 2
        self._handle(shard, records[:half], stopped)
        self._handle(shard, records[half:], stopped)

    def _is_over(self, records: list[Record], tries: int) -> bool:
        max_tries: int = self._properties.get("MaximumRetryAttempts", -1)
        max_age: int = self._properties.get("MaximumRecordAgeInSeconds", -1)
        age: float = time.time() - records[0]["dynamodb"]["ApproximateCreationDateTime"]
        return 0 <= max_tries < tries or 0 <= max_age < age

    def _on_failure(self, shard: str, records: list[Record]) -> None:
        if self._give_up:
            batch = {
                "shardId": shard,
                "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
                "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
                "batchSize": len(records),
                "streamArn": self._stream,
            }
            self._give_up(json.dumps({"version": "1.0", "DDBStreamBatchInfo": batch}))

    def _save_position(self) -> None:
        """Stores the position for the next start. Called only when all records read so far are handled."""
        if self._checkpoint and not self._position_saved:
            self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
            self._checkpoint.write_text(json.dumps(self._done))
        self._position_saved = True


def lambda_record(stream_arn: str, record: Mapping[str, Any]) -> Record:
    """A stream's record in the form that a function receives: times in seconds, binary values in base64."""
    inner = dict(record["dynamodb"])
    inner["ApproximateCreationDateTime"] = inner["ApproximateCreationDateTime"].timestamp()
    for image in ("Keys", "NewImage", "OldImage"):
        if image in inner:
            inner[image] = {name: written(value) for name, value in inner[image].items()}
    return {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": inner,
        "eventSourceARN": stream_arn,
    }


def written(value: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: base64.b64encode(content).decode()}
    if kind == "M":
        return {kind: {name: written(each) for name, each in content.items()}}
    return {kind: [written(each) for each in content]} if kind == "L" else {kind: content}
