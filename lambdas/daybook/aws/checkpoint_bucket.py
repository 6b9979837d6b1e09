"""Signed checkpoints in S3, under Object Lock. A restored table does not change what is here.

An object is named `<log's name>/<10^16 - 1 less the size, 16 digits>` and is the signed note. So the first that S3
lists of a log is the newest one. S3's lists are strongly consistent.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.bucket import TRANSIENT
from daybook.aws.calls import ask
from daybook.errors import Throttled
from daybook.ledger.logs import Log

_LARGEST = 10**16 - 1
_TRANSIENT = TRANSIENT | {"ConditionalRequestConflict"}
"""The last one: another call wrote the same object at the same time. S3 asks for another try."""


class CheckpointBucket:
    """Uses a low-level S3 client. Calls raise `Throttled` when another try may succeed."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def newest(self, log: Log) -> str | None:
        """The signed note of the largest size."""
        listed = self._call("list_objects_v2", Prefix=f"{log.name}/", MaxKeys=1).get("Contents", ())
        return self._read(listed[0]["Key"]) if listed else None

    def keep(self, log: Log, size: int, note: str) -> str:
        """Returns the note of this size: the first one stays."""
        place = f"{log.name}/{_LARGEST - size:016}"
        try:
            self._call(
                "put_object",
                Key=place,
                Body=note.encode(),
                ContentType="text/plain; charset=utf-8",
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",  # S3 takes no object into a locked bucket without a checksum
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return self._read(place)
        return note

    def _read(self, place: str) -> str:
        answer = self._call("get_object", Key=place)
        try:
            note: bytes = answer["Body"].read()
        except BotoCoreError:
            raise Throttled from None
        return note.decode()

    def _call(self, operation: str, **arguments: Any) -> Any:
        return ask(getattr(self._client, operation), _TRANSIENT, Bucket=self._bucket, **arguments)
