"""Requests a tenant's exports and writes them, over the stores and files that a test gives."""

import csv
import io
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.typical import code_for
from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables
from daybook.clock import Clock
from daybook.http.serve import serve
from daybook.jobs.export import NoSuchUpload
from daybook.jobs.job import Job, Step
from daybook.jobs.message import Postponed
from daybook.jobs.runner import Runner
from daybook.jobs.store import Work
from daybook.tenant import Tenant
from exports.api_handler import operations
from exports.csv_injection import unescape_cell
from exports.work import ExportWork
from exports.worker_handler import services_over
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.ingest import NOW
from tests.support.jobs import MemoryQueue, received
from tests.support.sealed_ledger import SealedLedger
from tests.support.wiring import wiring_over


class MemoryFiles:
    """The bucket in memory. The contract tests compare it with S3."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.described: dict[str, tuple[str, str | None]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.part_sizes: list[int] = []
        self.reads: list[str] = []
        self._begun: dict[str, tuple[str, str | None]] = {}
        self._numbers = itertools.count(1)

    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None:
        self.files[place] = content
        self.described[place] = media_type, filename

    def read(self, place: str, start: int, length: int) -> bytes:
        self.reads.append(place)
        return self.files.get(place, b"")[start : start + length]

    def delete(self, places: Sequence[str]) -> None:
        for place in places:
            self.files.pop(place, None)

    def begin(self, place: str, media_type: str, filename: str | None = None) -> str:
        upload = f"upload-{next(self._numbers)}"
        self.uploads[upload] = {}
        self._begun[upload] = media_type, filename
        assert place
        return upload

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> None:
        assert place
        if upload not in self.uploads:
            raise NoSuchUpload(place)
        self.uploads[upload][number] = content

    def complete(self, place: str, upload: str, parts: int) -> None:
        if upload not in self.uploads and place in self.files:
            return
        if not all(number in self.uploads.get(upload, ()) for number in range(1, parts + 1)):
            raise NoSuchUpload(place)
        there = self.uploads.pop(upload)
        contents = [there[number] for number in range(1, parts + 1)]
        self.part_sizes = [len(content) for content in contents]
        self.put(place, b"".join(contents), *self._begun[upload])

    def abort(self, place: str, upload: str) -> None:
        assert place
        self.uploads.pop(upload, None)


class MemoryLinks:
    def __init__(self) -> None:
        self.sessions = 0
        self.refusal: Exception | None = None
        """What it raises instead of signing."""

    def links(self, places: Sequence[str], session: str) -> Sequence[str]:
        if self.refusal is not None:
            raise self.refusal
        self.sessions += 1
        return [f"https://files.example/{place}?{session}" for place in places]


class OneStep:
    """Work that is handed over after each step."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        return self._work.step(job, remaining_seconds)._replace(hand_over=True)

    def tidy(self, job: Job) -> None:
        self._work.tidy(job)


