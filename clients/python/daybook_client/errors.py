"""What can go wrong, as exceptions. Each carries the contract's stable `code`."""

from __future__ import annotations

from functools import partial
from typing import Any


class DaybookError(Exception):
    """Anything that this package raises for a caller.

    `code` is the stable code of the problem (docs/reference/errors.md), or one of this package's own: `unreachable`,
    `unexpected_answer`, `buffer_full`, `buffer_unusable`, `invalid_event`. `status` is the answer's HTTP status, None
    without an answer. `errors` lists the fields at fault as `{"path", "message"}`. `retry_after` is in seconds, None
    where the answer names no time.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int | None = None,
        errors: list[dict[str, str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.errors = errors or []
        self.retry_after = retry_after

    def __str__(self) -> str:
        fields = "; ".join(f"{error.get('path', '')}: {error.get('message', '')}" for error in self.errors)
        return f"{self.detail} ({self.code})" + (f": {fields}" if fields else "")

    def __reduce__(self) -> tuple[Any, ...]:
        """Exceptions cross processes (celery, multiprocessing) with everything they say."""
        options: dict[str, Any] = {
            "code": self.code,
            "status": self.status,
            "errors": self.errors,
            "retry_after": self.retry_after,
        }
        return partial(type(self), **options), (self.detail,)


class UnavailableError(DaybookError):
    """No answer, an answer of 5xx, or one that is not Daybook's. The same call may succeed later."""


class ThrottledError(DaybookError):
    """429: too many calls. Try again after `retry_after` seconds."""


class DeniedError(DaybookError):
    """401 or 403: the key is unknown, revoked or expired, or lacks the role or the environment."""


class NotFoundError(DaybookError):
    """404: the tenant has no such thing."""


class RefusedError(DaybookError):
    """Any other 4xx: the call can't be read or accepted as it is. It would be refused again."""


class InvalidEventError(DaybookError):
    """`record` was given what can be no event: no JSON, or larger than an event may be. Nothing was buffered."""


class BufferFullError(DaybookError):
    """The buffer holds as many bytes as it may. Nothing was buffered."""


class BufferUnusableError(DaybookError):
    """The buffer can't be written: the disk is full, the file system read-only, or the directory is another user's."""


class ExportError(DaybookError):
    """An export came to nothing; the file was not touched.

    `code` is `export_failed`, `export_cancelled`, `export_timeout`, or `download_damaged`: the file arrives otherwise
    than Daybook states it, time and again.
    """
