"""The public HTTP API as the canary calls it."""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SECONDS = 29  # API Gateway gives up after so long


class Unanswered(Exception):  # noqa: N818  an outcome
    """A call had no answer, or not the one that a healthy Daybook gives. The message says which."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """None: there was no answer."""


@dataclass(frozen=True)
class Api:
    url: str
    """Where the API answers: `/v1/…` follows it."""
    key: str = field(repr=False)

    def call(self, method: str, path: str, *expected: int, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON; None if it is empty. Raises `Unanswered` where its status is none of those expected."""
        place = urlsplit(self.url)
        made = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            with closing(made(place.netloc, timeout=SECONDS)) as connection:
                sent = None if body is None else json.dumps(body)
                connection.request(method, f"{place.path.rstrip('/')}{path}", sent, headers)
                answer = connection.getresponse()
                content = answer.read()
        except (OSError, http.client.HTTPException) as failure:
            raise Unanswered(f"{method} {path}: {str(failure) or repr(failure)}") from None
        if answer.status not in expected:
            request_id = answer.headers.get("x-amz-apigw-id", "none")
            raise Unanswered(f"{method} {path}: {answer.status}, extended request id {request_id}", answer.status)
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise Unanswered(f"{method} {path}: {answer.status} without JSON", answer.status) from None
