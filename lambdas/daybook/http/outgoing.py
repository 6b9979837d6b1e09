"""Questions to the OIDC issuer, the only host that a function asks by HTTP of its own accord.

The deployment's settings name the issuer, and its discovery document the other addresses; no caller names any.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, build_opener

TIMEOUT_SECONDS = 3.0
"""To connect to one address, and of silence. The body of an answer may take twice as long."""

MAX_BYTES = 1_000_000

_OWN = frozenset({("http", "127.0.0.1"), ("http", "localhost")})


class _NoRedirects(HTTPRedirectHandler):
    """A redirect could lead to an address that is not encrypted."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@cache
def _opener() -> OpenerDirector:
    """Made once: it reads the certificates of every authority."""
    return build_opener(_NoRedirects)


def check_address(url: str) -> None:
    """Raises `ValueError` for an address that is not encrypted, unless it is this machine's."""
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and (parts.scheme, parts.hostname) not in _OWN):
        raise ValueError(f"not https: {url}")


def fetch_document(url: str, form: Mapping[str, str] | None = None) -> bytes:
    """The document at a URL, or the answer to a form that is sent there.

    Raises `OSError` or `http.client.HTTPException` for what can't be read, and of the former `urllib.error.HTTPError`
    where the answer is an error; `ValueError` for what must not be asked or is no answer.
    """
    check_address(url)
    sent = None if form is None else urlencode(form).encode()
    body = b""
    deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
    with _opener().open(url, sent, timeout=TIMEOUT_SECONDS) as response:
        while piece := response.read1(MAX_BYTES):
            body += piece
            if len(body) > MAX_BYTES or time.monotonic() > deadline:
                raise ValueError(f"too long or too slow: {url}")
    return body
