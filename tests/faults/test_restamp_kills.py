"""Re-stamps that are killed at random points leave the same stamps as an undisturbed log."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from daybook.aws.events_table.stamps import StampTable
from daybook.aws.wiring import Tables
from daybook.clock import HOUR, MINUTE
from daybook.ids import occurred_ms
from daybook.jobs.job import Status
from daybook.tenants.settings import Layout
from tests.support.exports import Killed, Mortal
from tests.support.ingest import NOW
from tests.support.retention import Kept

SEEDS = {"memory": 50, "moto": 50, "dynamodb-local": 4}
AGES = [edge + more for edge in (30, 45, 60, 90) for more in (-0.02, -0.01, 0, 0.5, 1)] + [1, 10, 20, 100, 150]
"""Ages around the edges of the retentions that are set, and between them."""


def stamps(log: Kept) -> dict[int, int | None]:
    """The stamp by the time at which an event occurred. Each event has its own time."""
    return {occurred_ms(each): expires_at for each, expires_at in log.stamps_of().items() if each in log.sent_ids}


def settings(chance: random.Random) -> Callable[[Kept], Any]:
    """A change that a tenant may make. The hold is lifted first, because under it a shorter retention has no effect."""
    days = chance.choice([30, 45, 60, 90, 180])

    def set_days(log: Kept) -> None:
        log.lift()
        log.restamps.sent.clear()
        log.now += MINUTE
        log.set_days(days)

    changes: list[Callable[[Kept], Any]] = [set_days, set_days, Kept.hold, Kept.lift]
    return chance.choice(changes)


@pytest.fixture
def logs(dynamodb: Any, tables: Tables) -> list[Kept]:
    given: dict[str, Any] = {"retention_days": 180, "layouts": (Layout(0, 1),)}
    made = [Kept(dynamodb, tables, tenant=tenant, **given) for tenant in ("twin", "mortal")]
    for log in made:
        log.sent_ids = frozenset(log.send_aged(*AGES))
    return made


def test_a_killed_restamp_leaves_the_stamps_of_an_undisturbed_one(logs: list[Kept], store: Any) -> None:
    """It is killed before or after calls of either store and between the writes of a page, whatever was changed."""
    twin, mortal = logs
    kills = 0
    changed: set[bool] = set()
    for seed in range(SEEDS[store.name]):
        chance = random.Random(seed)  # noqa: S311
        odds = chance.choice([0.005, 0.02, 0.05])
        twin.now = mortal.now = NOW + seed * HOUR
        change = settings(chance)
        before = stamps(twin)
        for log in logs:
            change(log)
        twin.work()
        while mortal.restamps.sent:
            job, _ = mortal.restamps.sent[0]
            client = Mortal(mortal.dynamodb, chance, odds)
            worker = mortal.worker(stamps=StampTable(client, mortal.tables.events), page=7, step_ms=0)
            try:
                job = mortal.run(job, worker, Mortal(mortal.jobs, chance, odds))
            except Killed:
                kills += 1
                mortal.now += 16 * MINUTE
                continue
            assert job.status is Status.SUCCEEDED
            mortal.restamps.sent.pop(0)
        assert stamps(mortal) == stamps(twin), seed
        changed.add(stamps(twin) != before)
    assert kills > SEEDS[store.name] / 2
    assert True in changed
