"""Tells of tampering: an alert, an event in the tenant's own log, and a metric that operators hear of.

What the stream says of a stored event comes here, as does what the sweep finds. A finding that comes again, because the
stream repeats its records or the next sweep sees it too, is the same alert and the same event.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from daybook.clock import Clock, format_time, parse_time
from daybook.errors import UnknownTenant
from daybook.events.item import environment_of
from daybook.events.reader import content_of
from daybook.events.store import EventStore
from daybook.ids import IDENTITY_BYTES, event_id, occurred_ms
from daybook.ledger.alerts import KIND, Alert, Alerts, Finding
from daybook.ledger.logs import Visibility, visibility_of
from daybook.ledger.tampering import Times, What, is_by_ttl, modified, moment_of, removed
from daybook.observability import TAMPER_FOUND, logger
from daybook.self_audit.own_events import Writing, note
from daybook.tenant import TenantCode, code_of
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings

TOLD: Mapping[What, str] = {
    What.CHANGED: "Event {event} was changed after it was stored",
    What.EXPIRES_EARLY: "Event {event} was made to expire before any retention allowed it",
    What.REMOVED: "Event {event} was removed, not by its retention",
    What.ALTERED: "The bytes stored of event {event} are not those that the ledger has sealed",
}
"""In the tenant's log."""


class Stores(Protocol):
    """What it takes to judge and to tell: `Wiring` has it."""

    @property
    def control(self) -> SettingsReader: ...
    @property
    def events(self) -> EventStore: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def random_bytes(self) -> Callable[[int], bytes]: ...
    @property
    def count(self) -> Callable[[str, int], None]: ...


@dataclass(frozen=True)
class Tampering:
    stores: Stores

    def judge_of_batch(self) -> Callable[[Mapping[str, Any]], Finding | None]:
        """`judge` for the records of one batch: each tenant's settings are read once, after all of its changes."""
        settings_of = cache(self._settings_of)
        return lambda record: self.judge(record, settings_of)

    def judge(
        self,
        record: Mapping[str, Any],
        settings_of: Callable[[TenantCode], TenantSettings | None] | None = None,
    ) -> Finding | None:
        """Judges a MODIFY or REMOVE of the events table's stream, and tells of it where nobody but a tamperer does it.

        Raises `Throttled`, and `ValueError` or `KeyError` for a record that can't be read.
        """
        about = record["dynamodb"]
        partition, identifier = about["Keys"]["pk"]["S"], about["Keys"]["sk"]["S"]
        environment, at_ms = environment_of(partition), moment_of(record)
        old = about["OldImage"]
        settings = (settings_of or self._settings_of)(code_of(environment))
        visibility, stored_ms = _stored(old, settings)
        times = Times(occurred_ms(identifier), stored_ms)
        if record["eventName"] == "REMOVE":
            by_ttl = is_by_ttl(record)
            what = What.REMOVED if settings is None else removed(times, settings, at_ms, by_ttl=by_ttl)
        else:
            what = What.CHANGED if settings is None else modified(old, about["NewImage"], times, settings)
        if what is None:
            return None
        finding = Finding(environment, visibility, what, identifier, at_ms)
        self.tell(finding, settings)
        return finding

    def _settings_of(self, tenant: TenantCode) -> TenantSettings | None:
        try:
            return self.stores.control.settings_of(tenant)
        except UnknownTenant:
            return None

    def tell(self, finding: Finding, settings: TenantSettings | None) -> None:
        """Durable when it returns. `settings` None: there is no such tenant, and operators alone are told.

        Raises `Throttled`; the operators have been told then.
        """
        self.stores.count(TAMPER_FOUND, 1)
        about = {"what": finding.what, "event": finding.event, "environment": finding.environment}
        logger.error("tampering", extra={**about, "at": format_time(finding.at_ms)})
        if settings is None:
            return
        now_ms = self.stores.clock()
        alert = self.stores.alerts.put(Alert(event_id(now_ms, self.stores.random_bytes(IDENTITY_BYTES)), finding))
        number = int(finding.environment.partition("#")[2])
        visibility = None if finding.visibility == "all" else finding.visibility
        note(
            self.stores.events,
            Writing(
                settings,
                settings.environments[number],
                alert.id,
                now_ms,
                self.stores.random_bytes,
                visibility=visibility,
            ),
            KIND,
            {
                "finding": TOLD[finding.what].format(event=finding.event),
                "what": str(finding.what),
                "event": finding.event,
                "at": format_time(finding.at_ms),
            },
        )


def _stored(old: Mapping[str, Any], settings: TenantSettings | None) -> tuple[Visibility, int]:
    """Who may know of the event, and when it was stored. Of what can't be read: operations, and since ever."""
    try:
        content = content_of(base64.b64decode(old["z"]["B"]))
        return visibility_of(content), parse_time(content["received_at"])
    except Exception:  # noqa: BLE001  whatever was made of it
        return "operations", 0 if settings is None else settings.created_at
