"""One batch over HTTP: packed, sent, and whatever came back."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import httpx

from daybook_client.answers import Answer
from daybook_client.bounded import read_whole
from daybook_client.transport import Transport

LEVEL = 1  # of gzip: a third of the time of 6, and a batch of typical events is 10 % larger
_GZIP = 31  # zlib's window bits: 15, and 16 for a gzip header


def packed(events: Sequence[bytes]) -> bytes:
    """The body of a call, one member of gzip. zlib lets other threads run meanwhile."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(b'{"events":[' + b",".join(events) + b"]}") + packer.flush()


class HttpPost:
    """Sends batches over a transport. Returns an answer of any kind; raises nothing for what the network does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __call__(self, events: Sequence[bytes]) -> Answer:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        try:
            with self._transport.http.stream("POST", "/v1/events", content=packed(events), headers=headers) as streamed:
                answer = read_whole(streamed)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, RuntimeError) as error:
            return Answer(None, error=f"{self._transport.url} does not answer: {error or type(error).__name__}")
        return Answer(answer.status_code, answer.content, {k.lower(): v for k, v in answer.headers.items()})
