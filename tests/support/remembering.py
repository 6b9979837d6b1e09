"""Stands where a `Daybook` would: remembers the events that it would have stored."""

from collections.abc import Mapping
from typing import Any

from daybook_client import current


class Remembering:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def record(self, activity: str, *, actor: Mapping[str, Any] | None = None, **fields: Any) -> str:
        event = {"activity": activity, "actor": None if actor is None else dict(actor), **fields}
        self.events.append(dict(current.fill(event)))
        return str(len(self.events))
