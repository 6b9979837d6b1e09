"""Answers that are read no further than a bound: a server can send without end, or pack gigabytes into kilobytes."""

from __future__ import annotations

import zlib

import httpx

MAX_BYTES = 64 * 1024 * 1024  # a page has up to 3 MB; nothing that is answered is a tenth of this
ENCODINGS = "gzip"
"""What to ask for as `Accept-Encoding`, and all that is unpacked."""

_GZIP = 31  # zlib's window bits: 15, and 16 for a gzip header


def read_whole(answer: httpx.Response, max_bytes: int = MAX_BYTES) -> httpx.Response:
    """The streamed answer with its whole body, which is unpacked. Closes what was streamed.

    Raises httpx.DecodingError for a body over `max_bytes`, or one that can't be unpacked; what reading raises.
    """
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower() or "identity"
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    try:
        if unpack is None and encoding != "identity":
            raise httpx.DecodingError(f"the answer is packed as {encoding[:40]!r}", request=answer.request)
        body = bytearray()
        for piece in answer.iter_raw():
            body += piece if unpack is None else unpack.decompress(piece, max_bytes + 1 - len(body))
            if len(body) > max_bytes:
                raise httpx.DecodingError(f"the answer has over {max_bytes:,} bytes", request=answer.request)
        if unpack is not None and body and not unpack.eof:
            raise httpx.DecodingError("the answer ends in the middle", request=answer.request)
    except zlib.error as error:
        raise httpx.DecodingError(f"the answer can't be unpacked: {error}", request=answer.request) from error
    finally:
        answer.close()
    packing = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in packing]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=answer.request)
