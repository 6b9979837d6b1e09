"""What an admin may choose for a stream, checked and typed."""

import re

from daybook.delivery.destination import StreamChoice
from daybook.errors import FieldError
from daybook.http.problem import Problem
from streams.bodies import StreamForm

MAX_ROLE_ARN = 2_048
"""The most characters in a role's ARN, which is the limit of STS."""
_PARTITION = r"arn:(?P<partition>aws(?:-[a-z]+)*)"
_STREAM = re.compile(
    _PARTITION + r":kinesis:[a-z]{2,}(?:-[a-z]+)+-\d{1,2}:\d{12}:stream/[a-zA-Z0-9_.-]{1,128}", re.ASCII
)
_ROLE = re.compile(_PARTITION + r":iam::\d{12}:role/(?:[\x21-\x2e\x30-\x7e]{1,500}/)*[\w+=,.@-]{1,64}", re.ASCII)


def stream_choice(sent: StreamForm) -> StreamChoice:
    """Checks only the form, because the customer may create the stream and role later. Raises `Problem` 422."""
    stream, role = _STREAM.fullmatch(sent.stream_arn), _ROLE.fullmatch(sent.role_arn)
    errors = []
    if stream is None:
        errors.append(FieldError("stream_arn", "must be like arn:aws:kinesis:us-east-1:123456789012:stream/name"))
    if role is None or len(sent.role_arn) > MAX_ROLE_ARN:
        errors.append(FieldError("role_arn", "must be like arn:aws:iam::123456789012:role/name"))
    if stream and role and stream["partition"] != role["partition"]:
        errors.append(FieldError("role_arn", "must be in the same AWS partition as the stream"))
    if errors:
        raise Problem(422, "invalid_value", " ".join(f"{error.path} {error.message}." for error in errors), errors)
    return StreamChoice(sent.stream_arn, sent.role_arn, sent.format, sent.include_audit_log)
