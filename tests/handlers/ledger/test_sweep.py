"""The nightly sweep over a tenant's tables."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import pytest

from daybook.aws.ledger_table.counts import CountTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, format_time
from daybook.events.packing import pack, unpack
from daybook.ids import event_id
from daybook.jobs.job import LEDGER_SWEEP, Job, Status
from daybook.jobs.runner import Runner
from daybook.ledger.alerts import Alert, Finding
from daybook.ledger.tampering import What
from daybook.observability import LEDGER_POISON, TAMPER_FOUND
from daybook.tenants.settings import Layout
from ledger.sweep_handler import runner_over, start_over
from tests.support.exports import Killed
from tests.support.fed_log import FedLog
from tests.support.jobs import MemoryQueue, received
from tests.support.wiring import seeded_bytes

if TYPE_CHECKING:
    from ledger.sweep import SweepWork


class Swept(FedLog):
    """A log that is swept."""

    def __init__(self, dynamodb: Any, tables: Tables, **changed: Any) -> None:
        super().__init__(dynamodb, tables, **{"retention_days": 60, **changed})
        self.queue = MemoryQueue()

    def runner(self) -> Runner:
        return runner_over(self.wiring, self.queue, "daybook")

    def asked(self) -> Job:
        start_over(self.wiring, self.queue).ask_for_all()
        (job,) = self.wiring.jobs.jobs(self.settings.code, LEDGER_SWEEP, 1)
        return job

    def sweep(self) -> Job:
        """Tonight's."""
        job = self.runner().run(received(self.asked()), lambda: 900.0)
        self.queue.sent.clear()
        assert job.status is Status.SUCCEEDED
        return job

    def sealed(self, environment: str = "prod", visibility: Any = "all") -> list[str]:
        """The ids of the log's entries, sorted."""
        log = self.log(environment, visibility)
        if log is None:
            return []
        size = self.wiring.appends.head(log).size
        return sorted(entry.id for _, entry in self.wiring.appends.read(log, 0, size))


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> Swept:
    return Swept(dynamodb, tables)


@pytest.mark.every_store
def test_what_the_stream_lost_is_sealed_once(log: Swept) -> None:
    """And what it brought is not sealed again; nor what has just arrived, which the stream will bring."""
    lost = log.sent({}, {"environment": "test"})
    log.now += HOUR + 1
    brought = log.sent({})
    log.seal_only(brought)
    fresh = log.sent({})
    log.sweep()
    assert log.sealed() == sorted([lost[0], *brought])
    assert log.sealed("test") == [lost[1]]
    log.now += HOUR + 1
    log.sweep()
    assert log.sealed() == sorted([lost[0], *brought, *fresh])
    assert not log.counted


@pytest.mark.large
def test_everything_stored_before_there_was_a_ledger_is_sealed_within_thirty_nights(
    dynamodb: Any, tables: Tables
) -> None:
    """Over all environments and shards, and in logs of their own what only operations may read."""
    log = Swept(dynamodb, tables, profile="enate", retention_days=None, layouts=(Layout(0, 3),))
    stored = log.sent(
        *(
            {
                "occurred_at": format_time(log.now - age * 7 * DAY),
                "environment": "test" if age % 2 else "prod",
                **({"activity": "api.called", "actor": {"type": "api"}} if age % 3 == 0 else {"activity": "a.b"}),
            }
            for age in range(60)
        )
    )
    log.now += 2 * HOUR
    nights = []
    for _ in range(30):
        nights.append(log.sweep().processed)
        log.now += DAY
    found = [each for env in ("prod", "test") for kind in ("all", "operations") for each in log.sealed(env, kind)]
    assert sorted(found) == sorted(stored)
    assert max(nights) < 30


