"""The SHA-256 of a file that several workers may write one after the other.

The state of a `hashlib` hash can't be saved. So a process keeps the hash of the file that it writes in memory. A file
that several processes wrote is read once more at the end.
"""

import hashlib
from typing import Any

from daybook.jobs.job import JobFailed
from exports.files import Files
from exports.multipart import GONE, UploadProgress

READ_A_SECOND = 40_000_000
"""Bytes: the least that S3 gives one connection."""

_READ_BYTES = 8 * 1024 * 1024


class ChecksumCache:
    """The hash of one file, as far as this process has written it."""

    def __init__(self) -> None:
        self._kept: tuple[str, UploadProgress, Any] | None = None

    def resume(self, job_id: str, progress: UploadProgress) -> Any:
        """A hash of what is written so far; None where this process has not written all of it."""
        if progress.bytes == 0 and progress.parts == 0:
            return hashlib.sha256()
        if self._kept is not None and self._kept[:2] == (job_id, progress):
            return self._kept[2].copy()
        return None

    def keep(self, job_id: str, progress: UploadProgress, sha256: Any) -> None:
        self._kept = None if sha256 is None else (job_id, progress, sha256)


def read_back(files: Files, place: str, size: int) -> str:
    """The SHA-256 in hex. Raises `JobFailed` where the file is missing."""
    sha256 = hashlib.sha256()
    read = 0
    while read < size:
        content = files.read(place, read, _READ_BYTES)
        if not content:
            raise JobFailed(GONE)
        sha256.update(content)
        read += len(content)
    return sha256.hexdigest()
