"""An export as everybody sees it: what was asked for, where its files lie in the bucket, and how long they are kept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from daybook.clock import DAY
from daybook.jobs.job import Job
from daybook.tenant import TenantCode

CSV, NDJSON = "csv", "ndjson"
MEDIA_TYPES = {CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson"}

KEPT_DAYS = 7
"""The bucket's lifecycle deletes files after so many days. It runs once a day, so up to a day later."""


class Ask(Struct, forbid_unknown_fields=True):
    """What was asked for, but for the filters that may name people: these lie sealed beside it, in `Job.sealed`."""

    environment: str
    query: dict[str, list[str]]
    """Query parameters of the same search, without those that are sealed."""
    format: str
    filename: str
    asked_ms: int
    """Events that were received until then are exported."""
    edge_ms: int
    """The retention's edge at that moment."""
    record: str
    """The id of the event that records the request. It is not exported: it came after the request."""
    credential: str
    role: str
    filters: list[str]
    """For the manifest: people as GUIDs, of free text only the filter's name, of other targets than people the type."""
    groups: dict[str, int]
    """The groups asked for, and their versions at that moment."""
    profile: str
    catalogue_version: int
    tenant_name: str
    """As views show it. A change of the name while the export runs would show in the middle of the file."""
    mark: bool = False
    """Whether the file begins with the UTF-8 mark."""
    complete: bool = False
    """Whether it holds every event that was received until `asked_ms`, those too that were not stored yet."""
    evidence: bool = False
    evidence_since: int | None = None
    """The size of a checkpoint that the evidence should begin at."""


class Places(NamedTuple):
    """The keys of an export's objects in the bucket."""

    tenant: TenantCode
    job_id: str
    filename: str

    @property
    def file(self) -> str:
        return f"files/{self.tenant}/{self.job_id}/{self.filename}"

    @property
    def manifest(self) -> str:
        return f"{self.file}.manifest.json"

    @property
    def evidence(self) -> str:
        return f"{self.file}.evidence.ndjson"

    def part(self, name: str) -> str:
        """Needed only while the job runs. The lifecycle deletes after 14 days what a killed worker leaves."""
        return f"runs/{self.tenant}/{self.job_id}/{name}"


def places_of(job: Job) -> Places:
    return Places(job.tenant, job.id, job.ask["filename"])


class NoSuchUpload(LookupError):  # noqa: N818  a fact, not a failure
    """The upload was completed or aborted already."""


class Outcome(Struct):
    """What the last checkpoint of an export says about its file."""

    rows: int = 0
    bytes: int = 0
    sha256: str | None = None


def outcome_of(checkpoint: Mapping[str, Any] | None) -> Outcome:
    return msgspec.convert(checkpoint or {}, Outcome)


def earliest_deletion_ms(job: Job) -> int | None:
    """From when on the file may be gone: S3 counts the days from the beginning of the upload."""
    if job.withdrawn_ms is not None:
        return job.withdrawn_ms
    return None if job.finished_ms is None else job.created_ms + KEPT_DAYS * DAY


def latest_deletion_ms(job: Job) -> int | None:
    """By when the file is gone: its upload began before the job was done, and the lifecycle runs once a day."""
    if job.withdrawn_ms is not None:
        return job.withdrawn_ms
    return None if job.finished_ms is None else job.finished_ms + (KEPT_DAYS + 1) * DAY