class Killing:
    """Reads pages until the worker is killed: after 0, 1, 2 … calls of a step."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self.left = 0

    def between(self, *asked: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return self._events.between(*asked)


def test_a_killed_sweep_goes_on(log: Swept) -> None:
    """Wherever it is killed, each event is sealed once."""
    stored = log.sent(*({"id": f"e-{number}"} for number in range(12)))
    log.now += 2 * HOUR
    job, killing = log.asked(), Killing(log.wiring.inserted)
    work = replace(cast("SweepWork", log.runner().work), events=killing, page=2, step_ms=0)
    for calls in range(100):
        killing.left = calls % 3
        try:
            step = work.step(job, lambda: 900.0)
        except Killed:
            continue
        job = replace(job, checkpoint=step.checkpoint)
        if step.done:
            break
    assert step.done
    assert step.processed == 12
    assert log.sealed() == sorted(stored)


@pytest.mark.every_store
def test_bytes_that_are_not_as_sealed_are_told_once(log: Swept) -> None:
    """Each night finds them again: it is the same alert and the same event."""
    victim, _ = log.sent({"details": "what was said"}, {})
    log.seal()
    (item,) = (each for each in log.items() if each["sk"]["S"] == victim)
    changed = pack(unpack(item["z"]["B"]).replace(b"what was said", b"what was sung"))
    log.dynamodb.put_item(TableName=log.tables.events, Item={**item, "z": {"B": changed}})
    log.now += 2 * HOUR
    log.sweep()
    log.now += DAY
    log.sweep()
    (event,) = log.recorded("tamper-found")
    assert (event["params"]["what"], event["params"]["event"]) == ("altered", victim)
    (alert,) = log.wiring.alerts.newest(log.settings.code, None, 9)
    assert alert.id == event["id"]
    assert log.counted == [TAMPER_FOUND] * 2
    assert log.sealed().count(victim) == 1


def test_what_can_not_be_read_keeps_no_other_from_being_sealed(log: Swept) -> None:
    broken, good = log.sent({}, {})
    (item,) = (each for each in log.items() if each["sk"]["S"] == broken)
    log.dynamodb.put_item(TableName=log.tables.events, Item={**item, "z": {"B": b"\x07?"}})
    log.now += 2 * HOUR
    log.sweep()
    assert log.sealed() == [good]
    assert log.counted == [LEDGER_POISON]


def test_a_tenant_is_swept_once_at_a_time(log: Swept) -> None:
    """A tick that comes twice asks once. A tenant that can't be asked for does not stop the others'."""
    start = start_over(log.wiring, log.queue)
    assert [start.ask_for_all(), start.ask_for_all()] == [1, 0]
    failing = Mock(wraps=log.queue, send=Mock(side_effect=ValueError))
    other = Swept(log.dynamodb, log.tables, tenant="other")
    assert start_over(other.wiring, failing).ask_for_all() == 0


@pytest.mark.every_store
def test_counts_and_alerts_go_when_events_do(log: Swept) -> None:
    """A day behind retention's edge, and not while a hold keeps them."""
    log.sent({})
    log.seal()
    log.wiring.fold.run(log.log())
    finding = Finding(log.key(), "all", What.REMOVED, "0" * 36, 1)
    log.wiring.alerts.put(Alert(event_id(log.now, seeded_bytes(9)(16)), finding))
    counts = CountTable(log.dynamodb, log.tables.ledger)

    def kept() -> tuple[bool, bool]:
        rows = log.dynamodb.scan(TableName=log.tables.ledger)["Items"]
        counted = any(row["sk"]["S"].startswith("count#") for row in rows)
        return counted, bool(log.wiring.alerts.newest(log.settings.code, None, 1))

    began = log.now
    log.now = began + 61 * DAY
    log.control.change_tenant(log.settings.code, lambda now: now.with_hold("sealed", began + 59 * DAY))
    log.sweep()
    assert kept() == (True, True)
    log.control.change_tenant(log.settings.code, lambda now: now.without_hold(log.now))
    log.now += DAY - MINUTE
    log.sweep()
    assert kept() == (True, True)
    log.now += 2 * DAY
    log.sweep()
    assert kept() == (False, False)
    assert counts.folded(log.log()).size == 1
