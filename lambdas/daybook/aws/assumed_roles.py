"""Sessions of customers' roles, which Daybook assumes with the external id it made."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.calls import STS_TRANSIENT
from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.sender import PutFailed

_SESSION = "daybook"
_BEFORE_THE_END_MS = 5 * MINUTE
_SPREAD_MS = 10 * MINUTE
"""Sessions that one batch made end over this time and not all at once, because STS limits the calls."""
MAX_SESSIONS = 5_000
"""A session takes about 2 KB."""

_OF_DAYBOOK = STS_TRANSIENT | {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"}
"""STS limits the calls of Daybook's own account, and these errors say nothing about the customer's role."""

Role = tuple[str, str]
"""The ARN and the external id. A session is never lent to another external id, and so to no other tenant."""


class _Kept(NamedTuple):
    credentials: Credentials
    until_ms: int


class AssumedRoles:
    """Keeps each session until shortly before its end. Callers that need a new one at the same time share a call."""

    def __init__(self, sts: Any, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._sts = sts
        self._clock = clock
        self._jitter = jitter
        self._kept: dict[Role, _Kept] = {}
        self._asked: dict[Role, Future[Credentials]] = {}
        self._lock = threading.Lock()

    def credentials(self, role: Role) -> Credentials:
        """Raises `PutFailed`. It is Daybook's `own` failure, unless STS refuses the role."""
        with self._lock:
            kept = self._kept.get(role)
            if kept is not None and kept.until_ms > self._clock():
                return kept.credentials
            asked = self._asked.get(role)
            if asked is None:
                mine: Future[Credentials] = Future()
                self._asked[role] = mine
        if asked is not None:
            return asked.result()
        try:
            session = self._assume(role)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(session.credentials)
            self._keep(role, session)
            return session.credentials
        finally:
            with self._lock:
                del self._asked[role]

    def forget(self, role: Role, credentials: Credentials) -> None:
        """The next caller asks for a new session. A session that has been replaced since stays."""
        with self._lock:
            if role in self._kept and self._kept[role].credentials is credentials:
                del self._kept[role]

    def _assume(self, role: Role) -> _Kept:
        arn, external_id = role
        try:
            answer = self._sts.assume_role(RoleArn=arn, RoleSessionName=_SESSION, ExternalId=external_id)
        except ClientError as failure:
            error = failure.response["Error"]["Code"]
            raise PutFailed(error, transient=error in _OF_DAYBOOK, own=error in _OF_DAYBOOK) from None
        except BotoCoreError as failure:
            raise PutFailed(type(failure).__name__, transient=True, own=True) from None
        given = answer["Credentials"]
        until_ms = int(given["Expiration"].timestamp() * SECOND) - _BEFORE_THE_END_MS
        until_ms -= int(_SPREAD_MS * self._jitter())
        return _Kept(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]), until_ms)

    def _keep(self, role: Role, session: _Kept) -> None:
        with self._lock:
            self._kept.pop(role, None)
            if len(self._kept) >= MAX_SESSIONS:
                del self._kept[next(iter(self._kept))]  # the oldest, which is among the next to end
            self._kept[role] = session
