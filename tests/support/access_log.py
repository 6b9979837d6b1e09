"""Captures the lines of the access log."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daybook.observability import logger


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(logger.registered_formatter.format(record)))


@contextmanager
def kept_access_log() -> Iterator[list[dict[str, Any]]]:
    """Collects every line that is written inside this context."""
    kept = _Kept()
    logger.addHandler(kept)
    yield kept.lines
    logging.getLogger("daybook").removeHandler(kept)  # Powertools' Logger has no method to remove a handler
