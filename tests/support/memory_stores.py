"""The stores of events and of people in memory, with the semantics of INSERT: nothing is overwritten."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from daybook.aws.wiring import Tables, Wiring
from daybook.catalogue.tenant_catalogue import OwnActivity
from daybook.clock import Clock
from daybook.events.item import StoredEvent
from daybook.events.store import Append, Kept, Key
from daybook.people.forgetter import (
    MAX_ITEMS,
    MAX_STONES,
    Change,
    ConcurrentChange,
    Deletion,
    Increment,
    Keep,
    Mark,
    Stone,
)
from daybook.people.forgettings import COUNT
from daybook.people.identities import Row
from daybook.tenant import EnvironmentKey, Tenant, TenantCode
from daybook.tenants.limits import Limits
from daybook.tenants.settings import TenantSettings
from tests.support.usage import MemoryUsage


class MemoryIdentities:
    def __init__(self) -> None:
        self.rows: dict[tuple[EnvironmentKey, str], Row] = {}

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        return {key: self.rows[environment, key] for key in sort_keys if (environment, key) in self.rows}

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        there = frozenset(key for key in rows if (environment, key) in self.rows)
        self.rows.update({(environment, key): row for key, row in rows.items() if key not in there})
        return there

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        keys = sorted(self.rows)
        return [
            [self.rows[key] for key in keys if key[0] == environment and key[1].startswith(prefix)][:limit]
            for prefix in prefixes
        ]

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        keys = [*(change.sort_key for change in changes), *tombstones]
        assert 0 < len(keys) == len(set(keys)) <= MAX_ITEMS, "what a transaction takes"
        assert len(tombstones) <= MAX_STONES, "what a transaction takes"
        for change in changes:
            row = self.rows.get((environment, change.sort_key))
            if isinstance(change, Deletion) and (
                (change.must_be_there and row is None)
                or (change.only_of is not None and (row is None or row["guid"] != change.only_of))
            ):
                raise ConcurrentChange
        for change in changes:
            if isinstance(change, Keep):
                row = self.rows.get((environment, change.sort_key), {})
                self.rows[environment, change.sort_key] = {**row, **change.row}
            elif isinstance(change, Increment):
                row = self.rows.get((environment, change.sort_key), {COUNT: "0"})
                self.rows[environment, change.sort_key] = {COUNT: str(int(row[COUNT]) + 1)}
            else:
                self.rows.pop((environment, change.sort_key), None)
        for sort_key, stone in tombstones.items():
            row = self.rows.get((environment, sort_key), {})
            kept = {guid: text for guid, text in row.items() if guid not in stone.left_out}
            self.rows[environment, sort_key] = {**kept, mark.guid: stone.text}


class MemoryEvents:
    def __init__(self) -> None:
        self.events: dict[Key, StoredEvent] = {}

    def append(self, events: Sequence[StoredEvent], remaining_seconds: Callable[[], float]) -> dict[Key, Append]:  # noqa: ARG002  the store's signature
        outcome = {}
        for event in events:
            key = event.partition, event.id
            outcome[key] = Append.DUPLICATE if key in self.events else Append.STORED
            self.events.setdefault(key, event)
        return outcome

    def find(self, keys: Iterable[Key]) -> dict[Key, Kept]:
        return {
            key: Kept(event.fingerprint, event.packed) for key in keys if (event := self.events.get(key)) is not None
        }


class NoOwnActivities:
    """No tenant has changed its profile's activities."""

    def own_activities(self, tenant: TenantCode) -> dict[str, OwnActivity]:  # noqa: ARG002  the store's form
        return {}


class SettingsOf:
    """Replaces the control table for a function that only reads tenants' settings."""

    def __init__(self, settings: Callable[[Tenant], TenantSettings]) -> None:
        self.settings = settings

    def limits(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        settings = self.settings(tenant)
        return settings.code, settings.limits


def memory_wiring(secret: bytes, clock: Clock, random_bytes: Callable[[int], bytes], **replaced: Any) -> Wiring:
    """A wiring in which nothing that ingest needs calls AWS. `replaced` are properties of `Wiring`."""
    stores = {
        "events": MemoryEvents(),
        "identities": MemoryIdentities(),
        "activities": NoOwnActivities(),
        "usage": MemoryUsage(),
    }
    return Wiring(None, Tables(), lambda: secret, clock, random_bytes, {**stores, **replaced})
