"""The gateway's Lambda authorizer: turns the header `Authorization` into a caller and the caller's routes.

The gateway caches its answer by that header alone, so nothing else in the request may decide it. The one exception is
the address of failed credentials.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from authorize.credentials import ApiKeys, Credentials, Kind, Refused, TooManyFailures, bearer
from authorize.failures import Failures
from authorize.last_uses import LastUses
from authorize.policy import policy_for, policy_for_throttled
from daybook.access import api_keys
from daybook.aws import clients
from daybook.aws.credentials_table.authorizing import CredentialTable
from daybook.aws.limits_table.failures import FailureTable
from daybook.aws.limits_table.last_uses import LastUseTable
from daybook.clock import system_clock
from daybook.environment import AuthorizeSettings
from daybook.http.caller import Caller
from daybook.observability import CREDENTIALS_REFUSED, count, log_access, name_call


@cache
def compose() -> Credentials:
    settings, counters = AuthorizeSettings.from_environment(), clients.dynamodb_for_counters()
    uses = LastUses(LastUseTable(counters, settings.limits_table), system_clock)
    stored = CredentialTable(clients.dynamodb(), settings.credentials_table)
    kinds: list[Kind] = [ApiKeys(stored, uses.note, system_clock)]
    if settings.oidc_issuer:
        from authorize.tokens import Tokens  # noqa: PLC0415  a third more of the imports' time, only where it is needed

        kinds.append(Tokens.of(settings))
    return Credentials(kinds, Failures(FailureTable(counters, settings.limits_table), system_clock))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda's signature
    """Raises `Exception("Unauthorized")`, the only way to make the gateway answer 401."""
    started = time.monotonic()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    authorization = headers.get("authorization") or ""
    about = event.get("requestContext") or {}
    name_call(about.get("requestId") or "", about.get("extendedRequestId") or "")
    address = (about.get("identity") or {}).get("sourceIp") or ""
    try:
        caller = compose().caller(authorization, address)
    except TooManyFailures:
        count(CREDENTIALS_REFUSED, 1)
        return {
            "principalId": "throttled",
            "policyDocument": policy_for_throttled(event["methodArn"]),
            "context": {**_NOBODY, "throttled": "true"},
        }
    except Refused:
        count(CREDENTIALS_REFUSED, 1)
        key = api_keys.parse(bearer(authorization))
        log_access(
            tenant="",
            credential=key.id if key else "",
            role="",
            method=event.get("httpMethod") or "",
            route=event.get("resource") or "",
            status=401,
            started=started,
        )
        raise Exception("Unauthorized") from None  # noqa: TRY002  API Gateway's own protocol
    return {
        "principalId": caller.credential,
        "policyDocument": policy_for(caller.roles, event["methodArn"]),
        "context": {**caller.context(), "throttled": ""},
    }


_NOBODY = dict.fromkeys(Caller("", "", "", "", "").context(), "")
