"""Files in S3, written whole or in parts."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.calls import ask
from daybook.errors import Throttled
from daybook.jobs.export import NoSuchUpload

TRANSIENT = frozenset(
    {
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "500",
        "503",
    }
)
"""S3's errors that another try may overcome."""

_DELETED_A_CALL = 1_000  # DeleteObjects' own limit

_NOTHING_THERE = frozenset({"InvalidRange", "NoSuchKey"})
"""S3 answers so only because the role may list the bucket; otherwise it denies access to files that do not exist."""


class FileBucket:
    """Uses a low-level S3 client. Every call raises `Throttled` when another try may succeed."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None:
        """Replaces an existing file. `filename`: the name that a download gets."""
        self._call("put_object", Key=place, Body=content, **_described(media_type, filename))

    def read(self, place: str, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on; none past the end, or when there is no file."""
        try:
            answer = self._call("get_object", Key=place, Range=f"bytes={start}-{start + length - 1}")
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOTHING_THERE:
                return b""
            raise
        try:
            content: bytes = answer["Body"].read()
        except BotoCoreError:
            raise Throttled from None
        return content

    def delete(self, places: Sequence[str]) -> None:
        """Ignores files that do not exist. When it raises, some files may have been deleted."""
        for start in range(0, len(places), _DELETED_A_CALL):
            objects = [{"Key": place} for place in places[start : start + _DELETED_A_CALL]]
            answer = self._call("delete_objects", Delete={"Objects": objects, "Quiet": True})
            for refused in answer.get("Errors", ()):
                if refused["Code"] in TRANSIENT:
                    raise Throttled
                raise ClientError({"Error": {"Code": refused["Code"]}}, "DeleteObjects")

    def begin(self, place: str, media_type: str, filename: str | None = None) -> str:
        """Begins an upload in parts and returns its id."""
        upload: str = self._call("create_multipart_upload", Key=place, **_described(media_type, filename))["UploadId"]
        return upload

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> None:
        """Parts count from 1. All but the last have at least 5 MiB. Replaces a part of the same number.

        Raises `NoSuchUpload`.
        """
        self._upload_call("upload_part", place, upload, PartNumber=number, Body=content)

    def complete(self, place: str, upload: str, parts: int) -> None:
        """Makes the file of the first `parts` parts. Does nothing when the upload was completed before.

        The tags of the parts come from S3, so callers need not keep them. Raises `NoSuchUpload`, also when a part is
        missing.
        """
        try:
            listed = self._parts(place, upload, parts)
            self._upload_call("complete_multipart_upload", place, upload, MultipartUpload={"Parts": listed})
        except NoSuchUpload:
            if not self.read(place, 0, 1):
                raise

    def _parts(self, place: str, upload: str, most: int) -> list[dict[str, Any]]:
        """The parts from 1 to `most`, with their tags."""
        tags: dict[int, str] = {}
        more: dict[str, Any] = {}
        while True:
            answer = self._upload_call("list_parts", place, upload, **more)
            tags |= {part["PartNumber"]: part["ETag"] for part in answer.get("Parts", ())}
            if not answer.get("IsTruncated"):
                break
            more = {"PartNumberMarker": answer["NextPartNumberMarker"]}
        if not all(number in tags for number in range(1, most + 1)):
            raise NoSuchUpload(place)
        return [{"PartNumber": number, "ETag": tags[number]} for number in range(1, most + 1)]

    def abort(self, place: str, upload: str) -> None:
        """Does nothing when there is no such upload."""
        with suppress(NoSuchUpload):
            self._upload_call("abort_multipart_upload", place, upload)

    def _upload_call(self, operation: str, place: str, upload: str, **arguments: Any) -> dict[str, Any]:
        try:
            return self._call(operation, Key=place, UploadId=upload, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                raise NoSuchUpload(place) from None
            raise

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = ask(getattr(self._client, operation), TRANSIENT, Bucket=self._bucket, **arguments)
        return answer


def _described(media_type: str, filename: str | None) -> dict[str, str]:
    described = {"ContentType": media_type}
    if filename is not None:
        described["ContentDisposition"] = f'attachment; filename="{filename}"'
    return described
