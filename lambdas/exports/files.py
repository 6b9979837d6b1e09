"""The bucket, as the worker of exports uses it."""

from collections.abc import Sequence
from typing import Protocol


class Files(Protocol):
    """Every call raises `Throttled` where another try will succeed."""

    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None:
        """Replaces what is there. A browser saves the file as `filename`."""

    def read(self, place: str, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on; none past the end, or where there is no file."""

    def delete(self, places: Sequence[str]) -> None:
        """Ignores places where there is no file."""

    def begin(self, place: str, media_type: str, filename: str | None = None) -> str:
        """Begins an upload in parts and gives its id."""

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> None:
        """Replaces the part of that number. Raises `NoSuchUpload`."""

    def complete(self, place: str, upload: str, parts: int) -> None:
        """Makes the file of parts 1 to `parts`. May be called again. Raises `NoSuchUpload`."""

    def abort(self, place: str, upload: str) -> None:
        """Ignores an upload that does not exist."""
