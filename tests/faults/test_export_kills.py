"""An export whose workers are killed at random points gives the same file as an undisturbed one, byte for byte."""

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, format_time
from daybook.jobs.export import outcome_of
from daybook.jobs.job import Job, JobBusy, Status
from daybook.jobs.runner import Runner
from tests.support.exports import Exporter, Killed, MemoryFiles, Mortal
from tests.support.ingest import NOW
from tests.support.jobs import MemoryQueue
from tests.support.tenant_log import TenantLog

SEEDS = 50
STEPS_MS = (0, 4, 10**6)
PIECE = "piece-"
"""The places where bytes that do not fill a part are stored."""
EVENTS = 70


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"sort": "occurred_at", "format": "ndjson"},
    {"sort": "actor", "filters": {"activity": "document.updated"}},
    {"sort": "-target", "view": "generic", "filters": {"q": "row"}},
]


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    """A log of events by five people, two events in each millisecond."""
    log = TenantLog(dynamodb, tables)
    log.sent(
        *(
            {
                "id": f"e{number}",
                "occurred_at": format_time(NOW - 1_000 * (number // 2)),
                "actor": {"type": "user", "username": f"person.{number % 5}"},
                "target": {"type": "doc", "id": f"D-{number % 7}"},
                "details": f"row {number}, in all its length",
            }
            for number in range(EVENTS)
        )
    )
    return log


class Killer:
    """Kills workers again and again. The message is delivered again when the claim has expired."""

    def __init__(self, exporter: Exporter, log: TenantLog, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311
        self._exporter = exporter
        self._log = log
        self._odds = self._chance.choice([0.01, 0.03, 0.1])
        self.kills = 0
        self._claims = (f"claim-{seed}-{number}" for number in range(100_000))

    def work(self, job: Job) -> Job:
        worker = self._mortal_worker()
        while True:
            queue = MemoryQueue()
            runner = Runner(
                Mortal(self._exporter.jobs, self._chance, self._odds),
                Mortal(queue, self._chance, self._odds),
                worker,
                self._log.clock,
                lambda: next(self._claims),
                lambda _: None,
                max_attempts=10**6,
            )
            try:
                job = runner.run(job.key, self._seconds().__next__)
            except Killed:
                self.kills += 1
                self._log.now += 15 * MINUTE
                worker = self._mortal_worker()
                continue
            except JobBusy:
                self._log.now += 15 * MINUTE
                continue
            if job.status.has_ended:
                return job
            assert queue.sent, "it was handed over without a message"
            if self._chance.random() < 0.5:  # otherwise the same process gets the next message
                worker = self._mortal_worker()

    def _mortal_worker(self) -> Any:
        worker = self._exporter.worker()
        services = worker.services
        services.files = Mortal(self._exporter.files, self._chance, self._odds)
        services.index = Mortal(services.index, self._chance, self._odds / 3)
        return worker

    def _seconds(self) -> Iterator[float]:
        """The remaining seconds of an invocation, which is near its end after a few steps."""
        left = 900.0
        while True:
            yield left
            left -= self._chance.choice([1.0, 50.0, 300.0])


def exporter_over(log: TenantLog, dynamodb: Any, tables: Tables, step_ms: int) -> Exporter:
    """The clock advances at each read, so that steps end with a part, with a run, or when their time is over.

    Three runs of a level are merged into one, so 70 rows need merges of merged runs.
    """

    def ticking() -> int:
        log.now += 1
        return log.now

    return Exporter(
        dynamodb,
        tables,
        ticking,
        batch=7,
        part_bytes=1_500,
        run_bytes=1_200,
        max_merged=3,
        step_ms=step_ms,
        files=MemoryFiles(),
    )


def file_of(exporter: Exporter, job: Job) -> bytes:
    return exporter.file({"id": job.id, "filename": job.ask["filename"]})


def test_a_killed_export_gives_the_file_of_an_undisturbed_one(log: TenantLog, dynamodb: Any, tables: Tables) -> None:
    """50 seeds for four requests: no row is lost, duplicated or moved, and the checksum is that of the file."""
    asker = exporter_over(log, dynamodb, tables, step_ms=0)
    asked = []
    for question in QUESTIONS:
        shown = asker.ask(question)
        asked.append(asker.jobs.find(asker.code, shown["id"]))
        asker.queue.sent.clear()
    undisturbed = {}
    for job in asked:
        calm = exporter_over(log, dynamodb, tables, step_ms=10**6)
        calm.queue.sent.append((job, 0))
        calm.work()
        undisturbed[job.id] = file_of(calm, job)
        assert undisturbed[job.id].count(b"row") >= EVENTS
        assert len(calm.files.part_sizes) > 3
    kills = resumed = 0
    for seed in range(SEEDS):
        job = asked[seed % len(asked)]
        exporter = exporter_over(log, dynamodb, tables, step_ms=STEPS_MS[seed % len(STEPS_MS)])
        exporter.jobs.put(job)  # undoes the changes of the previous seed
        killer = Killer(exporter, log, seed)
        done = killer.work(job)
        kills += killer.kills
        resumed += sum(PIECE in place for place in exporter.files.reads)
        assert done.status is Status.SUCCEEDED, (seed, done.error)
        content = file_of(exporter, done)
        assert content == undisturbed[job.id], seed
        assert outcome_of(done.checkpoint).sha256 == hashlib.sha256(content).hexdigest(), seed
        assert not [place for place in exporter.files.files if place.startswith("runs/")], seed
    assert kills > SEEDS
    assert resumed > SEEDS
