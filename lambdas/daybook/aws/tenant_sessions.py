"""Reads of one tenant's events and people, with a session that can read nobody else's.

The session's tag is the tenant's code, and the role of the sessions reads only partitions whose keys begin with it
(docs/decisions/one-tenant-a-session.md). So the tenant must come from whoever was authorized, never from the key that
is read: a wrong key is refused only where it does not choose the session.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from botocore.exceptions import ClientError

from daybook.aws.call_credentials import signed_with
from daybook.aws.calls import STS_TRANSIENT, ask
from daybook.aws.sessions import DENIED, ENDED, SessionCache
from daybook.clock import Clock
from daybook.errors import Throttled
from daybook.observability import logger
from daybook.tenant import TenantCode

TAG = "tenant"

SESSION_SECONDS = 60 * 60
"""The longest session that AWS gives a role which assumes another one (IAM User Guide, "Role chaining")."""

MAX_TENANTS = 1_000
"""What is kept of a tenant takes some 10 KB."""

Value = TypeVar("Value")


def tenants_sessions(sts: Any, role_arn: str, clock: Clock) -> SessionCache[TenantCode]:
    """Its `credentials` raises `Throttled`, whatever STS says. No caller can mend it, and operators can."""

    def assume(tenant: TenantCode) -> Mapping[str, Any]:
        try:
            answer = ask(
                sts.assume_role,
                STS_TRANSIENT,
                RoleArn=role_arn,
                RoleSessionName=f"{TAG}-{tenant}",  # CloudTrail names it beside each call
                DurationSeconds=SESSION_SECONDS,
                Tags=[{"Key": TAG, "Value": tenant}],
            )
        except ClientError:
            logger.exception("session")
            raise Throttled from None
        credentials: Mapping[str, Any] = answer["Credentials"]
        return credentials

    return SessionCache(assume, clock)


class TenantClient:
    """What the stores of one tenant's events and people call in place of DynamoDB's client.

    It reads with a session of the tenant. It inserts with the function's own role, which can't read either table.
    """

    def __init__(self, client: Any, sessions: SessionCache[TenantCode], tenant: TenantCode) -> None:
        self._client = client
        self._sessions = sessions
        self._tenant = tenant

    def query(self, **arguments: Any) -> Any:
        return self._read(self._client.query, arguments)

    def batch_get_item(self, **arguments: Any) -> Any:
        return self._read(self._client.batch_get_item, arguments)

    def batch_execute_statement(self, **arguments: Any) -> Any:
        return self._client.batch_execute_statement(**arguments)

    def _read(self, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Raises `Throttled` without a session, and botocore's errors."""
        credentials = self._sessions.credentials(self._tenant)
        try:
            with signed_with(credentials):
                return call(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ENDED | DENIED:
                self._sessions.forget(self._tenant, credentials)
            if code in ENDED:
                raise Throttled from None
            raise


class OfTenants(Generic[Value]):
    """Makes one value a tenant and keeps those of the tenants that were used last."""

    def __init__(self, make: Callable[[TenantCode], Value], most: int = MAX_TENANTS) -> None:
        self._make = make
        self._most = most
        self._kept: dict[TenantCode, Value] = {}
        self._lock = threading.Lock()

    def __call__(self, tenant: TenantCode) -> Value:
        with self._lock:
            value = self._kept.pop(tenant) if tenant in self._kept else self._make(tenant)
            self._kept[tenant] = value
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
            return value
