"""Exports asked for: all that can be refused is refused here, and what the names mean is settled here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from daybook.catalogue.aliases import USER
from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import Clock, format_time
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import FieldError, UnknownGroup
from daybook.http import forms
from daybook.http.problem import Problem, bad_field, not_found
from daybook.http.request import Request
from daybook.jobs.export import MAX_ACTIVE, MAY_NAME, Ask, Sealed, filename, lane_for, seal_question, whom
from daybook.jobs.job import EXPORT, Job, JobQueue, JobStore, TooManyJobs, ask_for, new_job
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader, resolve
from daybook.search.parameters import Parameters, check_bounds, parsed, span_at
from daybook.search.search import Groups
from daybook.self_audit.reads import LABELS, Writing, filter_texts
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings

_NOT_HERE = frozenset({"sort", "view", "tz", "limit", "cursor"})
_BUSY_SECONDS = "60"

Values = str | list[str]


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class SentExport(Struct, forbid_unknown_fields=True):
    filters: dict[str, Values] = {}
    sort: str = "-occurred_at"
    format: Literal["csv", "ndjson"] = "csv"
    view: str | None = None
    tz: str = "UTC"


@dataclass(frozen=True)
class ExportCreation:
    control: Control
    catalogues: Catalogues
    jobs: JobStore
    queue: JobQueue
    identities: IdentityReader
    groups: Groups
    person_keys: PersonKeys
    recorder: Recorder
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def ask(self, request: Request) -> Job:
        """The job, queued and recorded. Raises `Problem` 4xx, 429 `too_many_exports` among them."""
        settings = self.control.settings(request.tenant)
        sent = forms.read_form(request, SentExport) if request.body else SentExport()
        view = settings.profile if sent.view is None else sent.view
        query = {name: [values] if isinstance(values, str) else values for name, values in sent.filters.items()}
        parameters = _parameters(query, sort=sent.sort, view=view, tz=sent.tz)
        environment = _environment(request, settings, parameters.environment)
        active = self.jobs.active(settings.tenant, EXPORT)
        if len(active) >= MAX_ACTIVE:
            raise _too_many()
        now_ms = self.clock()
        versions = {name: self._version(settings.tenant, name) for name in parameters.filters.of("group")}
        texts = sorted({*parameters.filters.of("actor"), *(text for _, text in parameters.filters.targets)})
        named = resolve(self.identities, settings.tenant, profile(settings.profile).aliases, texts)
        name = filename(now_ms, parameters.zone, sent.format)
        span = span_at(parameters, now_ms)
        writing = Writing.of(settings.tenant, self.catalogues.of(settings), named, self.person_keys.of)
        may_name = MAY_NAME | {each for each in LABELS if not _are_labels(writing, each, query)}
        clear = {each: values for each, values in query.items() if each not in may_name | {"range"}}
        for bound, moment_ms in (("from", span.from_ms), ("to", span.to_ms)):
            if parameters.range is not None and moment_ms is not None:
                clear[bound] = [format_time(moment_ms)]

        def whom_target(target: str) -> str:
            kind, _, text = target.partition(":")
            return f"{kind}:{whom(named[text])}" if kind == USER or named[text].is_known else kind

        ask = Ask(
            environment=environment,
            query={**clear, "sort": [sent.sort], "view": [view], "tz": [sent.tz]},
            format=sent.format,
            filename=name,
            asked_ms=now_ms,
            edge_ms=settings.retention_edge(now_ms),
            record="",
            credential=request.caller.credential,
            role=request.caller.role,
            filters=filter_texts(query, lambda text: whom(named[text]), whom_target, writing.label),
            groups=versions,
            profile=settings.profile,
            catalogue_version=settings.catalogue_version,
        )
        said = {"filename": name, "filters": writing.filters(query)}
        action = AuditAction("exported", said, people=writing.people)
        ask.record = self.recorder.record(settings, environment, request, action)
        job = new_job(
            tenant=settings.tenant,
            kind=EXPORT,
            ask=msgspec.to_builtins(ask),
            now_ms=now_ms,
            random_bytes=self.random_bytes,
            lane=lane_for(active, self.random_bytes(1)[0]),
        )
        sealed = Sealed({each: values for each, values in query.items() if each in may_name}, list(named.values()))
        job = replace(job, sealed=seal_question(self.keys, job, environment, sealed) if sealed.query else None)
        try:
            ask_for(job, self.jobs, self.queue, max_active=MAX_ACTIVE)
        except TooManyJobs:
            raise _too_many() from None
        return job

    def _version(self, tenant: Tenant, name: str) -> int:
        try:
            return self.groups.group(tenant, name).version
        except UnknownGroup:
            raise bad_field("filters.group", "there is no such group", "unknown_group") from None


def _parameters(query: dict[str, list[str]], **others: str) -> Parameters:
    """The filters by the rules of the read. Raises `Problem` 422: the body can be read, and not accepted."""
    for name, values in query.items():
        if name in _NOT_HERE:
            raise bad_field(f"filters.{name}", "is no filter", "unknown_field")
        if not values:
            raise bad_field(f"filters.{name}", "must hold a value", "invalid_length")
    try:
        parameters = parsed({**query, **{name: [value] for name, value in others.items()}})
        check_bounds(query)
    except Problem as problem:
        paths = [name if name in others else f"filters.{name}" for name, _ in problem.errors]
        code = "unknown_field" if problem.code == "unknown_parameter" else problem.code
        errors = [FieldError(path, message) for path, (_, message) in zip(paths, problem.errors, strict=True)]
        raise Problem(422, code, problem.detail, errors) from None
    return parameters


def _are_labels(writing: Writing, name: str, query: dict[str, list[str]]) -> bool:
    return all(writing.label(name, value) == value for value in query.get(name, ()))


def _environment(request: Request, settings: TenantSettings, named: str | None) -> str:
    if named is not None and named not in settings.environments:
        raise not_found("environment")
    return request.caller.environment_for(named, settings.environments[0])


def _too_many() -> Problem:
    detail = f"{MAX_ACTIVE} exports of the tenant wait and run already, whoever asked; try again when one is done."
    return Problem(429, "too_many_exports", detail, headers={"Retry-After": _BUSY_SECONDS})
