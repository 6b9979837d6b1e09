"""Keeps what was refused, for the tenant's admins. It costs a request without refusals nothing.

Each instance has a page for each tenant and hour, which it alone replaces. So however many events are refused, no row
gets hot, and a page is written at most `BURST` times at once and then once in `PAUSE_MS`. What is refused in between is
in the next write: an instance that ends amid a flood loses the last seconds of it.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import HOUR, SECOND, Clock, format_time
from daybook.events.refused import MAX_EVENTS, Page, RefusedCount, RefusedEvent
from daybook.http.caller import Caller
from daybook.observability import logger
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings
from ingest.ingest import Result
from ingest.redaction import Redaction, activity_of, error

BURST = 20
PAUSE_MS = 5 * SECOND
MAX_TENANTS = 64
MAX_KINDS = 200

_INSTANCE_BYTES = 6

Kind = tuple[str, str | None, str | None, str]
"""Code, activity, key and environment."""


class RefusedStore(Protocol):
    def put(self, code: TenantCode, hour: int, instance: str, page: Page) -> None:
        """Replaces the instance's page of this hour since 1970."""


class _Hour:
    """What one tenant's events were refused for in one hour, as far as this instance knows."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.counts: Counter[Kind] = Counter()
        self.events: deque[RefusedEvent] = deque(maxlen=MAX_EVENTS)
        self.is_written = True

    def count(self, code: str, activity: str | None, key: str | None, environment: str) -> None:
        """A sender can make up activities. Beyond `MAX_KINDS` kinds those that are not known yet lose their name."""
        kinds: list[Kind] = [(code, activity, key, environment), (code, None, key, environment)]
        known = next((kind for kind in kinds if kind in self.counts), None)
        room = [MAX_KINDS, 2 * MAX_KINDS]
        fitting = (kind for kind, most in zip(kinds, room, strict=True) if len(self.counts) < most)
        self.counts[known or next(fitting, (code, None, None, environment))] += 1
        self.is_written = False

    def page(self) -> Page:
        hour = format_time(self.number * HOUR)
        counts = [RefusedCount(hour, *kind, count) for kind, count in self.counts.most_common()]  # type: ignore[arg-type]
        return Page(counts, list(self.events))


class _Tenant:
    def __init__(self, hour: int, now_ms: int) -> None:
        self.hour = _Hour(hour)
        self.writes = float(BURST)
        self.counted_ms = now_ms


class Refusals:
    def __init__(
        self, store: RefusedStore, catalogues: Catalogues, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._catalogues = catalogues
        self._clock = clock
        self._instance = random_bytes(_INSTANCE_BYTES).hex()
        self._tenants: OrderedDict[TenantCode, _Tenant] = OrderedDict()

    def note(self, settings: TenantSettings, caller: Caller, events: Sequence[Any], results: Sequence[Result]) -> None:
        """Writes at most once. A failure is logged: it must not change the answer."""
        now_ms = self._clock()
        tenant = self._tenant(settings.code, now_ms)
        last = tenant.hour
        if last.number != now_ms // HOUR:
            tenant.hour = _Hour(now_ms // HOUR)
        self._keep(
            tenant.hour,
            settings,
            caller,
            [(raw, result) for raw, result in zip(events, results, strict=True) if result.code is not None],
            now_ms,
        )
        self._write(settings.code, tenant, tenant.hour if last.is_written else last, now_ms)

    def _tenant(self, code: TenantCode, now_ms: int) -> _Tenant:
        tenant = self._tenants.pop(code, None) or _Tenant(now_ms // HOUR, now_ms)
        self._tenants[code] = tenant
        if len(self._tenants) > MAX_TENANTS:
            self._tenants.popitem(last=False)
        return tenant

    def _keep(
        self,
        hour: _Hour,
        settings: TenantSettings,
        caller: Caller,
        refused: Sequence[tuple[Any, Result]],
        now_ms: int,
    ) -> None:
        redaction = Redaction(settings, self._catalogues.of(settings))
        at, key = format_time(now_ms), None if caller.user else caller.credential
        for place, (raw, result) in enumerate(refused):
            assert result.code is not None  # noqa: S101  for the type checker: `note` chose them so
            activity, environment = activity_of(raw), _environment(raw, settings, caller)
            hour.count(result.code, activity, key, environment)
            if len(refused) - place <= MAX_EVENTS:
                errors = [error(each) for each in result.errors]
                hour.events.append(
                    RefusedEvent(at, result.code, activity, key, environment, errors, redaction.event(raw))
                )

    def _write(self, code: TenantCode, tenant: _Tenant, hour: _Hour, now_ms: int) -> None:
        tenant.writes = min(BURST, tenant.writes + (now_ms - tenant.counted_ms) / PAUSE_MS)
        tenant.counted_ms = now_ms
        if tenant.writes < 1:
            return
        tenant.writes -= 1
        try:
            self._store.put(code, hour.number, self._instance, hour.page())
            hour.is_written = True
        except Exception:
            logger.exception("refused")


def _environment(raw: Any, settings: TenantSettings, caller: Caller) -> str:
    """The one that the event names, else that of a call which names none."""
    named = raw.get("environment") if isinstance(raw, dict) else None
    reached = [each for each in settings.environments if caller.reaches(each)]
    return named if named in reached else (reached or settings.environments)[0]
