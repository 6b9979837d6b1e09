"""HTTP to one Daybook with one key: plain calls in, parsed answers or exceptions out."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from json import JSONDecodeError, loads
from typing import Any, Union

import httpx

from daybook_client import forking
from daybook_client.bounded import ENCODINGS, read_whole
from daybook_client.errors import (
    DaybookError,
    DeniedError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from daybook_client.version import VERSION
from daybook_client.waiting import asked_seconds

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
"""What Python puts before the words of the system."""

Parameters = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]


class Transport:
    """Calls one Daybook. Safe to share between threads; each process has connections of its own, also after a fork.

    `url` is Daybook's root, without `/v1`. A key is sent over TLS only, but to this machine itself.
    Raises ValueError for a URL that is none, or that would carry the key in the clear, and for a key or a tenant that
    no header can carry: HTTP's own error would quote the key.
    """

    def __init__(self, url: str, key: str, *, tenant: str | None = None, timeout: float = 10.0) -> None:
        self.url = _checked(url)
        if not _fits_a_header(key):
            raise ValueError("The key has a blank, or a character that no key has. Copy it anew.")
        if tenant is not None and not _fits_a_header(tenant):
            raise ValueError(f"{tenant!r} is no name of a tenant.")
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": f"daybook-client/{VERSION}"}
        self._headers["Accept-Encoding"] = ENCODINGS
        if tenant is not None:
            self._headers["Daybook-Tenant"] = tenant
        self._timeout = timeout
        self._lock = threading.Lock()
        self._clients: dict[int, httpx.Client] = {}
        forking.take_part(self)

    @property
    def http(self) -> httpx.Client:
        """The client of this process: sockets that two processes share would mix up their answers."""
        process = os.getpid()
        client = self._clients.get(process)
        if client is None:
            with self._lock:
                client = self._clients.get(process) or httpx.Client(
                    base_url=self.url, headers=self._headers, timeout=self._timeout, follow_redirects=False
                )
                # A parent's client stays referenced: closing it here would end the parent's TLS sessions.
                self._clients[process] = client
        return client

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Any:
        """The parsed JSON of a 2xx answer, or of a status in `accept`; None for 204.

        Raises UnavailableError, ThrottledError, DeniedError, NotFoundError or RefusedError; ValueError for a `path`
        that does not begin with `/`, or that has `.` or `..` for a name. Tries once.
        """
        # A whole URL would carry the key to its host, and httpx resolves `..`: another path than the one meant.
        if not path.startswith("/") or {".", ".."} & set(path.split("/")):
            raise ValueError(f"{path!r} is no path of Daybook: write /v1/…")
        try:
            options: dict[str, Any] = {"params": _pairs(params), "json": json, "content": content, "headers": headers}
            with self.http.stream(method, path, **options) as streamed:
                answer = read_whole(streamed)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = _ERRNO.sub("", str(error)) or type(error).__name__
            raise UnavailableError(f"{self.url} does not answer: {why}", code="unreachable") from error
        if answer.is_success or answer.status_code in accept:
            return _parsed(answer)
        raise error_of(answer)

    def before_fork(self) -> None:
        """Nothing is held."""

    def after_fork_in_parent(self) -> None:
        """Nothing was held."""

    def after_fork_in_child(self) -> None:
        """Another thread may have held the lock at that moment, and is not here to release it."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close this process's connections. A later call opens new ones."""
        client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client.close()


def error_of(answer: httpx.Response) -> DaybookError:
    """The exception that an answer stands for; whatever the body is (HTML of a proxy, half of a JSON, nothing)."""
    problem: dict[str, Any] = {}
    try:
        found = loads(answer.content)
        problem = found if isinstance(found, dict) else {}
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        pass
    status = answer.status_code
    code = problem.get("code")
    kind = _kind_of(status)
    return kind(
        str(problem.get("detail") or problem.get("title") or f"{answer.request.url.host} answered {status}"),
        code=code if isinstance(code, str) else "unexpected_answer",
        status=status,
        errors=[error for error in problem.get("errors") or [] if isinstance(error, dict)],
        retry_after=retry_after_of(answer),
    )


def _kind_of(status: int) -> type[DaybookError]:
    if status == 429:
        return ThrottledError
    if status in (401, 403):
        return DeniedError
    if status == 404:
        return NotFoundError
    # 3xx and 408 come from what stands between; a later try may get through.
    return RefusedError if 400 <= status < 500 and status != 408 else UnavailableError


def retry_after_of(answer: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait; an hour at most, None if it names no time."""
    return asked_seconds(answer.headers.get("Retry-After", ""))


def _parsed(answer: httpx.Response) -> Any:
    if answer.status_code == 204:
        return None
    try:
        return loads(answer.content)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnavailableError(
            f"{answer.request.url.host} answered {answer.status_code} with no JSON",
            code="unexpected_answer",
            status=answer.status_code,
            retry_after=retry_after_of(answer),
        ) from error


def _pairs(params: Parameters | None) -> httpx.QueryParams | None:
    """Repeated parameters from lists; None values are left out."""
    if params is None:
        return None
    given = params.items() if isinstance(params, Mapping) else params
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in given:
        values = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        pairs.extend((name, str(one)) for one in values if one is not None)
    return httpx.QueryParams(pairs)


def _checked(url: str) -> str:
    try:
        parts = httpx.URL(url.strip().rstrip("/"))
    except httpx.InvalidURL as error:
        raise ValueError(f"{_shown(url)} is no URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError(f"{_shown(url)} is no URL of a Daybook: write https://…")
    if parts.userinfo:  # httpx would send it in the key's place, and errors would show it
        raise ValueError("the URL has a user or a password in it: Daybook takes a key")
    if parts.scheme == "http" and not _is_this_machine(parts.host):
        raise ValueError(f"{url!r} would carry the key in the clear: write https://…")
    return str(parts).removesuffix("/").removesuffix("/v1")


def _shown(url: str) -> str:
    """The text, unless it may be the key: the two are easily given in the wrong order."""
    return repr(url) if "://" in url else "what was given"


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
