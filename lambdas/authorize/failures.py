"""Counts failed credentials by address, and remembers who has failed too often.

An address that is past the limit costs no more writes: whoever has no key could otherwise use up what the table of
limits takes, and with it the counters of tenants.
"""

from typing import Protocol

from daybook.addresses import network_of
from daybook.clock import MINUTE, Clock
from daybook.observability import logger

MAX_FAILURES = 20
"""Failed credentials of one network in one minute before it must wait."""

MAX_REMEMBERED = 10_000
"""Networks, some MB. Those beyond go on being counted."""


class Store(Protocol):
    def count_failure(self, network: str, minute: int) -> int:
        """Counts one failure. Returns the network's count in that minute since 1970, this one included."""


class Failures:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._minute = 0
        self._past: set[str] = set()

    def are_too_many(self, address: str) -> bool:
        """Counts one failed credential. True from the address's 21st within a minute on, by all instances' count.

        False where it can't be counted.
        """
        minute, network = self._clock() // MINUTE, network_of(address)
        if self._minute != minute:
            self._minute, self._past = minute, set()
        if network in self._past:
            return True
        try:
            is_past = self._store.count_failure(network, minute) > MAX_FAILURES
        except Exception:
            logger.exception("uncounted_failure")
            return False
        if is_past and len(self._past) < MAX_REMEMBERED:
            self._past.add(network)
        return is_past
