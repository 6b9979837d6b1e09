"""Errors as HTTP answers: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from daybook.errors import FieldError

MEDIA_TYPE = "application/problem+json"

Code = Literal[
    "bad_gateway",
    "cannot_count",
    "catalogue_too_large",
    "contended",
    "cursor_mismatch",
    "doubled_key",
    "environment_denied",
    "forbidden",
    "internal_error",
    "invalid_json",
    "invalid_length",
    "invalid_parameter",
    "invalid_request",
    "invalid_time",
    "invalid_type",
    "invalid_value",
    "issuer_unavailable",
    "key_expired",
    "key_replaced",
    "legal_hold",
    "limit_reached",
    "method_not_allowed",
    "missing_field",
    "not_counted_yet",
    "not_found",
    "not_recorded",
    "not_sealed_yet",
    "reserved_activity",
    "reserved_component",
    "reserved_tenant",
    "retention_fixed",
    "several_people",
    "sign_in_refused",
    "tenant_mismatch",
    "tenant_needed",
    "tenant_taken",
    "throttled",
    "timeout",
    "too_large",
    "too_long",
    "too_many_activities",
    "too_many_buckets",
    "too_many_categories",
    "too_many_changes",
    "too_many_exports",
    "too_many_failures",
    "too_many_groups",
    "too_many_keys",
    "too_many_people",
    "too_many_replays",
    "too_many_to_sort",
    "too_many_values",
    "too_many_views",
    "too_much_to_read",
    "unauthorized",
    "unknown_field",
    "unknown_format",
    "unknown_group",
    "unknown_parameter",
    "unknown_view",
    "unknown_zone",
    "unreadable",
    "unsupported_encoding",
    "unsupported_media_type",
]
"""Every code that a problem can have. Callers decide by it, so a code keeps its meaning."""


class ProblemDocument(Struct):
    """An error, in the form of RFC 9457. Decide by `code`; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    errors: tuple[FieldError, ...] | UnsetType = UNSET


class Problem(Exception):  # noqa: N818  RFC 9457's own word
    """An answer other than success. The caller reads `detail` and `errors`, so they must not contain internals."""

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code: Code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self) -> ProblemDocument:
        return ProblemDocument(
            type=f"urn:daybook:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            errors=self.errors or UNSET,
        )


def bad_parameter(name: str, message: str, code: Code = "invalid_parameter") -> Problem:
    return Problem(400, code, f"{name}: {message}", [FieldError(name, message)])


def bad_field(path: str, message: str, code: Code = "invalid_value") -> Problem:
    return Problem(422, code, f"{path}: {message}", [FieldError(path, message)])


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}.")
