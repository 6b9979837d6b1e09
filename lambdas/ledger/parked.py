"""Appends parked events, of which the queue has only the keys."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.delivery.records import InsertedEvent
from daybook.events.store import Key
from daybook.ledger.appender import Appender
from daybook.ledger.log import Stored
from daybook.ledger.logs import LogKey
from daybook.ledger.reading import stored_event
from daybook.observability import LEDGER_POISON, logger
from daybook.tenant import code_of


class Events(Protocol):
    def read(self, keys: Sequence[Key]) -> Sequence[InsertedEvent]:
        """Returns the events that still exist. Raises `Throttled`."""


@dataclass(frozen=True)
class ParkedEvents:
    events: Events
    appender: Appender
    count: Callable[[str, int], None]

    def append(self, keys: Sequence[Key]) -> bool:
        """Returns whether nothing is left to append. Raises `Throttled` where the events can't be read."""
        shares: dict[LogKey, list[Stored]] = defaultdict(list)
        for event in self.events.read(list(dict.fromkeys(keys))):
            try:
                key, stored = stored_event(event.environment, event.id, event.packed)
            except Exception:
                logger.exception("the item is no event", extra={"event_id": event.id})
                self.count(LEDGER_POISON, 1)
            else:
                shares[key].append(stored)
        appended = [self._append(key, share) for key, share in shares.items()]
        return all(appended)

    def _append(self, key: LogKey, share: Sequence[Stored]) -> bool:
        try:
            self.appender.append(key, share)
        except Exception:
            logger.exception("parked events were not appended", extra={"code": code_of(key.environment)})
            return False
        return True
