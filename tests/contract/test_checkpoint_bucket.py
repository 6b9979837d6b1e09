"""The bucket of checkpoints under Object Lock, held beside its likeness in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from daybook.aws.checkpoint_bucket import CheckpointBucket
from daybook.errors import Throttled
from infra.local.template import Templates, of_type
from ledger.signer import Archive
from tests.support.ledger import log_of
from tests.support.signing import MemoryArchive

NAME = "checkpoints"


@pytest.fixture
def s3(aws: Callable[[str], Any], synthesised: Templates) -> Any:
    """With a bucket that is locked as the template says."""
    client = aws("s3")
    client.create_bucket(Bucket=NAME, ObjectLockEnabledForBucket=True)
    (lock,) = (
        each["ObjectLockConfiguration"]
        for each in of_type(synthesised, "AWS::S3::Bucket").values()
        if "ObjectLockConfiguration" in each
    )
    client.put_object_lock_configuration(Bucket=NAME, ObjectLockConfiguration=lock)
    return client


@pytest.fixture(params=["s3", "memory"])
def archive(request: pytest.FixtureRequest) -> Archive:
    return MemoryArchive() if request.param == "memory" else CheckpointBucket(request.getfixturevalue("s3"), NAME)


def test_the_newest_checkpoint_is_the_largest(archive: Archive) -> None:
    """In whatever order they came, and of this log alone."""
    log, other = log_of(seed=1), log_of(seed=2)
    assert archive.newest(log) is None
    for size in (9, 10**15, 99, 1_000, 10):
        assert archive.keep(log, size, f"{size}\n— name\n") == f"{size}\n— name\n"
    assert archive.newest(log) == f"{10**15}\n— name\n"
    assert archive.newest(other) is None


def test_of_one_size_the_first_checkpoint_stays(archive: Archive) -> None:
    """The second signer gets the first one's note."""
    log = log_of()
    assert [archive.keep(log, 7, note) for note in ("first", "second")] == ["first", "first"]
    assert archive.newest(log) == "first"


def test_a_checkpoint_can_neither_be_deleted_nor_replaced(s3: Any) -> None:
    """Nor is there a second version of it. S3 and moto refuse an object without a checksum here."""
    bucket, log = CheckpointBucket(s3, NAME), log_of()
    bucket.keep(log, 7, "first")
    bucket.keep(log, 7, "second")
    (version,) = s3.list_object_versions(Bucket=NAME)["Versions"]
    place = {"Bucket": NAME, "Key": version["Key"], "VersionId": version["VersionId"]}
    lock = s3.head_object(**place)
    assert lock["ObjectLockMode"] == "GOVERNANCE"
    assert 399 <= (lock["ObjectLockRetainUntilDate"] - lock["LastModified"]).days <= 400
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**place)


def test_a_checkpoint_that_was_deleted_is_still_the_newest(s3: Any) -> None:
    """Whoever may delete can only put a marker before it. That must not make the signer forget what it signed."""
    bucket, log = CheckpointBucket(s3, NAME), log_of()
    for size in range(1, 15):
        bucket.keep(log, size, f"{size}")
    for version in s3.list_object_versions(Bucket=NAME)["Versions"][:12]:
        s3.delete_object(Bucket=NAME, Key=version["Key"])
    assert len(s3.list_objects_v2(Bucket=NAME)["Contents"]) == 2
    assert bucket.newest(log) == "14"


class Answering:
    """A client whose every call fails."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def list_object_versions(self, **_call: Any) -> Any:
        raise self._failure

    put_object = list_object_versions


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ConditionalRequestConflict"])
def test_a_transient_error_is_tried_again(code: str) -> None:
    """The last one: two signers wrote the same object at the same moment, and S3 asks for another try."""
    bucket = CheckpointBucket(Answering(ClientError({"Error": {"Code": code}}, "any")), NAME)
    with pytest.raises(Throttled):
        bucket.keep(log_of(), 1, "note")
    with pytest.raises(Throttled):
        CheckpointBucket(Answering(EndpointConnectionError(endpoint_url="x")), NAME).newest(log_of())
