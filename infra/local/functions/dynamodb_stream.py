"""Reads a table's stream for a function: shard by shard, from the last position on, and what passes the filters."""

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.functions.failed_batches import GiveUp
from infra.local.functions.filtering import passes
from infra.local.functions.lanes import Invoke, Lanes, Record
from infra.local.gateway.api import REGION

POLL_SECONDS = 0.1  # between two reads of the stream, if the first found nothing
NEWS_SECONDS = 0.01  # between two checks for changes
IDLE_SECONDS = 1.0  # between two reads without changes, to find what other processes write to DynamoDB Local
SHARDS_SECONDS = 10.0  # DynamoDB Local starts a new shard every few hours
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
        give_up: GiveUp | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        """`changes` is a cheap check: it returns a different number once there may be new records.

        `give_up` sends records to the on-failure destination. `checkpoint` is the file that stores the position.
        """
        self._client = client
        self._stream = stream_arn
        self._properties = properties
        self._changes = changes
        self._checkpoint = checkpoint
        self._done: dict[str, str] = json.loads(checkpoint.read_text()) if checkpoint and checkpoint.exists() else {}
        self._iterators: dict[str, str | None] = {}
        self._last_search = 0.0
        self._position_saved = True
        self._lanes = Lanes(stream_arn, properties, invoke, give_up)

    def run(self, stopped: threading.Event) -> None:
        self._lanes.start(stopped)
        try:
            self._read(stopped)
        finally:
            self._lanes.end()

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
        waiting = self._lanes.waiting
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
                sent = (lambda_record(self._stream, each) for each in records)
                self._lanes.put(shard, (each for each in sent if passes(self._properties, each)))
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
    # Lambda writes these names in lower case, the stream's own API in upper case.
    who = {f"{name[:1].lower()}{name[1:]}": value for name, value in record.get("userIdentity", {}).items()}
    return {
        **({"userIdentity": who} if who else {}),
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
