"""A file that grows by parts, and can be left and gone on with.

What of a part is there when a worker stops is parked beside the file, so a checkpoint holds all that it takes: the
upload, its parts' tags, and which parked piece to begin with. A file that fits in one part is put as a whole.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, structs

from daybook.exports import NoSuchUpload, Places
from daybook.jobs import JobFailed

PART_BYTES = 8 * 1024 * 1024
"""10,000 parts, S3's own limit, are then 80 GB. At least 5 MiB."""

GONE = "What was written so far was deleted: export again."

_BINARY = "application/octet-stream"


class Files(Protocol):
    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None: ...

    def read(self, place: str, start: int, length: int) -> bytes: ...

    def delete(self, places: Sequence[str]) -> None: ...

    def begin(self, place: str, media_type: str, filename: str) -> str: ...

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> str:
        """Raises `NoSuchUpload`."""

    def complete(self, place: str, upload: str, tags: Sequence[str]) -> None:
        """Raises `NoSuchUpload`."""

    def abort(self, place: str, upload: str) -> None: ...


class Grown(Struct):
    """How far a file is."""

    upload: str | None = None
    tags: list[str] = []
    bytes: int = 0
    """With what is parked."""
    parked: int = 0
    """Bytes of the piece that lies parked."""
    piece: int = 0
    """Its number. Each has a place of its own: the one of the last checkpoint stays until the next."""


class Growing:
    """Raises `JobFailed` where what a checkpoint tells of is there no more: a row would be missing."""

    def __init__(
        self, files: Files, places: Places, media_type: str, grown: Grown, part_bytes: int = PART_BYTES
    ) -> None:
        self._files = files
        self._places = places
        self._media_type = media_type
        self._part_bytes = part_bytes
        self._grown = grown
        self._rest = bytearray(files.read(piece_place(places, grown.piece), 0, grown.parked) if grown.parked else b"")
        if len(self._rest) != grown.parked:
            raise JobFailed(GONE)

    def add(self, content: bytes) -> None:
        self._rest += content

    @property
    def is_full(self) -> bool:
        return len(self._rest) >= self._part_bytes

    def part(self) -> Grown:
        """Uploads what there is as the next part."""
        grown = self._grown
        upload = grown.upload or self._files.begin(self._places.file, self._media_type, self._places.filename)
        try:
            tag = self._files.put_part(self._places.file, upload, len(grown.tags) + 1, bytes(self._rest))
        except NoSuchUpload:
            raise JobFailed(GONE) from None
        now = Grown(upload, [*grown.tags, tag], self._bytes, 0, grown.piece)
        self._rest.clear()
        return self._now(now)

    def park(self) -> Grown:
        """Leaves what there is beside the file."""
        grown = self._grown
        piece = grown.piece + 1
        if self._rest:
            self._files.put(piece_place(self._places, piece), bytes(self._rest), _BINARY)
        return self._now(structs.replace(grown, bytes=self._bytes, parked=len(self._rest), piece=piece))

    def end(self) -> Grown:
        """The last part, or all of it; where there are parts, `FileBucket.complete` is to follow."""
        if self._grown.upload is None:
            self._files.put(self._places.file, bytes(self._rest), self._media_type, self._places.filename)
            return self._now(Grown(None, [], self._bytes, 0, self._grown.piece))
        return self.part() if self._rest else self._now(structs.replace(self._grown, parked=0))

    @property
    def _bytes(self) -> int:
        return self._grown.bytes - self._grown.parked + len(self._rest)

    def _now(self, grown: Grown) -> Grown:
        self._grown = grown
        return grown


def piece_place(places: Places, piece: int) -> str:
    return places.part(f"piece-{piece % 2}")
