"""Alerts: what a tenant's auditors have to know of at once. For now only that an event was tampered with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from daybook.ids import occurred_ms
from daybook.ledger.logs import Visibility
from daybook.ledger.tampering import What
from daybook.tenant import EnvironmentKey, TenantCode, code_of

KIND: Literal["tamper-found"] = "tamper-found"
"""Of alerts, and the activity behind `audit-log.`."""


@dataclass(frozen=True)
class Finding:
    """What was done to which event, and when."""

    environment: EnvironmentKey
    visibility: Visibility
    """Who may know of the event may know of the finding."""
    what: What
    event: str
    """The event's id."""
    at_ms: int
    """When the stream says it was done, or when the event was received that is found altered: nobody knows more."""

    @property
    def identity(self) -> str:
        """The same for the same finding, however often it is found."""
        told = f"{self.environment} {self.what} {self.event} {self.at_ms}"
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Alert:
    id: str
    """That of the event `audit-log.tamper-found`: it says when the alert was raised."""
    finding: Finding

    @property
    def tenant(self) -> TenantCode:
        return code_of(self.finding.environment)

    @property
    def raised_ms(self) -> int:
        return occurred_ms(self.id)


class Alerts(Protocol):
    """A tenant's alerts. All of it is strongly consistent and raises `Throttled`."""

    def put(self, alert: Alert) -> Alert:
        """Keeps the alert, unless there is one of the same finding: then that one is returned."""

    def newest(self, tenant: TenantCode, before: str | None, limit: int) -> Sequence[Alert]:
        """At most `limit` alerts, newest first, of those before the one with the id `before`."""

    def oldest(self, tenant: TenantCode, before: str, limit: int) -> Sequence[Alert]:
        """At most `limit` alerts whose ids are below `before`, oldest first."""

    def delete(self, alert: Alert) -> None: ...
