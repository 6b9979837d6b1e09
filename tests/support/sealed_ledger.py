"""A tenant's logs, which are appended to and signed where a test says so."""

from collections.abc import Callable

from daybook.aws.wiring import Wiring
from daybook.events.item import environment_of
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.ledger.entries import decode
from daybook.ledger.logs import Log, LogKey, visibility_of
from daybook.ledger.notes import VerifierKey
from daybook.ledger.signing import SignedCheckpoint
from tests.support.sealed_log import KEYS, SealedLog, entry_of

APPENDED_AT_ONCE = 7
"""So that appends and the lines of evidence end at different entries."""


class SealedLedger:
    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._logs: dict[LogKey, SealedLog] = {}
        self.asked: list[Log] = []
        """For whom a checkpoint was asked."""

    def log(self, key: LogKey) -> Log:
        return self._log(key).log

    def keys(self, key: LogKey) -> tuple[VerifierKey, VerifierKey]:
        """Those of the log's heads and times."""
        heads, times = (published.verifies(self.log(key).origin) for published in KEYS)
        return heads, times

    def append(self, is_late: Callable[[str], bool] = lambda _: False) -> None:
        """Appends all events that are stored and in no log yet. `is_late`: whether that of an id comes later."""
        stored: dict[LogKey, list[bytes]] = {}
        for item in self._wiring.client.scan(TableName=self._wiring.tables.events)["Items"]:
            if not is_late(item["sk"]["S"]):
                canonical = unpack(bytes(item["z"]["B"]))
                key = LogKey(environment_of(item["pk"]["S"]), visibility_of(content_in(canonical)))
                stored.setdefault(key, []).append(canonical)
        for key, events in stored.items():
            log = self._log(key)
            known = {decode(entry) for entry in log.entries}
            log.append([entry for entry in map(entry_of, events) if entry not in known], APPENDED_AT_ONCE)

    def sign(self, key: LogKey) -> SignedCheckpoint:
        """Signs the head as it is now."""
        return self._log(key).sign()

    def ask(self, log: Log, size: int) -> None:  # noqa: ARG002  it may not have grown so far yet
        self.asked.append(log)
        self.sign(log.key)

    def _log(self, key: LogKey) -> SealedLog:
        if key not in self._logs:
            self._logs[key] = SealedLog(self._wiring, key, len(self._logs) + 1)
        return self._logs[key]
