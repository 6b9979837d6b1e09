"""The SHA-256 of a file that several workers may write one after the other.

`hashlib` gives no state that could be saved. As long as one process writes the file, it keeps the hash; whatever others
wrote is hashed at the end by reading the file.
"""

import hashlib
from typing import Any

from daybook.jobs.job import JobFailed
from exports.multipart import GONE, Files, Grown

READ_A_SECOND = 40_000_000
"""Bytes, what S3 gives one connection at the least."""

_READ_AT_ONCE = 8 * 1024 * 1024


class Checksum:
    """Of the file that this process writes, as far as it has."""

    def __init__(self) -> None:
        self._kept: tuple[str, Grown, Any] | None = None

    def go_on(self, job_id: str, grown: Grown) -> Any:
        """A hash to go on with from there; None where this process has not written the file from its first byte on."""
        if grown.bytes == 0 and grown.parts == 0:
            return hashlib.sha256()
        if self._kept is not None and self._kept[:2] == (job_id, grown):
            return self._kept[2].copy()
        return None

    def keep(self, job_id: str, grown: Grown, hashed: Any) -> None:
        self._kept = None if hashed is None else (job_id, grown, hashed)


def read_back(files: Files, place: str, size: int) -> str:
    """In hex. Raises `JobFailed` where the file is there no more."""
    whole = hashlib.sha256()
    read = 0
    while read < size:
        content = files.read(place, read, _READ_AT_ONCE)
        if not content:
            raise JobFailed(GONE)
        whole.update(content)
        read += len(content)
    return whole.hexdigest()
