"""Passes the records of a table's stream to a function as Lambda does: in lanes and batches, with retries.

The parallelisation factor is the number of lanes. Lambda keeps the order "at the item (partition and sort key) level"
(AWS's "Using AWS Lambda with Amazon DynamoDB"), so a hash of both keys selects the lane: two items of one partition may
be in different lanes, and their order is open.

A batch has up to `BatchSize` records of one lane and 6 MB, and holds what is there: there is no batching window. After
an error it is halved if the mapping asks for it, and tried again up to the maximum of retries. Halving is no retry.
After a partial failure the lane continues from the lowest failure. A record beyond the maximum age is not sent. The
records that are given up go to the on-failure destination.
"""

import itertools
import json
import queue
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.local.functions.failed_batches import GiveUp
from infra.local.functions.instances import EventTooLarge, FunctionError

FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 30.0
DOUBLINGS = 6  # of the first wait: beyond them it is the longest

Invoke = Callable[[Mapping[str, Any], str], Any]
Record = dict[str, Any]
Lane = queue.Queue[tuple[str, Record] | None]
"""Records with their shards, in order. None marks the end."""


class Lanes:
    """All shards share them, because both stores write to one shard of a table at a time."""

    def __init__(self, stream_arn: str, properties: Mapping[str, Any], invoke: Invoke, give_up: GiveUp | None) -> None:
        self._stream = stream_arn
        self._invoke = invoke
        self._give_up = give_up
        self._batch_size: int = properties["BatchSize"]
        self._halves_batches: bool = properties.get("BisectBatchOnFunctionError", False)
        self._reports_failures = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        # -1 is for ever.
        self._max_retries: int = properties.get("MaximumRetryAttempts", -1)
        self._max_age: int = properties.get("MaximumRecordAgeInSeconds", -1)
        self._lanes: list[Lane] = [queue.Queue() for _ in range(properties.get("ParallelizationFactor", 1))]
        self._dividing = threading.Lock()

    @property
    def waiting(self) -> int:
        """The number of records that are not yet handled or given up."""
        return sum(lane.unfinished_tasks for lane in self._lanes)

    def start(self, stopped: threading.Event) -> None:
        for lane in self._lanes:
            threading.Thread(target=self._work, args=(lane, stopped), daemon=True).start()

    def end(self) -> None:
        for lane in self._lanes:
            lane.put(None)

    def put(self, shard: str, records: Iterable[Record]) -> None:
        """Adds what one read of the shard returned."""
        with self._dividing:
            for record in records:
                self._lanes[lane_of(record["dynamodb"]["Keys"], len(self._lanes))].put((shard, record))

    def _work(self, lane: Lane, stopped: threading.Event) -> None:
        """Handles the batches of one lane until the end."""
        while (first := lane.get()) is not None:
            batch = [first]
            with self._dividing:  # so that a batch holds all that was read with its first record
                while len(batch) < self._batch_size and not lane.empty():
                    following = lane.get()
                    if following is None:
                        return
                    batch.append(following)
            for shard, records in itertools.groupby(batch, key=lambda each: each[0]):
                self._handle(shard, [record for _, record in records], stopped)
            if stopped.is_set():
                return  # the batch may be unhandled, so it must still count as waiting
            for _ in batch:
                lane.task_done()

    def _handle(self, shard: str, records: list[Record], stopped: threading.Event) -> None:
        """Calls the function until it has handled all records or they are given up."""
        tries = 0
        while not stopped.is_set():
            records = self._without_old(shard, records)
            if not records:
                return
            try:
                answer = self._invoke({"Records": records}, str(uuid.uuid4()))
            except (EventTooLarge, FunctionError) as error:
                if len(records) > 1 and (self._halves_batches or isinstance(error, EventTooLarge)):
                    half = len(records) // 2
                    self._handle(shard, records[:half], stopped)
                    self._handle(shard, records[half:], stopped)
                    return
                failed = records
            else:
                failed = failures(records, answer or {}) if self._reports_failures else []
            tries = tries + 1 if len(failed) == len(records) else 0  # to split the batch at a failure is no retry
            records = failed
            if 0 <= self._max_retries < tries:
                self._note(shard, records)
                return
            if records:
                stopped.wait(min(FIRST_WAIT_SECONDS * 2 ** min(tries, DOUBLINGS), MAX_WAIT_SECONDS))

    def _without_old(self, shard: str, records: list[Record]) -> list[Record]:
        if self._max_age < 0:
            return records
        since = time.time() - self._max_age
        old = [each for each in records if each["dynamodb"]["ApproximateCreationDateTime"] < since]
        if old:
            self._note(shard, old)
        return records[len(old) :]  # the oldest come first

    def _note(self, shard: str, records: list[Record]) -> None:
        if self._give_up:
            self._give_up(self._stream, shard, records)


def lane_of(keys: Mapping[str, Any], lanes: int) -> int:
    """The number of the lane for an item. It is the same in every run."""
    return zlib.crc32(json.dumps(keys, sort_keys=True).encode()) % lanes


def failures(records: list[Record], answer: Mapping[str, Any]) -> list[Record]:
    """The records from the lowest failure on. A failure that names none of the batch's records makes it all of them."""
    numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
    failed = [each.get("itemIdentifier") for each in answer.get("batchItemFailures") or []]
    if not set(failed) <= set(numbers):
        return records
    return records[min(map(numbers.index, failed), default=len(records)) :]
