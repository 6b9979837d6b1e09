"""Sessions of roles: kept until shortly before they end, and shared by threads that need the same one."""

import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Generic, NamedTuple, TypeVar

from botocore.credentials import Credentials

from daybook.clock import MINUTE, SECOND, Clock
from daybook.errors import Throttled

_BEFORE_THE_END_MS = 5 * MINUTE
_SPREAD_MS = 10 * MINUTE
"""Sessions that were made together end over this time and not all at once, because STS limits the calls."""
_ASK_AGAIN_MS = 30 * SECOND
MAX_SESSIONS = 5_000
"""A session takes about 2 KB."""

ENDED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
"""How services refuse a session that has ended."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
"""A new session may be allowed what an older one is not: the role may have been changed, or its sessions revoked."""

Key = TypeVar("Key")
"""Whose session it is."""


class _Kept(NamedTuple):
    credentials: Credentials
    until_ms: int
    """When a new one is asked for."""
    ends_ms: int


class SessionCache(Generic[Key]):
    """Callers that need a new session at the same time share one call.

    While STS only throttles or does not answer, a session that has not ended yet goes on being used.
    """

    def __init__(
        self,
        assume: Callable[[Key], Mapping[str, Any]],
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`assume` makes a session and returns the answer's `Credentials`."""
        self._assume = assume
        self._clock = clock
        self._jitter = jitter
        self._kept: dict[Key, _Kept] = {}
        self._asked: dict[Key, Future[Credentials]] = {}
        self._lock = threading.Lock()

    def credentials(self, key: Key) -> Credentials:
        """Raises what `assume` raises."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.until_ms > self._clock():
                return kept.credentials
            asked = self._asked.get(key)
            if asked is None:
                mine: Future[Credentials] = Future()
                self._asked[key] = mine
        if asked is not None:
            return asked.result()
        try:
            session = self._next(key, kept)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(session.credentials)
            self._keep(key, session)
            return session.credentials
        finally:
            with self._lock:
                del self._asked[key]

    def forget(self, key: Key, credentials: Credentials) -> None:
        """The next caller asks for a new session. A session that has been replaced since stays."""
        with self._lock:
            if key in self._kept and self._kept[key].credentials is credentials:
                del self._kept[key]

    def _next(self, key: Key, kept: _Kept | None) -> _Kept:
        try:
            given = self._assume(key)
        except Throttled:
            again_ms = self._clock() + _ASK_AGAIN_MS
            if kept is None or kept.ends_ms <= again_ms:
                raise
            return kept._replace(until_ms=again_ms)
        ends_ms = int(given["Expiration"].timestamp() * SECOND)
        credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return _Kept(credentials, ends_ms - _BEFORE_THE_END_MS - int(_SPREAD_MS * self._jitter()), ends_ms)

    def _keep(self, key: Key, session: _Kept) -> None:
        with self._lock:
            self._kept.pop(key, None)
            if len(self._kept) >= MAX_SESSIONS:
                del self._kept[next(iter(self._kept))]  # the oldest, which is among the next to end
            self._kept[key] = session
