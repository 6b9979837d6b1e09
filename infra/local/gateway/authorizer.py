"""Asks the API's Lambda authorizer who calls, and evaluates its policy.

It follows AWS's "Use API Gateway Lambda authorizers". The authorizer is not called if an identity source is missing. It
refuses a call by raising `Unauthorized`. Otherwise it returns a policy, in which a denial wins and anything that is not
allowed is denied. AWS caches the answer by the identity sources for the time that the template gives. Here it is never
cached, so a revoked key stops working at once.
"""

from collections.abc import Mapping
from typing import Any

from infra.local.aws.policy import UnknownPolicy, allows, listed
from infra.local.functions.instances import FunctionError, Invocable
from infra.local.gateway.api import Api
from infra.local.gateway.proxy_event import Call
from infra.local.gateway.responses import GatewayError
from infra.local.gateway.routing import Match

MAX_ARN_BYTES = 1_600  # of a method's ARN with the path, if the method needs authorization


def authorize(api: Api, functions: Mapping[str, Invocable], call: Call, match: Match) -> dict[str, Any]:
    """Returns the authorizer's context in the form that the function receives. Raises `GatewayError`."""
    authorizer = api.authorizer
    if authorizer is None:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", 500)
    headers = {name.lower(): value for name, value in call.headers.items()}
    if not all(headers.get(name) for name in authorizer.headers):
        raise GatewayError("UNAUTHORIZED", 401, "Unauthorized")
    if len(api.arn(call.method, call.path)) > MAX_ARN_BYTES:
        raise GatewayError("DEFAULT_4XX", 414, "Request URI too long")
    event = call.authorizer_event(api, match.resource, match.parameters)
    try:
        answer = functions[authorizer.function].invoke(event, call.request_id)
    except FunctionError as failure:
        if failure.message == "Unauthorized":
            raise GatewayError("UNAUTHORIZED", 401, "Unauthorized") from None
        raise GatewayError("AUTHORIZER_FAILURE", 500) from None
    try:
        allowed = allows(listed(answer["policyDocument"]["Statement"]), "execute-api:Invoke", event["methodArn"])
        context = context_of(answer)
    except (TypeError, KeyError, ValueError, UnknownPolicy):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", 500) from None
    if not allowed:
        raise GatewayError("ACCESS_DENIED", 403, "User is not authorized to access this resource", context)
    return context


def context_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `ValueError` if the context holds anything but strings, numbers and booleans."""
    context = answer.get("context") or {}
    if not all(isinstance(value, str | int | float) for value in context.values()):
        raise ValueError("an authorizer's context must be flat")
    # API Gateway passes every value to functions as a string.
    told = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in context.items()}
    return {"principalId": answer["principalId"], "integrationLatency": 0, **told}
