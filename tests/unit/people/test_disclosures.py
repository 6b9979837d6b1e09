"""Keys that are disclosed while their person is forgotten."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.people.disclosures import DisclosedEvent, disclose
from daybook.people.identities import Row
from daybook.tenant import EnvironmentKey
from tests.support.forgetting import Forgetting
from tests.support.managed_log import ManagedLog


class ForgottenMeanwhile:
    """The identities. Somebody is forgotten before the call of this number."""

    def __init__(self, log: ManagedLog, call: int) -> None:
        self._log = log
        self._left = call
        self.listed: list[str] = []

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        self.pass_one()
        return self._log.wiring.identities.read(environment, sort_keys)

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        self.pass_one()
        return self._log.wiring.identities.insert(environment, rows)

    def pass_one(self) -> None:
        if self._left == 0:
            self.listed = Forgetting(self._log).report("jane.roe")["disclosures"]
        self._left -= 1


@pytest.mark.parametrize(("call", "keys", "listed"), [(0, 0, 0), (1, 0, 1), (2, 1, 1)])
def test_whose_key_is_disclosed_is_listed(dynamodb: Any, tables: Tables, call: int, keys: int, listed: int) -> None:
    """Whenever forgetting comes between: the row is written before the key is read."""
    log = ManagedLog(dynamodb, tables)
    (event_id,) = log.sent({"actor": {"type": "user", "username": "jane.roe"}})
    event = DisclosedEvent("acme", "prod", event_id, [log.guid_of("jane.roe")])
    store = ForgottenMeanwhile(log, call)
    disclosed = disclose(store, log.key(), event, "record")
    store.pass_one()
    assert (len(disclosed), len(store.listed)) == (keys, listed)
