"""Reads a request's body: checks its size and media type, and unpacks gzip."""

import zlib

from daybook.http.problem import Problem
from daybook.http.request import Request

MAX_BYTES = 3 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_WINDOW_WITH_GZIP_HEADER = 31


def read_body(request: Request, most: int = MAX_BYTES) -> bytes:
    """The body, unpacked if it is gzip. The first bytes tell, because a gateway may have unpacked it already.

    Raises `Problem` 413 for more than `most` bytes, packed or unpacked; 415 for another media type or encoding; 400 for
    broken or incomplete gzip.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json", "application/octet-stream", "application/gzip"):
        raise Problem(415, "unsupported_media_type", "Send application/json.")
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity", "gzip"):
        raise Problem(415, "unsupported_encoding", "Send the body unencoded, or encoded with gzip.")
    body = request.body
    if len(body) > most:
        raise _too_large(most)
    return _unpacked(body, most) if body.startswith(_GZIP) else body


def _unpacked(body: bytes, most: int) -> bytes:
    """Unpacks gzip (RFC 1952) of one member. Unpacking thousands of empty members would take seconds."""
    unpacker = zlib.decompressobj(_WINDOW_WITH_GZIP_HEADER)
    try:
        unpacked = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise Problem(400, "unreadable", "The body is not valid gzip.") from None
    if len(unpacked) > most:
        raise _too_large(most)
    if not unpacker.eof:
        raise Problem(400, "unreadable", "The gzip body is incomplete.")
    if unpacker.unused_data:
        raise Problem(400, "unreadable", "The gzip body must be one member, with nothing behind it.")
    return unpacked


def _too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"A body may have at most {most} bytes, also after unpacking.")
