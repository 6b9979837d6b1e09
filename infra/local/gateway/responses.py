"""The gateway's own error responses, as the template words them, and its access log."""

import json
import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from infra.local.gateway.api import Api, GatewayResponse

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'  # used if the template has no wording
VARIABLE = re.compile(r"\$context\.([\w.]+)")


class GatewayError(Exception):
    """An error of a type that has a gateway response. `status` is the type's default status."""

    def __init__(
        self,
        kind: str,
        status: int,
        message: str = "Internal server error",
        authorizer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.message = message
        self.authorizer = dict(authorizer or {})


def error_variables(error: GatewayError) -> dict[str, Any]:
    return {
        "error.message": error.message,
        "error.messageString": json.dumps(error.message),
        "error.responseType": error.kind,
        **{f"authorizer.{name}": value for name, value in error.authorizer.items()},
    }


def answer_error(api: Api, error: GatewayError, variables: Mapping[str, Any]) -> Response:
    """Words the error as the template does. A type that the template lacks gets the text and the status of the default
    response of its class.
    """
    worded = (
        api.responses.get(error.kind)
        or api.responses.get("DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX")
        or GatewayResponse(None, {}, {})
    )
    template = worded.templates.get("application/json", DEFAULT_TEMPLATE)
    return Response(
        VARIABLE.sub(lambda found: str(variables.get(found[1], "")), template),
        status=worded.status or error.status,
        headers={"Content-Type": "application/json", **worded.headers},
    )


def access_line(api: Api, variables: Mapping[str, Any]) -> str:
    """The stage's access-log line. If the format is a JSON object, the line is one too, whatever the values contain."""

    def filled(text: str) -> str:
        return VARIABLE.sub(lambda found: str(variables.get(found[1], "-")), text)

    try:
        form = json.loads(api.access_line)
    except ValueError:
        return filled(api.access_line)
    return json.dumps({name: filled(value) if isinstance(value, str) else value for name, value in form.items()})
