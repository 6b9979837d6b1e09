"""The nightly sweep of a tenant: what is stored is in the ledger, and is what the ledger has sealed.

It appends what the stream has lost and what was stored before there was a ledger, and hashes the stored bytes anew. It
also deletes what the ledger table keeps only as long as events: folded counts and alerts.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from daybook.clock import SECOND, Clock
from daybook.delivery.records import InsertedEvent
from daybook.errors import UnknownTenant
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, JobFailed, Step
from daybook.ledger.alerts import Alerts, Finding
from daybook.ledger.appender import Appended
from daybook.ledger.entries import Entry
from daybook.ledger.log import Appends, Head, Stored
from daybook.ledger.logs import Log, LogKey, Logs
from daybook.ledger.reading import stored_event
from daybook.ledger.tampering import What
from daybook.observability import LEDGER_POISON, logger
from daybook.tenant import code_of
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from ledger.sweep_plan import ON_ITS_WAY_MS, Checkpoint, deletable_before, first_checkpoint, last_ms, next_span
from ledger.tampering import Tampering

PAGE = 500
STEP_MS = 20 * SECOND
DELETED_AT_ONCE = 100


class Events(Protocol):
    def between(self, partition: str, low: str, high: str, limit: int) -> Sequence[InsertedEvent]:
        """The first events from id `low` to id `high`, oldest first. None only at the end. Raises `Throttled`."""


class Appender(Protocol):
    def append(self, key: LogKey, events: Collection[Stored]) -> Appended:
        """Appends each, unless the log has it. Raises `Throttled`."""


class Counts(Protocol):
    def prune(self, log: Log, before_ms: int) -> object:
        """Deletes the counts of hours and days that end at or before this moment. Raises `Throttled`."""


@dataclass(frozen=True)
class SweepWork:
    """The `Work` of jobs of kind `ledger-sweep`."""

    control: SettingsReader
    events: Events
    logs: Logs
    appends: Appends
    appender: Appender
    fold_if_due: Callable[[Log, Head], None]
    """A fold that fails does not hold up the sweep: a later one goes on where it stopped."""
    tampering: Tampering
    alerts: Alerts
    counts: Counts
    clock: Clock
    count: Callable[[str, int], None]
    page: int = PAGE
    step_ms: int = STEP_MS

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  of the protocol
        until_ms = self.clock() + self.step_ms
        try:
            settings = self.control.settings_of(job.tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None
        at = first_checkpoint(settings) if job.checkpoint is None else msgspec.convert(job.checkpoint, Checkpoint)
        while at.left:
            self._page(job, settings, at)
            if self.clock() >= until_ms:
                return Step(msgspec.to_builtins(at), at.processed, at.progress)
        self._tidy_up(settings)
        return Step(msgspec.to_builtins(at), at.processed, 1.0, done=True)

    def tidy(self, job: Job) -> None:
        """There is nothing to delete."""

    def _page(self, job: Job, settings: TenantSettings, at: Checkpoint) -> None:
        """The next page of the first partition that is left."""
        lies_in, edge_ms = at.left[0], settings.retention_edge(job.created_ms)
        low = lowest_id(edge_ms) if at.after is None else max(neighbour(at.after, 1), lowest_id(edge_ms))
        span = next_span(job, occurred_ms(low))
        if span is None:
            at.left, at.after = at.left[1:], None
            return
        high = neighbour(lowest_id(span.to_ms), -1)
        low = max(low, lowest_id(span.from_ms))
        rows = self.events.between(lies_in, low, high, self.page)
        if rows:
            self._cover(settings, rows, job.created_ms - ON_ITS_WAY_MS)
            at.processed += len(rows)
            at.after = rows[-1].id
            return
        # Years without events would take a query for each span.
        end_ms = last_ms(job)
        beyond = span.to_ms < end_ms and self.events.between(lies_in, lowest_id(span.to_ms), lowest_id(end_ms), 1)
        if beyond:
            at.after = neighbour(beyond[0].id, -1)
        else:
            at.left, at.after = at.left[1:], None

    def _cover(self, settings: TenantSettings, rows: Sequence[InsertedEvent], until_ms: int) -> None:
        """Appends those that the log lacks, and tells of those whose bytes are others than it has sealed."""
        by_log: dict[LogKey, dict[tuple[str, int], Stored]] = defaultdict(dict)
        for row in rows:
            try:
                key, stored = stored_event(row.environment, row.id, row.packed)
            except Exception:
                self.count(LEDGER_POISON, 1)
                logger.exception("an event that the sweep can't read", extra={"event": row.id})
                continue
            if stored.entry.received_ms <= until_ms:
                by_log[key][stored.key] = stored
        for key, wanted in by_log.items():
            log = self.logs.current(key)
            found = {} if log is None else self.appends.found(log, wanted.keys())
            self._compare(settings, key, wanted, found)
            lost = [stored for each, stored in wanted.items() if each not in found]
            if lost:
                logger.warning("sealed by the sweep", extra={"environment": key.environment, "events": len(lost)})
                self._fold(*self.appender.append(key, lost))

    def _fold(self, log: Log, head: Head) -> None:
        try:
            self.fold_if_due(log, head)
        except Exception:
            logger.exception("the log was not folded", extra={"code": code_of(log.key.environment)})

    def _compare(
        self,
        settings: TenantSettings,
        key: LogKey,
        wanted: Mapping[tuple[str, int], Stored],
        found: Mapping[tuple[str, int], tuple[int, Entry]],
    ) -> None:
        for each, (_, sealed) in found.items():
            if sealed.leaf != wanted[each].entry.leaf:
                identifier, received_ms = each
                finding = Finding(key.environment, key.visibility, What.ALTERED, identifier, received_ms)
                self.tampering.tell(finding, settings)

    def _tidy_up(self, settings: TenantSettings) -> None:
        before_ms = deletable_before(settings, self.clock())
        for log in self.logs.of(settings.code):
            self.counts.prune(log, before_ms)
        while alerts := self.alerts.oldest(settings.code, lowest_id(before_ms), DELETED_AT_ONCE):
            for alert in alerts:
                self.alerts.delete(alert)
