"""The manifest beside an export: who asked for what, and what the file holds. It names no person."""

from typing import Any

from daybook.clock import format_time
from daybook.jobs.export import Ask
from daybook.jobs.job import Job
from daybook.tenant import Tenant
from exports.question import Question


def manifest(  # noqa: PLR0913  all but three by name
    job: Job, ask: Ask, question: Question, *, tenant: Tenant, edge_ms: int, completed_ms: int, **file: Any
) -> dict[str, Any]:
    """`edge_ms`: the retention's edge when the events were read; `file`: `rows`, `bytes` and `sha256`."""
    span, parameters = question.parameters.span, question.parameters
    return {
        "version": 1,
        "export": job.id,
        "tenant": tenant,
        "environment": ask.environment,
        "asked_by": {"credential": ask.credential, "role": ask.role},
        "asked_at": format_time(ask.asked_ms),
        "recorded_as": ask.record,
        "filters": ask.filters,
        "from": format_time(max(span.from_ms or 0, edge_ms)),
        "to": None if span.to_ms is None else format_time(span.to_ms),
        "received_until": format_time(ask.asked_ms),
        "complete": ask.complete,
        "sort": ask.query["sort"][0],
        "view": parameters.view,
        "tz": parameters.zone.key,
        "format": ask.format,
        "mark": ask.mark,
        "filename": ask.filename,
        **file,
        "profile": ask.profile,
        "catalogue_version": ask.catalogue_version,
        "completed_at": format_time(completed_ms),
    }
