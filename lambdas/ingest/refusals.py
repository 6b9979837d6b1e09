"""Keeps what was refused, for the tenant's admins. It costs a request without refusals nothing.

Each instance has a page for each tenant and hour, which it alone replaces. So however many events are refused, no row
gets hot, and a page is written at most `BURST` times at once and then once in `PAUSE_MS`. The first refusal is written
with its request. What a flood leaves unwritten is written with a later request of any tenant, refused or not.

No count is dropped while the instance lives. It loses what it has not written if no request reaches it again, which
can only be the last seconds of a flood; and pages that could not be written for `LATE_HOURS`.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import HOUR, SECOND, Clock, format_time
from daybook.events.refused import MAX_EVENTS, Page, RefusedCount, RefusedEvent
from daybook.events.rejected import RejectionCode
from daybook.http.caller import Caller
from daybook.observability import logger
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings
from ingest.ingest import Result
from ingest.redaction import Redaction, activity_of, error

BURST = 20
PAUSE_MS = 5 * SECOND
LATE_HOURS = 2
MAX_KINDS = 200
"""In a page. As many again have no activity's name."""
MAX_KINDS_IN_ALL = 20_000
"""In all pages of the instance, about 8 MB. Beyond it new kinds have only their code and environment."""
MAX_EVENTS_IN_ALL = 3_200
"""In all pages of the instance. Beyond it the pages that were noted longest ago show none."""

_INSTANCE_BYTES = 6

Kind = tuple[RejectionCode, str | None, str | None, str]
"""Code, activity, key and environment."""

Place = tuple[TenantCode, int]
"""A tenant, and an hour since 1970."""


class RefusedStore(Protocol):
    def put(self, code: TenantCode, hour: int, instance: str, page: Page) -> None:
        """Replaces the instance's page of this hour since 1970."""


class _Page:
    """What one tenant's events were refused for in one hour, as far as this instance knows."""

    def __init__(self, now_ms: int) -> None:
        self.hour = now_ms // HOUR
        self.counts: Counter[Kind] = Counter()
        self.events: deque[RefusedEvent] = deque(maxlen=MAX_EVENTS)
        self._writes = float(BURST)
        self._writes_at_ms = now_ms

    def count(self, kind: Kind, *, is_full: bool) -> None:
        """A sender can make up activities. Beyond `MAX_KINDS` kinds those that are not known yet lose their name."""
        code, _, key, environment = kind
        kinds: list[Kind] = [kind, (code, None, key, environment)]
        known = next((each for each in kinds if each in self.counts), None)
        room = [0, 0] if is_full else [MAX_KINDS, 2 * MAX_KINDS]
        fitting = (each for each, most in zip(kinds, room, strict=True) if len(self.counts) < most)
        self.counts[known or next(fitting, (code, None, None, environment))] += 1

    def may_write(self, now_ms: int) -> bool:
        """Whether a write is due, which this then uses up."""
        self._writes = min(BURST, self._writes + (now_ms - self._writes_at_ms) / PAUSE_MS)
        self._writes_at_ms = now_ms
        if self._writes < 1:
            return False
        self._writes -= 1
        return True

    def as_stored(self) -> Page:
        hour = format_time(self.hour * HOUR)
        counts = [RefusedCount(hour, *kind, count) for kind, count in self.counts.most_common()]
        return Page(counts, list(self.events))


