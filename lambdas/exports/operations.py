"""The API's operations on exports and jobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from daybook.access.roles import OPERATIONS
from daybook.clock import Clock, format_time
from daybook.http.problem import not_found
from daybook.http.request import Answer, Request
from daybook.jobs.export import earliest_deletion_ms, outcome_of, places_of
from daybook.jobs.job import (
    EXPORT,
    KINDS,
    LEDGER_SWEEP,
    Job,
    JobKey,
    Status,
    UnknownJob,
    describe,
    environment_of,
    is_job_id,
)
from daybook.jobs.store import JobQueue, JobStore, cancel
from daybook.search.parameters import given_once
from daybook.self_audit.recorder import AuditAction
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from exports.bodies import ExportDescription, ExportList, JobList
from exports.create import ExportCreation, TenantPeople
from exports.shown_filters import shown_filters

MAX_LISTED = 1_000

MAX_LISTED_BYTES = 4_000_000
"""Of JSON. Most have half a kilobyte, but an export's filters may name a hundred things. Lambda's answers have at most
6 MB, in base64.
"""

MAX_LISTED_JOBS = 100
"""Of each kind that is read, and in the answer."""

ASKED_FOR = tuple(kind for kind in KINDS if kind != LEDGER_SWEEP)
"""The kinds of jobs that a caller's request begins. The others are Daybook's own, each night."""


class Files(Protocol):
    def delete(self, places: Sequence[str]) -> None: ...


class Links(Protocol):
    def links(self, places: Sequence[str], session: str) -> Sequence[str]:
        """For each place, a link by which anybody can fetch the file for an hour. Raises `Throttled`."""


@dataclass(frozen=True)
class Exports:
    control: SettingsReader
    jobs: JobStore
    queue: JobQueue
    files: Files
    links: Links
    creation: ExportCreation
    stores_of: Callable[[TenantCode], TenantPeople]
    clock: Clock

    def create(self, request: Request) -> Answer:
        job = self.creation.create(request)
        return Answer(202, self._shown(job, self._filters(request, [job])), {"Location": f"/v1/exports/{job.id}"})

    def list_all(self, request: Request) -> Answer:
        given_once(request.query)
        settings = self.control.settings(request.tenant)
        found = self.jobs.jobs(settings.code, EXPORT, MAX_LISTED)
        jobs = [job for job in found if _may_see(request, job, settings)]
        filters = self._filters(request, jobs)
        shown, left = [], MAX_LISTED_BYTES
        for job in jobs:
            description = self._shown(job, filters)
            left -= len(msgspec.json.encode(description))
            if left < 0:
                break
            shown.append(description)
        return Answer(200, ExportList(shown, more=len(shown) < len(jobs) or len(found) == MAX_LISTED))

    def read(self, request: Request) -> Answer:
        """Handing out links counts as a download, and is recorded as one."""
        settings, job = self._export(request)
        shown = self._shown(job, self._filters(request, [job]))
        if self._can_be_fetched(job):
            shown.download_url, shown.manifest_url, shown.evidence_url = self._links(job)
            action = AuditAction("export-downloaded", {"filename": job.ask["filename"]})
            self.stores_of(settings.code).recorder.record(settings, job.ask["environment"], request, action)
        return Answer(200, shown)

    def cancel(self, request: Request) -> Answer:
        """Stops the export, or deletes the files of one that has succeeded. Leaves a failed or cancelled one alone."""
        settings, job = self._export(request)
        can_be_fetched = self._can_be_fetched(job)
        if can_be_fetched or not job.status.has_ended:
            action = AuditAction("export-cancelled", {"filename": job.ask["filename"]})
            self.stores_of(settings.code).recorder.record(settings, job.ask["environment"], request, action)
        if not job.status.has_ended:
            job = cancel(job.key, self.jobs, self.queue, self.clock())
            can_be_fetched = self._can_be_fetched(job)  # the worker may have finished it just now
        if can_be_fetched:
            places = places_of(job)
            self.files.delete([places.file, places.manifest, places.evidence])
            self.jobs.withdraw(job.key, self.clock())
        return Answer(204)

    def list_jobs(self, request: Request) -> Answer:
        """So that whoever reloads a page, or comes from another one, finds a job without its id."""
        given_once(request.query)
        settings = self.control.settings(request.tenant)
        jobs = [job for kind in ASKED_FOR for job in self.jobs.jobs(settings.code, kind, MAX_LISTED_JOBS)]
        jobs = sorted((job for job in jobs if _may_see(request, job, settings)), key=lambda job: job.id, reverse=True)
        return Answer(200, JobList([describe(job, settings) for job in jobs[:MAX_LISTED_JOBS]]))

    def read_job(self, request: Request) -> Answer:
        settings = self.control.settings(request.tenant)
        job = self._job(settings.code, None, request.parameters["job_id"])
        if not _may_see(request, job, settings):
            raise not_found("job")
        return Answer(200, describe(job, settings))

    def _export(self, request: Request) -> tuple[TenantSettings, Job]:
        settings = self.control.settings(request.tenant)
        job = self._job(settings.code, EXPORT, request.parameters["export_id"])
        if not _may_see(request, job, settings):
            raise not_found("export")
        return settings, job

    def _job(self, tenant: TenantCode, kind: str | None, job_id: str) -> Job:
        try:
            if is_job_id(job_id):
                return self.jobs.find(tenant, job_id) if kind is None else self.jobs.job(JobKey(tenant, kind, job_id))
        except UnknownJob:
            pass
        raise not_found(kind or "job")

    def _links(self, job: Job) -> tuple[str, str, str | None]:
        places = places_of(job)
        if not job.ask.get("evidence"):
            file, manifest = self.links.links([places.file, places.manifest], job.id)
            return file, manifest, None
        file, manifest, evidence = self.links.links([places.file, places.manifest, places.evidence], job.id)
        return file, manifest, evidence

    def _can_be_fetched(self, job: Job) -> bool:
        expires_ms = earliest_deletion_ms(job)
        return job.status is Status.SUCCEEDED and expires_ms is not None and self.clock() < expires_ms

    def _filters(self, request: Request, jobs: Sequence[Job]) -> Mapping[str, list[str]]:
        settings = self.control.settings(request.tenant)
        return shown_filters(self.stores_of(settings.code).identities, settings, jobs)

    def _shown(self, job: Job, filters: Mapping[str, list[str]]) -> ExportDescription:
        """As it is shown in lists: without links to its files."""
        outcome, expires_ms = outcome_of(job.checkpoint), earliest_deletion_ms(job)
        is_there = job.status is Status.SUCCEEDED and expires_ms is not None
        return ExportDescription(
            id=job.id,
            status=job.status,
            filename=job.ask["filename"],
            environment=job.ask["environment"],
            filters=filters[job.id],
            **{name: job.ask["query"][name][0] for name in ("sort", "view", "tz")},
            format=job.ask["format"],
            rows=job.processed,
            bytes=outcome.bytes,
            sha256=outcome.sha256,
            progress=job.progress,
            created_at=format_time(job.created_ms),
            finished_at=None if job.finished_ms is None else format_time(job.finished_ms),
            expires_at=format_time(expires_ms) if is_there else None,
            download_url=None,
            manifest_url=None,
            evidence=_evidence_of(job),
            evidence_url=None,
            error=job.error,
        )


def _evidence_of(job: Job) -> Literal["waiting", "ready"] | None:
    if not job.ask.get("evidence") or job.status in (Status.FAILED, Status.CANCELLED):
        return None
    return "ready" if job.status is Status.SUCCEEDED else "waiting"


def _may_see(request: Request, job: Job, settings: TenantSettings) -> bool:
    """A caller sees jobs of its own environments. Only operations see what operations exported: it may hold events that
    nobody else may read.
    """
    caller = request.caller
    is_for_caller = job.ask.get("role") != OPERATIONS or caller.role == OPERATIONS
    environment = environment_of(job, settings)
    return is_for_caller and (environment is None or caller.reaches(environment))
