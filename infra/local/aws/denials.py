"""How AWS refuses a call that its caller may not make.

The text is that of the IAM User Guide, "Troubleshoot access denied error messages"; the form is each service's own.
"""

import json
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from infra.local.aws.needs import Need

IDENTITY = "identity-based policy"
SESSION = "session policy"
RESOURCE = "resource-based policy"
TRUST = "role trust policy"


def implicit(action: str, policy: str) -> str:
    return f"because no {policy} allows the {action} action"


def explicit(policy: str) -> str:
    return f"with an explicit deny in {'an' if policy[0] in 'aeiou' else 'a'} {policy}"


def denied(service: str, principal: str, need: Need, reason: str) -> Response:
    """`principal`: the ARN of the session or user. `reason`: one of the two above."""
    resource = f'"{need.resource}"' if service == "s3" else need.resource
    message = f"User: {principal} is not authorized to perform: {need.action} on resource: {resource} {reason}"
    if service in ("s3", "sts"):
        error = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        content = error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
        return Response(content, status=403, content_type="application/xml")
    return Response(
        json.dumps({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}),
        status=400,
        content_type="application/x-amz-json-1.0",
    )
