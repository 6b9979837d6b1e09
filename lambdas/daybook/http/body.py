"""A request's body: bounded, unpacked, JSON by its header."""

import zlib

from daybook.http.problem import Problem
from daybook.http.request import Request

MAX_BYTES = 3 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_WINDOW_WITH_GZIP_HEADER = 31


def read_body(request: Request, most: int = MAX_BYTES) -> bytes:
    """The body, unpacked where it is gzip: told by its first bytes, since a gateway may have unpacked it already.

    Raises `Problem` 413 over `most` bytes, packed or unpacked; 415 for another media type or packing; 400 for gzip
    that breaks off.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json", "application/octet-stream", "application/gzip"):
        raise Problem(415, "unsupported_media_type", "Send application/json.")
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity", "gzip"):
        raise Problem(415, "unsupported_encoding", "Send the body as it is, or packed with gzip.")
    body = request.body
    if len(body) > most:
        raise _too_large(most)
    return _unpacked(body, most) if body.startswith(_GZIP) else body


def _unpacked(body: bytes, most: int) -> bytes:
    """RFC 1952: one member or several, one after the other."""
    unpacked = b""
    while body:
        unpacker = zlib.decompressobj(_WINDOW_WITH_GZIP_HEADER)
        try:
            unpacked += unpacker.decompress(body, most + 1 - len(unpacked))
        except zlib.error:
            raise Problem(400, "unreadable", "The body is no readable gzip.") from None
        if len(unpacked) > most:
            raise _too_large(most)
        if not unpacker.eof:
            raise Problem(400, "unreadable", "The body breaks off.")
        body = unpacker.unused_data
    return unpacked


def _too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"A body has at most {most} bytes, also unpacked.")
