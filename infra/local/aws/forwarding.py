"""Passes calls on to DynamoDB Local, so that they can be checked before."""

from collections.abc import Iterable
from typing import Any

from urllib3 import PoolManager
from werkzeug.wrappers import Request, Response

_OF_ONE_CONNECTION = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
_CONNECTIONS = 64  # as many as a function's client has


class Forwarding:
    """A WSGI application that answers what `endpoint` answers."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._pool = PoolManager(maxsize=_CONNECTIONS, retries=False)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = Request(environ)
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
        answer = self._pool.request(
            "POST",
            self._endpoint,
            body=asked.get_data(),
            headers=headers,
            decode_content=False,  # a header has the checksum of the bytes as they are
        )
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_ONE_CONNECTION]
        return Response(answer.data, answer.status, kept)(environ, start_response)
