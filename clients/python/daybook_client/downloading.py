"""A file behind a signed link, fetched in pieces: what has arrived is kept when the connection breaks."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import httpx

from daybook_client.errors import DaybookError, UnavailableError
from daybook_client.steps import Do, Steps


class Download:
    """A file in the making: `path` with `.part` behind it, until `keep` gives it its name.

    Raises OSError where it can't be written.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():  # the file would be fetched whole, only to find no place
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file: BinaryIO = self._part.open("w+b")
        self.begin()

    def begin(self) -> None:
        """Forget what has arrived."""
        self._file.seek(0)
        self._file.truncate()
        self.bytes = 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self.bytes += len(piece)

    def keep(self) -> None:
        """Give it its name, once it is on disk: a power cut leaves the old file or the new one, whole."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self.path)
        if os.name == "posix":
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def discard(self) -> None:
        """Remove the part. Does nothing once it is kept."""
        if not self._file.closed:
            self._file.close()
            self._part.unlink()


def fetch_steps(client: httpx.Client, url: str, download: Download, on_piece: Callable[[], Steps]) -> Steps:
    """Fetch what is still missing. Raises UnavailableError where the connection breaks; what has arrived stays.

    A server that does not know ranges sends it all again, so the file begins anew. `client` has no headers of
    Daybook's: a signed link leads to another host, which has no business with the key.
    """
    response, pieces = yield Do(lambda: _opened(client, url, download), settle=True)
    try:
        while True:
            piece = yield Do(lambda: _next(pieces, download), settle=True)
            if piece is None:
                return
            yield from on_piece()
    finally:
        response.close()


class _Unlogged(httpx.URL):
    """httpx logs the URL of each request, and whoever reads a signed link's signature can fetch the file."""

    def __str__(self) -> str:
        return str(httpx.URL(self, query=None))


def unlogged(request: httpx.Request) -> httpx.Request:
    """The request, with a URL that is shown without its query."""
    request.url = _Unlogged(request.url)
    return request


def _opened(client: httpx.Client, url: str, download: Download) -> tuple[httpx.Response, Iterator[bytes]]:
    headers = {"Accept-Encoding": "identity"}  # the bytes that were hashed
    if download.bytes:
        headers["Range"] = f"bytes={download.bytes}-"
    try:
        response = client.send(unlogged(client.build_request("GET", url, headers=headers)), stream=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _unreachable(error) from error
    if response.status_code == 206 and _begins_at(response) == download.bytes:
        return response, response.iter_raw()  # as it arrives: what a chunker holds back is lost with the connection
    if response.status_code == 200:
        download.begin()
        return response, response.iter_raw()
    response.close()
    # Whatever it is (an expired link, a range beyond the end, a redirect), a fresh link from the start may mend it.
    download.begin()
    raise UnavailableError(
        f"the download answered {response.status_code}", code="unexpected_answer", status=response.status_code
    )


def _next(pieces: Iterator[bytes], download: Download) -> bytes | None:
    """The next piece, written; None at the end."""
    try:
        piece = next(pieces, None)
    except httpx.HTTPError as error:
        raise _unreachable(error) from error
    if piece is not None:
        download.write(piece)
    return piece


def _unreachable(error: Exception) -> DaybookError:
    return UnavailableError(f"the download broke off: {error or type(error).__name__}", code="unreachable")


def _begins_at(response: httpx.Response) -> int | None:
    """Where the bytes of a partial answer begin (RFC 9110, 14.4)."""
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    first = span.partition("-")[0]
    return int(first) if unit == "bytes" and first.isascii() and first.isdecimal() else None
