"""A file that is uploaded part by part, by one worker after another.

A part has a minimum size, so a worker usually stops with some bytes that do not fill one. It parks them as an object of
their own beside the file. A checkpoint then needs only the upload's id, the number of its parts and the number of the
parked object, however large the file is. A file smaller than one part is put as a whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct, structs

from daybook.clock import Clock
from daybook.jobs.export import NoSuchUpload
from daybook.jobs.job import JobFailed
from exports.files import Files

PART_BYTES = 8 * 1024 * 1024
"""S3 takes no less than 5 MiB, except for the last part."""

MAX_BYTES = 31 * 1000**3
"""S3 would take 10,000 parts. But a file that several workers wrote is read once more for its checksum, within one
invocation: at 40 MB a second, the least that S3 gives one connection, in 13 of its 15 minutes.
"""

GONE = "What was written so far was deleted. Request a new export."
TOO_LARGE = f"The file would be larger than {MAX_BYTES // 1000**3} GB. Export it in several time spans."

BINARY = "application/octet-stream"

Content = tuple[bytes, bool]
"""Whole lines, and whether they are the last ones."""


class UploadTarget(NamedTuple):
    """Where a file is uploaded to."""

    place: str
    parked_prefix: str
    """Where its parked bytes are put, without the last digit."""
    media_type: str = BINARY
    filename: str | None = None

    def parked_place(self, number: int) -> str:
        """Two places in turn: what the last checkpoint refers to is not overwritten before the next one is saved."""
        return self.parked_places[number % 2]

    @property
    def parked_places(self) -> tuple[str, str]:
        return f"{self.parked_prefix}0", f"{self.parked_prefix}1"


class UploadProgress(Struct):
    """How much of a file is uploaded. Part of checkpoints."""

    upload: str | None = None
    """None until the first part is uploaded."""
    parts: int = 0
    bytes: int = 0
    """All bytes so far, the parked ones included."""
    parked: int = 0
    """How many bytes are parked."""
    piece: int = 0
    """The number of the parked object."""
    ended: bool = False
    """All content is there; only `Uploader.complete` is missing."""


class PartUpload:
    """Goes on with an upload from `progress`. Raises `JobFailed` where the parked bytes are missing."""

    def __init__(
        self, files: Files, target: UploadTarget, progress: UploadProgress, part_bytes: int = PART_BYTES
    ) -> None:
        self._files = files
        self._target = target
        self._progress = progress
        self._part_bytes = part_bytes
        parked = files.read(target.parked_place(progress.piece), 0, progress.parked) if progress.parked else b""
        if len(parked) != progress.parked:
            raise JobFailed(GONE)
        self._rest = bytearray(parked)

    def add(self, content: bytes) -> bool:
        """Whether it filled a part, which is then uploaded. Raises `JobFailed` where the file gets too large."""
        self._rest += content
        if len(self._rest) < self._part_bytes:
            return False
        self._put_part()
        return True

    def park(self) -> UploadProgress:
        """Stops here. The bytes that fill no part are parked."""
        number = self._progress.piece + 1
        if self._rest:
            self._files.put(self._target.parked_place(number), bytes(self._rest), BINARY)
        self._progress = structs.replace(self._progress, bytes=self._bytes, parked=len(self._rest), piece=number)
        return self._progress

    def end(self) -> UploadProgress:
        """Uploads the last part, or the whole file where it fits in one."""
        if self._progress.upload is None:
            target = self._target
            self._files.put(target.place, bytes(self._rest), target.media_type, target.filename)
            self._progress = UploadProgress(bytes=self._bytes, piece=self._progress.piece, ended=True)
            return self._progress
        if self._rest:
            self._put_part()
        self._progress = structs.replace(self._progress, parked=0, ended=True)
        return self._progress

    def _put_part(self) -> None:
        if self._bytes > MAX_BYTES:
            raise JobFailed(TOO_LARGE)
        progress, target = self._progress, self._target
        upload = progress.upload or self._files.begin(target.place, target.media_type, target.filename)
        number = progress.parts + 1
        try:
            self._files.put_part(target.place, upload, number, bytes(self._rest))
        except NoSuchUpload:
            raise JobFailed(GONE) from None
        self._progress = UploadProgress(upload, number, self._bytes, 0, progress.piece)
        self._rest.clear()

    @property
    def _bytes(self) -> int:
        return self._progress.bytes - self._progress.parked + len(self._rest)


@dataclass(frozen=True)
class Uploader:
    """Uploads files step by step. A step lasts `step_ms` at most, but for the content that is under way then."""

    files: Files
    clock: Clock
    step_ms: int
    part_bytes: int = PART_BYTES

    def resume(self, target: UploadTarget, progress: UploadProgress) -> PartUpload:
        """For a file that is written along with another one. Raises `JobFailed`."""
        return PartUpload(self.files, target, progress, self.part_bytes)

    def extend(self, target: UploadTarget, progress: UploadProgress, contents: Iterable[Content]) -> UploadProgress:
        """Adds contents until the step is over. Past half of it, it stops behind a full part: nothing is parked then.

        Raises `JobFailed`.
        """
        upload = self.resume(target, progress)
        began_ms = self.clock()
        for content, is_last in contents:
            filled_part = upload.add(content)
            if is_last:
                return upload.end()
            passed_ms = self.clock() - began_ms
            if passed_ms >= self.step_ms or (filled_part and 2 * passed_ms >= self.step_ms):
                break
        return upload.park()

    def complete(self, target: UploadTarget, progress: UploadProgress) -> None:
        """Makes the file of its parts. Does nothing where that is done. Raises `JobFailed` where the upload is gone."""
        if progress.upload is None:
            return
        try:
            self.files.complete(target.place, progress.upload, progress.parts)
        except NoSuchUpload:
            raise JobFailed(GONE) from None

    def abort(self, target: UploadTarget, progress: UploadProgress) -> None:
        if progress.upload is not None:
            self.files.abort(target.place, progress.upload)
