"""What an export is to both who asks for it and who writes it: the ask, its places in the bucket, how far it is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.jobs.job import Job
from daybook.people.lookup import Named, ResolvedQuery
from daybook.search.parameters import Parameters, parsed
from daybook.tenant import Tenant

CSV, NDJSON = "csv", "ndjson"
MEDIA_TYPES = {CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson"}

KEPT_DAYS = 7
"""The bucket's lifecycle deletes a file then; at latest a day later, it runs once a day."""

LANES = 2
"""Exports of one tenant that run at a time."""

MAX_ACTIVE = LANES + 10

_KEY_BYTES = 64


class Ask(Struct, forbid_unknown_fields=True):
    """What was asked for, but for what may name people, which lies sealed beside it."""

    environment: str
    query: dict[str, list[str]]
    """The read's parameters, without those that may name people: labels are among them where they are some."""
    format: str
    filename: str
    asked_ms: int
    """What had been received by then is exported."""
    edge_ms: int
    """The retention's edge then."""
    record: str
    """The event that records the asking; it came after what was asked for."""
    credential: str
    role: str
    filters: list[str]
    """As the manifest gives them: people as GUIDs, free text only as present, other targets than people by type."""
    groups: dict[str, int]
    """The versions of the groups that were asked for."""
    profile: str
    catalogue_version: int


class Sealed(Struct):
    query: dict[str, list[str]]
    named: list[Named]


class Question(NamedTuple):
    """An ask, opened."""

    parameters: Parameters
    named: dict[str, Named]

    def resolved(self, members: frozenset[str] | None, *, by_address: bool) -> ResolvedQuery:
        return ResolvedQuery(self.named, members, by_address)


MAY_NAME = frozenset({"actor", "target", "q", "ip", "session_id", "request_id", "caused_by"})


def seal_question(keys: DeploymentKeys, job: Job, environment: str, sealed: Sealed) -> str:
    """Opened by a worker alone, as long as the job is active: see `Job.sealed`."""
    return seal([msgspec.to_builtins(sealed)], _key(keys), Place(job.tenant, environment, job.id, ""))


def open_question(keys: DeploymentKeys, job: Job, ask: Ask) -> Question:
    fields: list[Any] = [{}]
    if job.sealed is not None:
        fields = open_sealed(job.sealed, _key(keys), Place(job.tenant, ask.environment, job.id, ""))
    opened = msgspec.convert(fields[0], _Opened)
    named = [
        Named(each["text"], frozenset(each["guids"]), frozenset(each["aliases"]), each["is_known"], each["by_address"])
        for each in opened.named
    ]
    return Question(parsed({**ask.query, **opened.query}), {one.text: one for one in named})


def whom(named: Named) -> str:
    """Whom a name means, without the name."""
    return "|".join(sorted(named.guids | named.aliases)) or "?"


class _Opened(Struct):
    query: dict[str, list[str]] = {}
    named: list[dict[str, Any]] = []


def _key(keys: DeploymentKeys) -> bytes:
    return hkdf(keys.jobs, b"daybook 1 export", _KEY_BYTES)


def filename(moment_ms: int, zone: ZoneInfo, file_format: str) -> str:
    """`AuditLogs_20261122_163107.csv`."""
    moment = datetime.fromtimestamp(moment_ms // SECOND, UTC).astimezone(zone)
    return f"AuditLogs_{moment:%Y%m%d_%H%M%S}.{file_format}"


class Places(NamedTuple):
    """Where an export's things lie in the bucket."""

    tenant: Tenant
    job_id: str
    filename: str

    @property
    def file(self) -> str:
        return f"files/{self.tenant}/{self.job_id}/{self.filename}"

    @property
    def manifest(self) -> str:
        return f"{self.file}.manifest.json"

    def part(self, name: str) -> str:
        """What is needed while the job runs; the lifecycle deletes after 14 what a killed worker leaves."""
        return f"runs/{self.tenant}/{self.job_id}/{name}"


def places_of(job: Job) -> Places:
    return Places(job.tenant, job.id, job.ask["filename"])


class NoSuchUpload(LookupError):  # noqa: N818  a fact, not a failure
    """The upload is complete already, or was broken off."""


class Outcome(Struct):
    """What the last checkpoint of an export says of its file."""

    rows: int = 0
    bytes: int = 0
    sha256: str | None = None


def outcome_of(checkpoint: Mapping[str, Any] | None) -> Outcome:
    return msgspec.convert(checkpoint or {}, Outcome)


def gone_ms(job: Job) -> int | None:
    """From when on the file may be gone: S3 counts from when the upload was begun."""
    if job.withdrawn_ms is not None:
        return job.withdrawn_ms
    return None if job.finished_ms is None else job.created_ms + KEPT_DAYS * DAY


def deleted_ms(job: Job) -> int | None:
    """By when the file is gone: the upload was begun before the job was done, and the lifecycle runs once a day."""
    if job.withdrawn_ms is not None:
        return job.withdrawn_ms
    return None if job.finished_ms is None else job.finished_ms + (KEPT_DAYS + 1) * DAY


def lane_for(active: Sequence[Job], chance: int) -> int:
    """A lane in which fewest wait, by chance: of several who ask at once none sees the others."""
    waiting = [sum(job.lane == lane for job in active) for lane in range(LANES)]
    fewest = [lane for lane in range(LANES) if waiting[lane] == min(waiting)]
    return fewest[chance % len(fewest)]
