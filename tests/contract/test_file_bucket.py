"""The bucket of exports, held beside its likeness in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daybook.aws import clients
from daybook.aws.bucket import FileBucket
from daybook.errors import Throttled
from daybook.jobs.export import NoSuchUpload
from daybook.jobs.job import JobFailed
from exports.files import Files
from exports.multipart import MAX_BYTES, PART_BYTES, PartUpload, Uploader, UploadProgress, UploadTarget
from tests.support.exports import MemoryFiles

CSV = "text/csv; charset=utf-8"
TARGET = UploadTarget("files/AuditLogs.csv", "runs/piece-", CSV, "AuditLogs.csv")


@pytest.fixture(params=["s3", "memory"])
def files(request: pytest.FixtureRequest) -> Files:
    if request.param == "memory":
        return MemoryFiles()
    s3 = request.getfixturevalue("aws")("s3")
    s3.create_bucket(Bucket="exports")
    return FileBucket(s3, "exports")


def test_a_file_is_put_read_in_pieces_and_deleted(files: Files) -> None:
    files.put("files/a", b"0123456789", CSV, "a.csv")
    assert [files.read("files/a", start, 4) for start in (0, 4, 8, 10)] == [b"0123", b"4567", b"89", b""]
    files.put("files/a", b"again", CSV, "a.csv")
    assert files.read("files/a", 0, 100) == b"again"
    files.delete(["files/a", "files/b"])
    assert files.read("files/a", 0, 100) == b""


def test_a_file_grows_by_parts(files: Files) -> None:
    """A part may be put again; what lies behind the last one is left out; completing twice is completing once."""
    upload = files.begin("files/a", CSV, "a.csv")
    files.put_part("files/a", upload, 1, b"x" * PART_BYTES)
    files.put_part("files/a", upload, 1, b"a" * PART_BYTES)
    files.put_part("files/a", upload, 2, b"b")
    files.put_part("files/a", upload, 3, b"of a step that was not saved")
    files.complete("files/a", upload, 2)
    files.complete("files/a", upload, 2)
    assert files.read("files/a", PART_BYTES - 1, 10) == b"ab"


def test_a_file_lacks_no_part(files: Files) -> None:
    upload = files.begin("files/a", CSV, "a.csv")
    files.put_part("files/a", upload, 2, b"b")
    with pytest.raises(NoSuchUpload):
        files.complete("files/a", upload, 2)


def test_parts_are_listed_however_many_there_are() -> None:
    """S3 lists 1,000 at a time."""

    class Listing:
        completed: list[int]

        def list_parts(self, *, PartNumberMarker: int = 0, **_: Any) -> Any:  # noqa: N803  botocore's name
            numbers = range(PartNumberMarker + 1, min(PartNumberMarker + 1_000, 2_500) + 1)
            parts = [{"PartNumber": number, "ETag": f"tag-{number}"} for number in numbers]
            return {"Parts": parts, "IsTruncated": numbers[-1] < 2_500, "NextPartNumberMarker": numbers[-1]}

        def complete_multipart_upload(self, *, MultipartUpload: Any, **_: Any) -> Any:  # noqa: N803  botocore's name
            self.completed = [part["PartNumber"] for part in MultipartUpload["Parts"]]
            return {}

    client = Listing()
    FileBucket(client, "exports").complete("files/a", "upload", 2_400)
    assert client.completed == list(range(1, 2_401))


def test_many_files_are_deleted() -> None:
    """DeleteObjects takes 1,000 at a time."""
    deleted: list[str] = []

    class Deleting:
        def delete_objects(self, *, Delete: Any, **_: Any) -> Any:  # noqa: N803  botocore's name
            assert len(Delete["Objects"]) <= 1_000
            deleted.extend(each["Key"] for each in Delete["Objects"])
            return {}

    places = [f"runs/{number}" for number in range(2_003)]
    FileBucket(Deleting(), "exports").delete(places)
    assert deleted == places


@pytest.mark.parametrize(("code", "raised"), [("SlowDown", Throttled), ("AccessDenied", ClientError)])
def test_what_is_not_deleted_is_no_success(code: str, raised: type[Exception]) -> None:
    """S3 tells of each file within an answer of 200."""

    class Refusing:
        def delete_objects(self, **_: Any) -> Any:
            return {"Errors": [{"Key": "runs/1", "Code": code}]}

    with pytest.raises(raised):
        FileBucket(Refusing(), "exports").delete(["runs/1"])


def test_what_is_aborted_is_no_file(files: Files) -> None:
    upload = files.begin("files/a", CSV, "a.csv")
    files.put_part("files/a", upload, 1, b"a")
    files.abort("files/a", upload)
    files.abort("files/a", upload)
    assert files.read("files/a", 0, 1) == b""


def test_what_was_parked_and_is_gone_fails_the_job(files: Files) -> None:
    """Nothing is written over a gap, whether the piece is gone, or a part of it."""
    upload = PartUpload(files, TARGET, UploadProgress())
    upload.add(b"a row")
    progress = upload.park()
    files.put(TARGET.parked_place(progress.piece), b"a ro", CSV)
    with pytest.raises(JobFailed):
        PartUpload(files, TARGET, progress)
    files.delete([TARGET.parked_place(progress.piece)])
    with pytest.raises(JobFailed):
        PartUpload(files, TARGET, progress)


class Refusing:
    """S3 as it answers where something is gone; moto does not know that answer."""

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    def upload_part(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPart")


def test_what_is_denied_is_not_taken_for_gone() -> None:
    """A key of KMS that is denied, say: nothing is lost, and nothing may be tidied away for it."""
    with pytest.raises(ClientError):
        FileBucket(Refusing(), "exports").read("files/a", 0, 1)


@pytest.mark.parametrize("files", [FileBucket(Refusing(), "exports"), MemoryFiles()], ids=["s3", "memory"])
def test_an_upload_that_is_gone_fails_the_job(files: Files) -> None:
    upload = PartUpload(files, TARGET, UploadProgress("upload"))
    upload.add(b"a row")
    with pytest.raises(JobFailed):
        upload.end()


def test_what_s3_can_not_take_fails_and_says_what_to_do() -> None:
    """By its bytes, however large the parts are."""
    files = MemoryFiles()
    upload = PartUpload(files, TARGET, UploadProgress(files.begin("files/a", CSV), 1, MAX_BYTES - 5), part_bytes=5)
    assert upload.add(b"a row")
    with pytest.raises(JobFailed, match="several time spans"):
        upload.add(b"a row")


@pytest.mark.parametrize("sizes", [[], [1], [PART_BYTES], [PART_BYTES + 1, 3], [5, PART_BYTES, PART_BYTES, 7]])
def test_a_growing_file_is_what_was_added(files: Files, sizes: list[int]) -> None:
    """Left and gone on with after each addition, from what the checkpoint says alone."""
    progress = UploadProgress()
    written = b""
    for number, size in enumerate(sizes):
        content = bytes([65 + number]) * size
        written += content
        upload = PartUpload(files, TARGET, progress)
        assert upload.add(content) == (len(content) + progress.parked >= PART_BYTES)
        progress = upload.park()
        assert (progress.bytes, progress.ended) == (len(written), False)
    progress = PartUpload(files, TARGET, progress).end()
    for _ in range(2):
        Uploader(files, lambda: 0, step_ms=0).complete(TARGET, progress)
    assert (progress.bytes, progress.ended) == (len(written), True)
    assert files.read(TARGET.place, 0, len(written) + 1) == written


def test_a_file_is_fetched_under_its_name_and_type(aws: Callable[[str], Any]) -> None:
    """So that a browser saves it under its name."""
    aws("s3").create_bucket(Bucket="exports")
    FileBucket(clients.s3(), "exports").put("files/a", b"content", CSV, "AuditLogs_20261122_163107.csv")
    found = aws("s3").get_object(Bucket="exports", Key="files/a")
    assert found["ContentDisposition"] == 'attachment; filename="AuditLogs_20261122_163107.csv"'
    assert found["ContentType"] == CSV