class Exporter:
    """Requests exports as an auditor does, and works off the queue."""

    def __init__(
        self,
        dynamodb: Any,
        tables: Tables,
        clock: Clock = lambda: NOW,
        *,
        tenant: str = "acme",
        files: Any = None,
        events: Any = None,
        indexes: Any = None,
        role: str = "auditor",
        waited: Callable[[int], None] = lambda _: None,
        **sizes: Any,
    ) -> None:
        """`events` and `indexes` are stores in place of the table's. `sizes` are fields of `ExportServices`.

        `waited` is told how many seconds a message waits.
        """
        self.files = files or MemoryFiles()
        self.links = MemoryLinks()
        self.queue = MemoryQueue(can_delay=False)
        replaced = {name: store for name, store in (("events", events), ("indexes", indexes)) if store is not None}
        wiring = wiring_over(dynamodb, tables, clock, f"exports {tenant}", **replaced)
        self.jobs = wiring.jobs
        self.tenant = Tenant(tenant)
        self.code = code_for(tenant)
        self._role = role
        self.ledger = SealedLedger(wiring)
        self._waited = waited
        self._operations = operations(wiring, self.queue, self.files, self.links)
        self._clock = clock
        self._claims = itertools.count()

        def worker(**changed: Any) -> ExportWork:
            services = services_over(wiring.replacing(), self.files, self.ledger.ask, lambda _: None)
            return ExportWork(replace(services, **sizes | changed))

        self.worker = worker

    def call(
        self, method: str, resource: str, body: Any = None, role: str | None = None, **given: Any
    ) -> dict[str, Any]:
        role = role or self._role
        of_operations = role == OPERATIONS
        parameters: dict[str, str] = {name: given.pop(name) for name in ("export_id", "job_id") if name in given}
        query = {name: [value] for name, value in given.pop("query", {}).items()}
        event = call(
            method,
            resource,
            body,
            parameters=parameters,
            headers={"daybook-tenant": self.tenant} if of_operations else None,
            authorizer=authorized(role, **({"tenant": "" if of_operations else self.tenant} | given)),
        )
        event["multiValueQueryStringParameters"] = query
        return documented(event, serve(event, Context(), self._operations))

    def ask(self, body: Any = None, **given: Any) -> dict[str, Any]:
        answer = self.call("POST", "/v1/exports", body, **given)
        assert answer["statusCode"] == 202, answer["body"]
        asked: dict[str, Any] = answered(answer)
        assert answer["headers"]["Location"] == f"/prod/v1/exports/{asked['id']}"
        return asked

    def read(self, export_id: str, **given: Any) -> dict[str, Any]:
        answer = self.call("GET", "/v1/exports/{export_id}", export_id=export_id, **given)
        assert answer["statusCode"] == 200, answer["body"]
        shown: dict[str, Any] = answered(answer)
        return shown

    def work(self, remaining_seconds: Callable[[], float] = lambda: 900.0, worker: ExportWork | None = None) -> None:
        """Handles the queue's messages until there are none. One worker handles all of them unless one is given."""
        worker = worker or self.worker()
        while self.queue.sent:
            self._work_off_one(worker, remaining_seconds)

    def work_in_steps(self, **sizes: Any) -> None:
        """Each step is done by another worker, which knows nothing but the checkpoint."""
        while self.queue.sent:
            self._work_off_one(OneStep(self.worker(**sizes)), lambda: 900.0)

    def _work_off_one(self, worker: Work, remaining_seconds: Callable[[], float]) -> None:
        runner = Runner(
            self.jobs, self.queue, worker, self._clock, lambda: f"claim-{next(self._claims)}", lambda _: None
        )
        job, _ = self.queue.sent.pop(0)
        try:
            runner.run(received(job), remaining_seconds)
        except Postponed as postponed:
            self.queue.sent.insert(0, (job, postponed.seconds))
            self._waited(postponed.seconds)

    def export(self, body: Any = None, **given: Any) -> tuple[dict[str, Any], bytes]:
        """Returns the answer after the export has finished, and the file."""
        asked = self.ask(body, **given)
        self.work()
        shown = self.read(asked["id"], **given)
        assert shown["status"] == "succeeded", shown
        return shown, self.file(shown)

    def file(self, shown: dict[str, Any]) -> bytes:
        content: bytes = self.files.files[f"files/{self.code}/{shown['id']}/{shown['filename']}"]
        return content


def rows_of(content: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """The labels of a CSV file, and its rows with the events' original values."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    labels = next(reader)
    return labels, [dict(zip(labels, map(unescape_cell, row), strict=True)) for row in reader]


class Killed(BaseException):
    """The process is killed. Nothing in it catches this."""


class Mortal:
    """Wraps an object whose calls may kill the process, before or after they take effect."""

    def __init__(self, of: Any, chance: random.Random, odds: float) -> None:
        self._of = of
        self._chance = chance
        self._odds = odds

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._of, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._perhaps()
            answer = called(*arguments, **named)
            self._perhaps()
            return answer

        return call if callable(called) else called

    def _perhaps(self) -> None:
        if self._chance.random() < self._odds:
            raise Killed
