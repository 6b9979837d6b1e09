"""What was refused of the events that a tenant's keys sent in the last seven days."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from daybook.clock import HOUR, Clock, format_time
from daybook.events.refused import KEPT_MS, MAX_EVENTS, Page, RefusedCount, RefusedEvent
from daybook.http.environments import environment_of
from daybook.http.request import Answer, Request
from daybook.search.parameters import given_once
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader

PARAMETERS = ("environment",)
MAX_COUNTS = 2_000
MAX_PAGES = 500
"""An hour has a page for each instance that refused something: see `ingest.refusals`."""


class RefusedPages(Protocol):
    def pages(self, code: TenantCode, since_ms: int) -> Iterator[tuple[str, Page]]:
        """Each with the hour that it is of, the newest hours first."""


class RefusedReport(Struct):
    since: str
    """The counts are complete from then on: seven days, or less where very much was refused. The last seconds of a
    flood follow with the next request.
    """
    counts: list[RefusedCount]
    """The newest hours first, and in an hour the most frequent."""
    events: list[RefusedEvent]
    """The last 100, the newest first."""


@dataclass(frozen=True)
class RefusedOperations:
    control: SettingsReader
    refused: RefusedPages
    clock: Clock

    def list(self, request: Request) -> Answer:
        """Of the environment that the call names, else of every one that the credential reaches."""
        given = given_once(request.query, *PARAMETERS)
        settings = self.control.settings(request.tenant)
        named = given.get("environment")
        if named is None:
            environments = {each for each in settings.environments if request.caller.reaches(each)}
        else:
            environments = {environment_of(request, settings, named)}
        return Answer(200, self._report(settings.code, environments))

    def _report(self, code: TenantCode, environments: set[str]) -> RefusedReport:
        since_ms = self.clock() // HOUR * HOUR - KEPT_MS
        since, hours = format_time(since_ms), [""]
        counts: dict[tuple[str | None, ...], RefusedCount] = {}
        events: list[RefusedEvent] = []
        for hour, page in self.refused.pages(code, since_ms):
            if hour != hours[-1] and (len(counts) > MAX_COUNTS or len(hours) > MAX_PAGES):
                since = hours[-1]
                break
            hours.append(hour)
            for one in page.counts:
                if one.environment in environments:
                    kind = (one.hour, one.code, one.activity, one.key, one.environment)
                    before = counts[kind].count if kind in counts else 0
                    counts[kind] = replace(one, count=before + one.count)
            events = _newest([*events, *(one for one in page.events if one.environment in environments)])
        most = sorted(counts.values(), key=lambda one: one.count, reverse=True)
        return RefusedReport(since, sorted(most, key=lambda one: one.hour, reverse=True), events)


def _newest(events: list[RefusedEvent]) -> list[RefusedEvent]:
    return sorted(events, key=lambda one: one.at, reverse=True)[:MAX_EVENTS]
