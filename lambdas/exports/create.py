"""Creates exports: checks the request, settles what its filters mean now, records it, and puts the job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import SECOND, Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import UnknownGroup
from daybook.events.content import Said
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_field
from daybook.http.request import Request
from daybook.jobs.export import Ask
from daybook.jobs.job import EXPORT, Job, TooManyJobs, new_job
from daybook.jobs.store import JobQueue, JobStore, submit
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader
from daybook.search.parameters import Parameters
from daybook.search.search import Groups
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.self_audit.words import in_words
from daybook.tenant import EnvironmentKey, TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from exports.form import read_export
from exports.lanes import MAX_ACTIVE, lane_for
from exports.question import seal_question
from exports.resolution import ResolvedExport, Resolver

_RETRY_SECONDS = "60"


class TenantPeople(Protocol):
    """What reads one tenant's people, and records in its log."""

    @property
    def identities(self) -> IdentityReader: ...
    @property
    def person_keys(self) -> PersonKeys: ...
    @property
    def recorder(self) -> Recorder: ...


@dataclass(frozen=True)
class ExportCreation:
    control: SettingsReader
    catalogues: Catalogues
    jobs: JobStore
    queue: JobQueue
    stores_of: Callable[[TenantCode], TenantPeople]
    groups: Groups
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def create(self, request: Request) -> Job:
        """The job, recorded and queued. Raises `Problem` 4xx, 429 `too_many_exports` among them."""
        settings = self.control.settings(request.tenant)
        form = read_export(request, settings)
        environment = environment_of(request, settings, form.parameters.environment)
        active = self.jobs.active(settings.code, EXPORT)
        if len(active) >= MAX_ACTIVE:
            raise _too_many()
        now_ms = self.clock()
        groups = self._group_versions(settings.environment_key(environment), form.parameters)
        stores = self.stores_of(settings.code)
        resolver = Resolver(stores.identities, stores.person_keys, self.catalogues, self.keys)
        resolved = resolver.resolve(settings, environment, form)
        ask = Ask(
            environment=environment,
            query=resolved.readable_query(now_ms) | {name: [value] for name, value in form.options.items()},
            format=form.format,
            mark=form.mark,
            complete=form.complete,
            evidence=form.evidence,
            evidence_since=form.evidence_since,
            filename=_filename(now_ms, form.parameters.zone, form.format),
            asked_ms=now_ms,
            edge_ms=settings.retention_edge(now_ms),
            record="",
            credential=stores.recorder.credential(settings, environment, request),
            role=request.caller.role,
            filters=resolved.filters_without_names(),
            groups=groups,
            profile=settings.profile,
            catalogue_version=settings.catalogue_version,
            tenant_name=settings.name,
        )
        ask.record = _record(stores.recorder, request, settings, ask, resolved)
        return self._put_job(settings.code, ask, resolved, active)

    def _group_versions(self, environment: EnvironmentKey, parameters: Parameters) -> dict[str, int]:
        """An export means the members that a group has now, whoever is added while it waits."""
        versions = {}
        for name in parameters.filters.groups:
            try:
                versions[name] = self.groups.group(environment, name).version
            except UnknownGroup:
                raise bad_field("filters.group", "there is no such group", "unknown_group") from None
        return versions

    def _put_job(self, tenant: TenantCode, ask: Ask, resolved: ResolvedExport, active: Sequence[Job]) -> Job:
        job = new_job(
            tenant=tenant,
            kind=EXPORT,
            ask=msgspec.to_builtins(ask),
            now_ms=ask.asked_ms,
            random_bytes=self.random_bytes,
            lane=lane_for(active, self.random_bytes(1)[0], complete=ask.complete, evidence=ask.evidence),
        )
        question = resolved.sealed_question()
        if question.query:
            job = replace(job, sealed=seal_question(self.keys, job, question))
        try:
            submit(job, self.jobs, self.queue, max_active=MAX_ACTIVE)
        except TooManyJobs:
            raise _too_many() from None
        return job


def _filename(moment_ms: int, zone: ZoneInfo, file_format: str) -> str:
    """`AuditLogs_20261122_163107.csv`."""
    moment = datetime.fromtimestamp(moment_ms // SECOND, UTC).astimezone(zone)
    return f"AuditLogs_{moment:%Y%m%d_%H%M%S}.{file_format}"


def _record(recorder: Recorder, request: Request, settings: TenantSettings, ask: Ask, resolved: ResolvedExport) -> str:
    """The id of the event that records the request."""
    filters = resolved.record.filters(resolved.form.filters)
    parameters: dict[str, Any] = {"filename": ask.filename, "filters": filters}
    if ask.evidence:
        parameters["evidence"] = True
    wording = ["Export ", Said(ask.filename), " of the audit log requested: ", *in_words(filters)]
    action = AuditAction("exported", parameters, people=resolved.record.people, wording=wording)
    return recorder.record(settings, ask.environment, request, action)


def _too_many() -> Problem:
    detail = f"The tenant has {MAX_ACTIVE} exports waiting or running. Try again when one of them is done."
    return Problem(429, "too_many_exports", detail, headers={"Retry-After": _RETRY_SECONDS})
