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
_LISTED = 10  # markers of deleted objects may come first
_TRANSIENT = TRANSIENT | {"ConditionalRequestConflict"}
"""The last one: another call wrote the same object at the same time. S3 asks for another try."""


class CheckpointBucket:
    """Uses a low-level S3 client. Calls raise `Throttled` when another try may succeed."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def newest(self, log: Log) -> str | None:
        """The signed note of the largest size, also of one that was deleted.

        Object Lock keeps versions. Who deletes an object only puts a marker before its version, which would hide it.
        """
        more: dict[str, str] = {}
        while True:
            page = self._call("list_object_versions", Prefix=f"{log.name}/", MaxKeys=_LISTED, **more)
            for version in page.get("Versions", ()):
                return self._read(version["Key"], VersionId=version["VersionId"])
            if not page.get("IsTruncated"):
                return None
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

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

    def _read(self, place: str, **version: str) -> str:
        answer = self._call("get_object", Key=place, **version)
        try:
            note: bytes = answer["Body"].read()
        except BotoCoreError:
            raise Throttled from None
        return note.decode()

    def _call(self, operation: str, **arguments: Any) -> Any:
        return ask(getattr(self._client, operation), _TRANSIENT, Bucket=self._bucket, **arguments)
