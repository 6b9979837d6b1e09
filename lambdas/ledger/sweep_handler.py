"""Sweeps tenants' logs, one message of the queue at a time. Each night it is asked to sweep all of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from daybook.aws.wiring import Wiring
from daybook.environment import LedgerSweepSettings
from daybook.jobs.runner import Runner
from daybook.jobs.store import JobQueue
from daybook.jobs.worker import job_handler
from ledger.sweep import SweepWork
from ledger.sweep_start import SweepStart
from ledger.tampering import Tampering


def _wired() -> tuple[Wiring, JobQueue, str]:
    settings = LedgerSweepSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return wiring, wiring.job_queue(settings.ledger_sweep_queue_url), settings.log_origin


@cache
def compose() -> Runner:
    return runner_over(*_wired())


def runner_over(wiring: Wiring, queue: JobQueue, log_origin: str) -> Runner:
    work = SweepWork(
        control=wiring.control,
        events=wiring.inserted,
        logs=wiring.logs,
        appends=wiring.appends,
        appender=wiring.appender(log_origin),
        fold_if_due=wiring.fold.run_if_due,
        tampering=Tampering(wiring),
        alerts=wiring.alerts,
        counts=wiring.counts,
        clock=wiring.clock,
        count=wiring.count,
    )
    return Runner(wiring.jobs, queue, work, wiring.clock)


def start_over(wiring: Wiring, queue: JobQueue) -> SweepStart:
    return SweepStart(wiring.control, wiring.jobs, queue, wiring.clock, wiring.random_bytes)


_work = job_handler(compose)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any] | None:
    """Messages of the queue come in `Records`. The schedule's event has none."""
    if "Records" in event:
        return _work(event, context)
    wiring, queue, _ = _wired()
    start_over(wiring, queue).ask_for_all()
    return None
