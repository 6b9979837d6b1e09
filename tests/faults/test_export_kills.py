"""An export whose workers are killed at random points gives the same file as an undisturbed one, byte for byte, and
people who are forgotten meanwhile are not in it.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, format_time
from daybook.events.store import EventStore
from daybook.jobs.export import outcome_of
from daybook.jobs.job import Job, Status
from daybook.jobs.message import Postponed
from daybook.jobs.runner import Runner
from daybook.ledger.log import Appends
from daybook.ledger.logs import Logs
from daybook.ledger.signing import Checkpoints
from daybook.people.identities import Row, name_row
from daybook.people.key_cache import PersonKeys
from daybook.tenant import EnvironmentKey
from tests.support.exports import Exporter, Killed, MemoryFiles, Mortal
from tests.support.ingest import NOW
from tests.support.jobs import MemoryQueue, received
from tests.support.tenant_log import TenantLog

QUICK, MORE = range(25), range(25, 200)
"""200 seeds in memory, where one costs a fraction of a second; 25 of them in the quick lane."""
STEPS_MS = (0, 4, 10**6)
PIECE = "piece-"
"""The places where bytes that do not fill a part are stored."""
EVENTS = 70
PEOPLE = 5


seeds_on_each_store = pytest.mark.parametrize(
    ("store", "seeds"),
    [
        ("memory", QUICK),
        pytest.param("memory", MORE, marks=(pytest.mark.long, pytest.mark.nightly)),
        pytest.param("moto", QUICK[:20], marks=pytest.mark.long),
        pytest.param("dynamodb-local", QUICK[:10], marks=pytest.mark.long),
    ],
    indirect=["store"],
    ids=lambda given: given if isinstance(given, str) else f"{given[0]}-{given[-1]}",
)

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
                "actor": {"type": "user", "username": f"person.{number % PEOPLE}"},
                "target": {"type": "doc", "id": f"D-{number % 7}"},
                "details": f"row {number}, in all its length",
            }
            for number in range(EVENTS)
        )
    )
    return log


class MortalStores(NamedTuple):
    indexes: Any
    identities: Any
    person_keys: PersonKeys
    events: EventStore
    random_bytes: Callable[[int], bytes]
    logs: Logs
    appends: Appends
    checkpoints: Checkpoints


class Disturbed:
    """Wraps a store. Something else happens before each call."""

    def __init__(self, of: Any, meanwhile: Callable[[], None]) -> None:
        self._of = of
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._of, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._meanwhile()
            return called(*arguments, **named)

        return call if callable(called) else called


class Killer:
    """Kills workers again and again. The message is delivered again when the claim has expired."""

    def __init__(
        self, exporter: Exporter, log: TenantLog, seed: int, forgetting: "ForgettingNowAndThen | None" = None
    ) -> None:
        self._forgetting = forgetting
        self._chance = random.Random(seed)  # noqa: S311
        self._exporter = exporter
        self._log = log
        self._odds = self._chance.choice([0.01, 0.03, 0.1])
        self.kills = 0
        self._claims = (f"claim-{seed}-{number}" for number in range(100_000))

    def work(self, job: Job) -> Job:
        worker = self._mortal_worker()
        while True:
            queue = MemoryQueue(can_delay=False)
            runner = Runner(
                self._mortal(self._exporter.jobs),
                self._mortal(queue),
                worker,
                self._log.clock,
                lambda: next(self._claims),
                lambda _: None,
                max_attempts=10**6,
            )
            try:
                job = runner.run(received(job), self._seconds().__next__)
            except Killed:
                self.kills += 1
                self._log.now += 16 * MINUTE
                worker = self._mortal_worker()
                continue
            except Postponed:
                self._log.now += 16 * MINUTE
                continue
            if job.status.has_ended:
                return job
            assert queue.sent, "it was handed over without a message"
            self._log.now += 3 * MINUTE  # longer than it waits before it begins anew
            if self._chance.random() < 0.5:  # otherwise the same process gets the next message
                worker = self._mortal_worker()

    def _mortal_worker(self) -> Any:
        worker = self._exporter.worker()
        services = worker.services
        services.files = self._mortal(self._exporter.files)
        stores = services.stores_of(self._log.settings.code)
        people = self._mortal(self._forgetting or stores.identities, self._odds / 3)
        mortal = MortalStores(
            self._mortal(stores.indexes, self._odds / 3),
            people,
            PersonKeys(people.read, self._log.clock),
            # These exports have no evidence.
            stores.events,
            stores.random_bytes,
            stores.logs,
            stores.appends,
            stores.checkpoints,
        )
        services.stores_of = lambda _: mortal
        return worker

    def _mortal(self, store: Any, odds: float | None = None) -> Any:
        disturbed = store if self._forgetting is None else Disturbed(store, self._forgetting)
        return Mortal(disturbed, self._chance, self._odds if odds is None else odds)

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


class ForgettingNowAndThen:
    """Forgets the five people of the log one after the other, before some of the worker's calls."""

    def __init__(self, log: TenantLog, chance: random.Random) -> None:
        self._log = log
        self._chance = chance
        self._odds = chance.choice([0.01, 0.05, 0.5])
        self._left = guids_of(log)
        self.forgotten = 0
        self.counted = 0
        """How many the worker knew of when it last asked."""

    def __call__(self) -> None:
        if self._left and self._chance.random() < self._odds:
            self._log.forget(self._left.pop(0))
            self.forgotten += 1

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows of people, for the worker."""
        keys = list(sort_keys)
        rows = self._log.wiring.identities.read(environment, keys)
        if keys[0].startswith("forgotten#"):
            self.counted = self.forgotten
        return rows


def guids_of(log: TenantLog) -> list[str]:
    names = [name_row(f"person.{number}") for number in range(PEOPLE)]
    rows = log.wiring.identities.read(log.key(), names)
    return [rows[name]["guid"] for name in names]


@pytest.fixture
def asked(log: TenantLog, dynamodb: Any, tables: Tables) -> list[Job]:
    """An export for each question."""
    asker = exporter_over(log, dynamodb, tables, step_ms=0)
    return [asker.jobs.find(asker.code, asker.ask(question)["id"]) for question in QUESTIONS]


def undisturbed(log: TenantLog, dynamodb: Any, tables: Tables, job: Job) -> bytes:
    """The file that a worker writes whom nothing disturbs."""
    calm = exporter_over(log, dynamodb, tables, step_ms=10**6)
    calm.jobs.put(job)
    calm.queue.sent.append((job, 0))
    calm.work()
    content = file_of(calm, job)
    assert content.count(b"row") >= EVENTS
    assert len(calm.files.part_sizes) > 3
    return content


@seeds_on_each_store
def test_a_killed_export_gives_the_file_of_an_undisturbed_one(
    log: TenantLog, asked: list[Job], dynamodb: Any, tables: Tables, seeds: range
) -> None:
    """200 seeds for four requests: no row is lost, duplicated or moved, and the checksum is that of the file."""
    files = {job.id: undisturbed(log, dynamodb, tables, job) for job in asked}
    kills = resumed = 0
    for seed in seeds:
        job = asked[seed % len(asked)]
        exporter = exporter_over(log, dynamodb, tables, step_ms=STEPS_MS[seed % len(STEPS_MS)])
        exporter.jobs.put(job)  # undoes the changes of the previous seed
        killer = Killer(exporter, log, seed)
        done = killer.work(job)
        kills += killer.kills
        resumed += sum(PIECE in place for place in exporter.files.reads)
        assert done.status is Status.SUCCEEDED, (seed, done.error)
        content = file_of(exporter, done)
        assert content == files[job.id], seed
        assert outcome_of(done.checkpoint).sha256 == hashlib.sha256(content).hexdigest(), seed
        assert not [place for place in exporter.files.files if place.startswith("runs/")], seed
    assert kills > len(seeds)
    assert resumed > len(seeds)


@seeds_on_each_store
def test_whoever_is_forgotten_while_workers_are_killed_is_in_no_sorted_file(
    log: TenantLog, asked: list[Job], dynamodb: Any, tables: Tables, seeds: range
) -> None:
    """200 seeds: the file is that of an undisturbed export after everybody was forgotten of whom the worker knew when
    it asked last, which is as it writes the manifest. In the order of time each row is as it was before or after a
    forgetting, and no row shows somebody who was forgotten before an earlier row.
    """
    backup = dynamodb.scan(TableName=tables.identities)["Items"]

    def restore() -> None:
        for item in dynamodb.scan(TableName=tables.identities)["Items"]:
            dynamodb.delete_item(TableName=tables.identities, Key={"pk": item["pk"], "sk": item["sk"]})
        for item in backup:
            dynamodb.put_item(TableName=tables.identities, Item=item)

    files: dict[str, list[bytes]] = {job.id: [undisturbed(log, dynamodb, tables, job)] for job in asked}
    for guid in guids_of(log):
        log.forget(guid)
        for job in asked:
            files[job.id].append(undisturbed(log, dynamodb, tables, job))
    restarts = kills = 0
    for seed in seeds:
        restore()
        job = asked[seed % len(asked)]
        exporter = exporter_over(log, dynamodb, tables, step_ms=STEPS_MS[seed % len(STEPS_MS)])
        exporter.jobs.put(job)
        forgetting = ForgettingNowAndThen(log, random.Random(seed))  # noqa: S311
        killer = Killer(exporter, log, seed, forgetting)
        done = killer.work(job)
        assert done.status is Status.SUCCEEDED, (seed, done.error)
        kills += killer.kills
        content = file_of(exporter, done)
        if job.ask["query"]["sort"] in (["occurred_at"], ["-occurred_at"]):
            shows_ever_fewer(content, files[job.id])
        else:
            restarts += forgetting.counted
            assert content == files[job.id][forgetting.counted], seed
        assert outcome_of(done.checkpoint).sha256 == hashlib.sha256(content).hexdigest(), seed
        assert not [place for place in exporter.files.files if place.startswith("runs/")], seed
    assert kills > len(seeds) / 2
    assert restarts > len(seeds) / 2


def shows_ever_fewer(content: bytes, files: list[bytes]) -> None:
    """`files`: the same rows after nobody, one, two, … were forgotten."""
    fewest = 0
    for row, *versions in zip(content.splitlines(), *(file.splitlines() for file in files), strict=True):
        while row != versions[fewest]:
            fewest += 1
