"""Sessions of customers' roles, which Daybook assumes with the external id it made."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.calls import STS_TRANSIENT
from daybook.aws.sessions import SessionCache
from daybook.clock import Clock
from daybook.delivery.sender import PutFailed

_SESSION = "daybook"

_OF_DAYBOOK = STS_TRANSIENT | {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"}
"""STS limits the calls of Daybook's own account, and these errors say nothing about the customer's role."""

Role = tuple[str, str]
"""The ARN and the external id. A session is never lent to another external id, and so to no other tenant."""


def customers_sessions(sts: Any, clock: Clock, jitter: Callable[[], float] = random.random) -> SessionCache[Role]:
    """Its `credentials` raises `PutFailed`. It is Daybook's `own` failure, unless STS refuses the role."""

    def assume(role: Role) -> Mapping[str, Any]:
        arn, external_id = role
        try:
            answer = sts.assume_role(RoleArn=arn, RoleSessionName=_SESSION, ExternalId=external_id)
        except ClientError as failure:
            error = failure.response["Error"]["Code"]
            raise PutFailed(error, transient=error in _OF_DAYBOOK, own=error in _OF_DAYBOOK) from None
        except BotoCoreError as failure:
            raise PutFailed(type(failure).__name__, transient=True, own=True) from None
        credentials: Mapping[str, Any] = answer["Credentials"]
        return credentials

    return SessionCache(assume, clock, jitter)
