"""The alerts of a tenant, newest first, as far as the caller may know of their events."""

from collections.abc import Callable, Container
from typing import Literal, Protocol

from msgspec import Struct

from daybook.clock import Clock, Time, format_time
from daybook.http.environments import environment_of
from daybook.http.problem import bad_parameter
from daybook.http.request import Answer, Request
from daybook.ids import FORM, occurred_ms
from daybook.ledger.alerts import KIND, Alert, Alerts
from daybook.search.parameters import given_once
from daybook.tenant import EnvironmentKey, TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings

PARAMETERS = ("environment", "cursor")
PAGE = 50
READ_AT_ONCE = 200
MAX_READS = 5
"""A page may be short where most alerts are of environments or events that the caller may not know of."""


class TamperedEvent(Struct):
    """What was done to which event, and when."""

    what: Literal["changed", "expires-early", "removed", "altered"]
    """`altered`: the bytes that are stored are not those that the ledger has sealed."""
    id: str
    at: Time
    """When it was done. Of an altered event: when it was received, since nobody knows when it was altered."""


class AlertDescription(Struct):
    id: str
    """The id of the event `audit-log.tamper-found` in the environment's log, too."""
    kind: Literal["tamper-found"]
    environment: str
    raised_at: Time
    event: TamperedEvent


class AlertPage(Struct):
    alerts: list[AlertDescription]
    next_cursor: str | None
    """Null at the end only: a page may be short or empty and still have a cursor."""


class TenantStores(Protocol):
    @property
    def alerts(self) -> Alerts: ...


class AlertReads:
    def __init__(
        self, *, control: SettingsReader, stores_of: Callable[[TenantCode], TenantStores], clock: Clock
    ) -> None:
        self._control = control
        self._stores_of = stores_of
        self._clock = clock

    def list_alerts(self, request: Request) -> Answer:
        """Like the events that they are about, alerts are shown as long as the retention lasts."""
        parameters = given_once(request.query, *PARAMETERS)
        settings = self._control.settings(request.tenant)
        environments = _environments(request, settings, parameters.get("environment"))
        before = parameters.get("cursor")
        if before is not None and not FORM.fullmatch(before):
            raise bad_parameter("cursor", "is none of this read", "cursor_mismatch")
        alerts, edge_ms = self._stores_of(settings.code).alerts, settings.retention_edge(self._clock())
        shown: list[Alert] = []
        for _ in range(MAX_READS):
            read = alerts.newest(settings.code, before, READ_AT_ONCE)
            for alert in read:
                if occurred_ms(alert.id) < edge_ms:
                    return _answer(settings, shown, None)
                before = alert.id
                if alert.finding.environment in environments and alert.finding.visibility in (
                    "all",
                    request.caller.role,
                ):
                    shown.append(alert)
                    if len(shown) == PAGE:
                        return _answer(settings, shown, before)
            if len(read) < READ_AT_ONCE:
                return _answer(settings, shown, None)
        return _answer(settings, shown, before)


def _environments(request: Request, settings: TenantSettings, named: str | None) -> Container[EnvironmentKey]:
    """The one that is named, else all that the caller reaches."""
    if named is not None:
        return {settings.environment_key(environment_of(request, settings, named))}
    return {settings.environment_key(each) for each in settings.environments if request.caller.reaches(each)}


def _answer(settings: TenantSettings, alerts: list[Alert], next_cursor: str | None) -> Answer:
    names = dict(zip(settings.environment_keys, settings.environments, strict=True))
    described = [
        AlertDescription(
            id=alert.id,
            kind=KIND,
            environment=names[alert.finding.environment],
            raised_at=format_time(alert.raised_ms),
            event=TamperedEvent(alert.finding.what.value, alert.finding.event, format_time(alert.finding.at_ms)),
        )
        for alert in alerts
    ]
    return Answer(200, AlertPage(described, next_cursor))
