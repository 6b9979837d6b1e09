"""HTTP reads of a log, with a credential that never leaves for another place."""

import gzip
import http.client
import io
import json
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from daybook_verify.errors import CannotTell

_SECONDS = 30
_MAX_BYTES = 32 << 20
_MAX_PROBLEM = 64 << 10
_ATTEMPTS = 4
_MAX_WAIT = 30
_TRANSIENT = {429, 500, 502, 503, 504}
_ON_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


class Log(Protocol):
    """Reads what lies under a log's prefix. None for 404. CannotTell where it can't be read."""

    def __call__(self, path: str) -> bytes | None: ...


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """The credential would go along."""


class HttpLog:
    """A log by its URL, such as `https://daybook.example.com/v1/logs/<name>`."""

    def __init__(self, url: str, headers: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE):
            raise CannotTell(f"{url} is neither https nor on this machine")
        self._prefix, self._sleep = url.rstrip("/"), sleep
        self._headers = {**headers, "Accept-Encoding": "gzip, identity", "User-Agent": "daybook-verify"}
        self._opener = urllib.request.build_opener(_NoRedirect())

    def __call__(self, path: str) -> bytes | None:
        """Tries again, as the server asks, where the fault may pass."""
        url = f"{self._prefix}/{path}"
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._opener.open(urllib.request.Request(url, headers=self._headers), timeout=_SECONDS) as answer:  # noqa: S310  the scheme is checked above
                    return _body(answer)
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return None
                if error.code not in _TRANSIENT or attempt == _ATTEMPTS:
                    raise CannotTell(f"{url} answered {error.code}{_detail(error)}") from error
                after = error.headers.get("Retry-After", "")
                self._sleep(min(int(after), _MAX_WAIT) if after.isdecimal() else attempt)
            except (OSError, EOFError, http.client.HTTPException, zlib.error) as error:
                if attempt == _ATTEMPTS:
                    raise CannotTell(f"{url} can't be read: {error}") from error
                self._sleep(attempt)
        raise AssertionError


def _detail(error: urllib.error.HTTPError) -> str:
    """What Daybook says of a refusal, such as that an operator must name the tenant."""
    try:
        detail = json.loads(error.read(_MAX_PROBLEM))["detail"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f": {detail}" if isinstance(detail, str) else ""


def _body(answer: Any) -> bytes:
    data: bytes = answer.read(_MAX_BYTES + 1)
    if len(data) <= _MAX_BYTES and answer.length:  # a read of so many bytes does not tell that the connection was cut
        raise http.client.IncompleteRead(data, answer.length)
    if answer.headers.get("Content-Encoding", "identity") == "gzip":
        data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CannotTell("the log answered with more than it may")
    return data