class Refusals:
    def __init__(
        self, store: RefusedStore, catalogues: Catalogues, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._catalogues = catalogues
        self._clock = clock
        self._instance = random_bytes(_INSTANCE_BYTES).hex()
        self._pages: OrderedDict[Place, _Page] = OrderedDict()
        """The one that was noted last comes last."""
        self._unwritten: dict[Place, None] = {}
        """The one that waits longest comes first."""
        self._paused_until_ms = 0

    def note(self, settings: TenantSettings, caller: Caller, events: Sequence[Any], results: Sequence[Result]) -> None:
        """Writes the tenant's page, and one more that waits. A failure is logged: it must not change the answer."""
        try:
            refused = [(raw, result) for raw, result in zip(events, results, strict=True) if result.code is not None]
            if not refused and not self._unwritten:
                return
            now_ms = self._clock()
            if refused:
                place = settings.code, now_ms // HOUR
                page = self._page(place, now_ms)
                self._unwritten.setdefault(place)
                self._count(page, settings, caller, refused)
                self._show(page, settings, caller, refused[-MAX_EVENTS:], now_ms)
                self._write([place], now_ms)
            self._write(self._unwritten, now_ms)
        except Exception:
            logger.exception("refused")

    def _page(self, place: Place, now_ms: int) -> _Page:
        """The page of this hour. Pages of past hours go once they are written, or are too late."""
        if place not in self._pages:
            oldest = now_ms // HOUR - LATE_HOURS
            lost = [each for each in self._unwritten if each[1] < oldest]
            for each in lost:
                del self._unwritten[each]
            if lost:
                logger.error("refused_lost", extra={"pages": len(lost)})
            for each in [each for each in self._pages if each[1] != place[1] and each not in self._unwritten]:
                del self._pages[each]
            self._pages[place] = _Page(now_ms)
        self._pages.move_to_end(place)
        return self._pages[place]

    def _count(
        self, page: _Page, settings: TenantSettings, caller: Caller, refused: Sequence[tuple[Any, Result]]
    ) -> None:
        kinds = sum(len(each.counts) for each in self._pages.values())
        for raw, result in refused:
            before = len(page.counts)
            page.count(_kind(raw, result, settings, caller), is_full=kinds >= MAX_KINDS_IN_ALL)
            kinds += len(page.counts) - before

    def _show(
        self,
        page: _Page,
        settings: TenantSettings,
        caller: Caller,
        refused: Sequence[tuple[Any, Result]],
        now_ms: int,
    ) -> None:
        redaction, at = Redaction(settings, self._catalogues.of(settings)), format_time(now_ms)
        for raw, result in refused:
            errors = [error(each) for each in result.errors]
            kind = _kind(raw, result, settings, caller)
            page.events.append(RefusedEvent(at, *kind, errors, redaction.event(raw)))
        self._drop_events()

    def _drop_events(self) -> None:
        too_many = sum(len(each.events) for each in self._pages.values()) - MAX_EVENTS_IN_ALL
        for page in self._pages.values():
            if too_many <= 0:
                return
            too_many -= len(page.events)
            page.events.clear()

    def _write(self, places: Iterable[Place], now_ms: int) -> None:
        """The first of these pages of which a write is due. After a failure none is, for `PAUSE_MS`: the requests that
        come meanwhile, of any tenant, would each wait for a table that is slow.
        """
        if now_ms < self._paused_until_ms:
            return
        place = next((each for each in places if self._pages[each].may_write(now_ms)), None)
        if place is None:
            return
        page = self._pages[place]
        try:
            self._store.put(place[0], page.hour, self._instance, page.as_stored())
        except Exception:
            self._paused_until_ms = self._clock() + PAUSE_MS
            self._unwritten[place] = self._unwritten.pop(place)  # one that can't be written keeps no other back
            raise
        del self._unwritten[place]


def _kind(raw: Any, result: Result, settings: TenantSettings, caller: Caller) -> Kind:
    assert result.code is not None  # noqa: S101  for the type checker: `note` chose those that have one
    key = None if caller.user else caller.credential
    return result.code, activity_of(raw), key, _environment(raw, settings, caller)


def _environment(raw: Any, settings: TenantSettings, caller: Caller) -> str:
    """The one that the event names, else that of a call which names none."""
    named = raw.get("environment") if isinstance(raw, dict) else None
    reached = [each for each in settings.environments if caller.reaches(each)]
    return named if named in reached else (reached or settings.environments)[0]
