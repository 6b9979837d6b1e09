"""Events from `logging`: for code that logs what it does already."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Protocol

from daybook_client import current
from daybook_client.filters import time_text

OWN_LOGGERS = ("daybook_client", "httpx", "httpcore")
"""What these log comes from sending: recording it would never end."""


MAX_DETAILS = 32 * 1024  # characters that Daybook keeps of details


class Recorder(Protocol):
    """What a handler writes to: a `Daybook`."""

    def record(self, activity: str, *, actor: Mapping[str, Any] | None = None, **fields: Any) -> str: ...


def failure_from_error_on(level: int) -> str:
    """`failure` for ERROR and CRITICAL, `success` for all below: what a warning is about was done all the same."""
    return "failure" if level >= logging.ERROR else "success"


class DaybookHandler(logging.Handler):
    """Records the log records that say so:

        logger.info("invoice approved", extra={"daybook": {"activity": "invoice.approved", "target": {…}}})

    The dict holds fields of an event. What it lacks is filled in:

    - `activity`: the handler's own, if it was given one. Then every record of the loggers that it is attached to
      becomes an event; without one, only those with an activity of their own do.
    - `details`: the message, where neither `details` nor `params` are given. Declare whom it names in `people`.
    - `status`: what `status_of` makes of the level.
    - `actor`: who is acting just now (`acting`, a middleware), else the handler's own, `System` unless given.
    - `occurred_at`: the record's time.

    Tracebacks are not sent, since they may hold anything. Whatever goes wrong is reported as `logging` does it
    (`handleError`), and never raised into the code that logs.
    """

    def __init__(
        self,
        daybook: Recorder,
        *,
        activity: str | None = None,
        actor: Mapping[str, Any] | None = None,
        status_of: Callable[[int], str] = failure_from_error_on,
        level: int = logging.NOTSET,
    ) -> None:
        super().__init__(level)
        self._daybook = daybook
        self._activity = activity
        self._actor: Mapping[str, Any] = actor or {"type": "system"}
        self._status_of = status_of

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OWN_LOGGERS:
            return
        try:
            given = getattr(record, "daybook", None)
            fields = dict(given) if isinstance(given, Mapping) else {}
            activity = fields.pop("activity", None) or self._activity
            if activity is None:
                return
            if "details" not in fields and not fields.get("params"):
                fields["details"] = record.getMessage()[:MAX_DETAILS]
            fields.setdefault("status", self._status_of(record.levelno))
            fields.setdefault("occurred_at", time_text(datetime.fromtimestamp(record.created, timezone.utc)))
            actor = fields.pop("actor", None) or current.actor() or self._actor
            self._daybook.record(activity, actor=actor, **fields)
        except Exception:  # noqa: BLE001  logging's own way: an application never fails because it logs
            self.handleError(record)
