"""Recording that an export with evidence is complete, and waiting until the ledger has sealed that record."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from daybook.clock import MINUTE, SECOND, parse_time
from daybook.events.reader import content_of
from daybook.events.store import Key
from daybook.ids import IDENTITY_BYTES, event_id
from daybook.jobs.claiming import CLOCKS_APART_SECONDS
from daybook.jobs.job import JobFailed, Step
from daybook.ledger.log import EntryKey
from daybook.ledger.logs import Log, LogKey
from daybook.self_audit.own_events import Writing, note
from daybook.tenants.settings import MAX_AHEAD_MS
from exports.checkpoint import Seal
from exports.manifest import put_manifest
from exports.multipart import GONE
from exports.phases.phase import Phase

SEALED_WITHIN_MS = 15 * MINUTE
"""An append takes seconds, and a checkpoint that is asked for a minute. An outage may take longer."""

_WAITS = ((20 * SECOND, 5), (2 * MINUTE, 15))
"""How many seconds pass between two looks, while the wait has lasted for less than so long."""
_LONG_WAIT_SECONDS = 60

BEFORE_MS = MAX_AHEAD_MS + CLOCKS_APART_SECONDS * SECOND
"""The entries begin at a checkpoint that was signed so long before the span, by the signer's clock. An event may be
stamped ahead of its receipt, and the moment of receipt is by the clock of that request.
"""

NOT_SEALED = "The ledger did not seal all events of this export within 15 minutes. Request it again later."


def sealing_seconds(waited_ms: int) -> int:
    """How long to wait until the next look."""
    return next((seconds for until_ms, seconds in _WAITS if waited_ms < until_ms), _LONG_WAIT_SECONDS)


class SealPhase(Phase):
    """What the phases that need the ledger have in common."""

    @property
    def seal(self) -> Seal:
        return self.checkpoint.seal

    @cached_property
    def log(self) -> Log:
        """The log that the evidence is of."""
        logs = self.export.stores.logs.of(self.export.job.tenant)
        return next(log for log in logs if log.name == self.seal.log)

    @cached_property
    def completion(self) -> bytes:
        """The event that records the export's completion, as it is stored. Raises `JobFailed`."""
        if self.seal.completion is None:
            raise JobFailed(GONE)
        return self.stored(self.seal.completion)

    def stored(self, key: Key) -> bytes:
        """An event as it is stored. Raises `JobFailed`."""
        kept = self.export.stores.events.find([key]).get(key)
        if kept is None:
            raise JobFailed(GONE)
        return kept.packed

    def wait(self) -> Step:
        """Raises `JobFailed` where the wait has lasted for too long."""
        now_ms = self.services.clock()
        self.seal.waits_since_ms = self.seal.waits_since_ms or now_ms
        waited_ms = now_ms - self.seal.waits_since_ms
        if waited_ms >= SEALED_WITHIN_MS:
            raise JobFailed(NOT_SEALED)
        return self.reached(wait_seconds=sealing_seconds(waited_ms))

    def waited(self, phase: str) -> Step:
        self.seal.waits_since_ms = 0
        self.checkpoint.phase = phase
        return self.reached()


class RecordCompletion(SealPhase):
    """Settles what the manifest says; then puts it, and inserts the event that holds the hashes of both files."""

    def run(self) -> Step:
        export, seal = self.export, self.seal
        if not seal.completed_ms:
            log = export.stores.logs.current(LogKey(export.environment, "all"))
            if log is None:  # the record of the request will be its first entry
                return self.wait()
            seal.log, seal.completed_ms = log.name, self.services.clock()
            return self.waited("record")
        manifest = put_manifest(export, seal.completed_ms, log=self.log.origin)
        seal.completion = note(
            export.stores.events,
            Writing(
                export.settings,
                export.ask.environment,
                event_id(seal.completed_ms, _identity(export.job.id)),
                self.services.clock(),
                export.stores.random_bytes,
            ),
            "export-completed",
            {
                "filename": export.ask.filename,
                "export": export.job.id,
                "file_sha256": self.checkpoint.sha256,
                "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
                "rows": self.checkpoint.rows,
            },
            caused_by=export.ask.record,
        )
        return self.waited("seal")


class AwaitSeal(SealPhase):
    """Waits for a checkpoint that covers the record, and is newer than one that did not cover all rows."""

    def run(self) -> Step:
        export, seal, log = self.export, self.seal, self.log
        recorded = entry_key(content_of(self.completion))
        index = export.stores.appends.find(log, [recorded]).get(recorded)
        checkpoint = None if index is None else export.stores.checkpoints.covering(log, index)
        if index is None or checkpoint is None or checkpoint.size <= seal.size:
            if index is not None:
                self.services.ask_to_sign(log, max(index, seal.size) + 1)
            return self.wait()
        if not seal.size:
            seal.since = seal.sorted = seal.entries = self._beginning(log)
        seal.size, seal.completion_index = checkpoint.size, index
        return self.waited("sort")

    def _beginning(self, log: Log) -> int:
        """The index of the first entry: the size of a checkpoint that no event of the span was appended before."""
        export, wanted = self.export, self.export.ask.evidence_since
        if wanted == 0:
            return 0
        by_ms = export.from_ms - BEFORE_MS
        kept = None if wanted is None else export.stores.checkpoints.at(log, wanted)
        if kept is None or kept.at_ms > by_ms:
            kept = export.stores.checkpoints.before(log, by_ms)
        return 0 if kept is None else kept.size


def entry_key(content: Mapping[str, Any]) -> EntryKey:
    return content["id"], parse_time(content["received_at"])


def _identity(job_id: str) -> bytes:
    """The same for each try of one export, so that no try records it twice."""
    return hashlib.sha256(f"export completed {job_id}".encode()).digest()[:IDENTITY_BYTES]
