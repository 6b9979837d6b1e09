"""A file that grows by parts, and can be left and gone on with.

What of a part is there when a worker stops is parked beside the file, so a checkpoint holds all that it takes, however
large the file: the upload, how many parts it has, and which parked piece to begin with. A file that fits in one part is
put as a whole.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, structs

from daybook.clock import Clock
from daybook.jobs.export import NoSuchUpload
from daybook.jobs.job import JobFailed

PART_BYTES = 8 * 1024 * 1024
"""At least 5 MiB."""

MAX_BYTES = 31 * 1000**3
"""S3 takes 10,000 parts; but a file of which several workers wrote parts is read again for its checksum, in one
invocation: what S3 gives one connection at the least, 40 MB a second, in 13 of its 15 minutes.
"""

GONE = "What was written so far was deleted: export again."
TOO_LARGE = f"The file is larger than {MAX_BYTES // 1000**3} GB: export it in several spans of time."

BINARY = "application/octet-stream"

Content = tuple[bytes, bool]
"""Whole lines, and whether they are the last."""


class Files(Protocol):
    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None: ...

    def read(self, place: str, start: int, length: int) -> bytes: ...

    def delete(self, places: Sequence[str]) -> None: ...

    def begin(self, place: str, media_type: str, filename: str | None = None) -> str: ...

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> None:
        """Raises `NoSuchUpload`."""

    def complete(self, place: str, upload: str, parts: int) -> None:
        """Raises `NoSuchUpload`."""

    def abort(self, place: str, upload: str) -> None: ...


class Growth(NamedTuple):
    """What grows."""

    place: str
    piece: str
    """Where what is parked of it lies, but for a digit."""
    media_type: str = BINARY
    filename: str | None = None


class Grown(Struct):
    """How far a file is."""

    upload: str | None = None
    parts: int = 0
    bytes: int = 0
    """With what is parked."""
    parked: int = 0
    """Bytes of the piece that lies parked."""
    piece: int = 0
    """Its number. Each has a place of its own: the one of the last checkpoint stays until the next."""
    ended: bool = False
    """Nothing is missing any more, but for `complete`."""


class Growing:
    """Raises `JobFailed` where what a checkpoint tells of is there no more: a row would be missing."""

    def __init__(self, files: Files, growth: Growth, grown: Grown, part_bytes: int = PART_BYTES) -> None:
        self._files = files
        self._growth = growth
        self._part_bytes = part_bytes
        self._grown = grown
        parked = files.read(piece_place(growth, grown.piece), 0, grown.parked) if grown.parked else b""
        if len(parked) != grown.parked:
            raise JobFailed(GONE)
        self._rest = bytearray(parked)

    def add(self, content: bytes) -> bool:
        """Whether there was a part of it to upload."""
        self._rest += content
        if len(self._rest) < self._part_bytes:
            return False
        self._part()
        return True

    def park(self) -> Grown:
        """Leaves what there is beside the file."""
        grown = self._grown
        piece = grown.piece + 1
        if self._rest:
            self._files.put(piece_place(self._growth, piece), bytes(self._rest), BINARY)
        self._grown = structs.replace(grown, bytes=self._bytes, parked=len(self._rest), piece=piece)
        return self._grown

    def end(self) -> Grown:
        """The last part, or all of it; where there are parts, `Files.complete` is to follow."""
        grown = self._grown
        if grown.upload is None:
            self._files.put(self._growth.place, bytes(self._rest), self._growth.media_type, self._growth.filename)
            self._grown = Grown(bytes=self._bytes, piece=grown.piece, ended=True)
            return self._grown
        if self._rest:
            self._part()
        self._grown = structs.replace(self._grown, parked=0, ended=True)
        return self._grown

    def _part(self) -> None:
        grown, growth = self._grown, self._growth
        if self._bytes > MAX_BYTES:
            raise JobFailed(TOO_LARGE)
        upload = grown.upload or self._files.begin(growth.place, growth.media_type, growth.filename)
        try:
            self._files.put_part(growth.place, upload, grown.parts + 1, bytes(self._rest))
        except NoSuchUpload:
            raise JobFailed(GONE) from None
        self._grown = Grown(upload, grown.parts + 1, self._bytes, 0, grown.piece)
        self._rest.clear()

    @property
    def _bytes(self) -> int:
        return self._grown.bytes - self._grown.parked + len(self._rest)


def grow(growing: Growing, contents: Iterable[Content], clock: Clock, step_ms: int) -> Grown:
    """Adds what there is, for as long as a step lasts; rather ends it behind a part than parks one."""
    begun_ms = clock()
    for content, is_last in contents:
        is_part = growing.add(content)
        if is_last:
            return growing.end()
        gone_ms = clock() - begun_ms
        if gone_ms >= step_ms or (is_part and 2 * gone_ms >= step_ms):
            break
    return growing.park()


def complete(files: Files, growth: Growth, grown: Grown) -> None:
    """What has ended becomes the file; done already where an earlier try got through without being saved."""
    if grown.upload is None:
        return
    try:
        files.complete(growth.place, grown.upload, grown.parts)
    except NoSuchUpload:
        raise JobFailed(GONE) from None


def pieces(growth: Growth) -> list[str]:
    """All places where anything of it may lie parked."""
    return [f"{growth.piece}{number}" for number in (0, 1)]


def piece_place(growth: Growth, piece: int) -> str:
    return pieces(growth)[piece % 2]
