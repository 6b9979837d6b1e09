"""Errors as HTTP answers: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from daybook.errors import FieldError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  RFC 9457's own word
    """An answer other than success. The caller reads `detail` and `errors`, so they must not contain internals."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": f"urn:daybook:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            document["errors"] = [error._asdict() for error in self.errors]
        return document


def bad_parameter(name: str, message: str, code: str = "invalid_parameter") -> Problem:
    return Problem(400, code, f"{name}: {message}", [FieldError(name, message)])


def bad_field(path: str, message: str, code: str = "invalid_value") -> Problem:
    return Problem(422, code, f"{path}: {message}", [FieldError(path, message)])


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}.")
