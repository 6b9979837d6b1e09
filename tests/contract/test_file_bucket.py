"""The bucket of exports, held beside its likeness in memory."""

from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from daybook.aws.files import FileBucket
from daybook.exports import Places
from daybook.jobs import JobFailed
from export.growing import PART_BYTES, Files, Growing, Grown, piece_place
from tests.exporting import MemoryFiles

CSV = "text/csv; charset=utf-8"
PLACES = Places("acme", "job", "AuditLogs.csv")  # type: ignore[arg-type]


@pytest.fixture(params=["s3", "memory"])
def files(request: pytest.FixtureRequest) -> Files:
    if request.param == "memory":
        yield MemoryFiles()
        return
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="exports")
        yield FileBucket(boto3.client("s3"), "exports")


def test_a_file_is_put_read_in_pieces_and_deleted(files: Files) -> None:
    files.put("files/a", b"0123456789", CSV, "a.csv")
    assert [files.read("files/a", start, 4) for start in (0, 4, 8, 10)] == [b"0123", b"4567", b"89", b""]
    files.put("files/a", b"again", CSV, "a.csv")
    assert files.read("files/a", 0, 100) == b"again"
    files.delete(["files/a", "files/b"])
    assert files.read("files/a", 0, 100) == b""


def test_a_file_grows_by_parts(files: Files) -> None:
    """A part may be put again; completing twice is completing once."""
    upload = files.begin("files/a", CSV, "a.csv")
    files.put_part("files/a", upload, 1, b"x" * PART_BYTES)
    first = files.put_part("files/a", upload, 1, b"a" * PART_BYTES)
    second = files.put_part("files/a", upload, 2, b"b")
    files.complete("files/a", upload, [first, second])
    files.complete("files/a", upload, [first, second])
    assert files.read("files/a", PART_BYTES - 1, 10) == b"ab"


def test_what_is_aborted_is_no_file(files: Files) -> None:
    upload = files.begin("files/a", CSV, "a.csv")
    files.put_part("files/a", upload, 1, b"a")
    files.abort("files/a", upload)
    files.abort("files/a", upload)
    assert files.read("files/a", 0, 1) == b""


def test_what_was_parked_and_is_gone_fails_the_job(files: Files) -> None:
    """Nothing is written over a gap, whether the piece is gone, or a part of it."""
    growing = Growing(files, PLACES, CSV, Grown())
    growing.add(b"a row")
    grown = growing.park()
    files.put(piece_place(PLACES, grown.piece), b"a ro", CSV)
    with pytest.raises(JobFailed):
        Growing(files, PLACES, CSV, grown)
    files.delete([piece_place(PLACES, grown.piece)])
    with pytest.raises(JobFailed):
        Growing(files, PLACES, CSV, grown)


class Refusing:
    """S3 as it answers where something is gone; moto knows neither answer."""

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    def upload_part(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPart")


def test_what_a_role_that_may_not_list_is_refused_is_not_there() -> None:
    assert FileBucket(Refusing(), "exports").read("files/a", 0, 1) == b""


@pytest.mark.parametrize("files", [FileBucket(Refusing(), "exports"), MemoryFiles()], ids=["s3", "memory"])
def test_an_upload_that_is_gone_fails_the_job(files: Files) -> None:
    growing = Growing(files, PLACES, CSV, Grown("upload"))
    growing.add(b"a row")
    with pytest.raises(JobFailed):
        growing.part()


@pytest.mark.parametrize("sizes", [[], [1], [PART_BYTES], [PART_BYTES + 1, 3], [5, PART_BYTES, PART_BYTES, 7]])
def test_a_growing_file_is_what_was_added(files: Files, sizes: list[int]) -> None:
    """Left and gone on with after each addition, from what the checkpoint says alone."""
    grown = Grown()
    written = b""
    for number, size in enumerate(sizes):
        content = bytes([65 + number]) * size
        written += content
        growing = Growing(files, PLACES, CSV, grown)
        growing.add(content)
        grown = growing.part() if growing.is_full else growing.park()
        assert grown.bytes == len(written)
    grown = Growing(files, PLACES, CSV, grown).end()
    if grown.upload is not None:
        files.complete(PLACES.file, grown.upload, grown.tags)
    assert grown.bytes == len(written)
    assert files.read(PLACES.file, 0, len(written) + 1) == written


@mock_aws
def test_a_url_names_the_file_and_its_type() -> None:
    """So that a browser saves it under its name."""
    boto3.client("s3").create_bucket(Bucket="exports")
    bucket = FileBucket(boto3.client("s3"), "exports")
    bucket.put("files/a", b"content", CSV, "AuditLogs_20261122_163107.csv")
    url = bucket.url("files/a", 900)
    assert "X-Amz-Expires=900" in url or "Expires=" in url
    found = boto3.client("s3").get_object(Bucket="exports", Key="files/a")
    assert found["ContentDisposition"] == 'attachment; filename="AuditLogs_20261122_163107.csv"'
    assert found["ContentType"] == CSV
    assert httpx.URL(url).path.endswith("files/a")
