"""The manifest beside an export: who asked for what, and what the file holds. It names no person."""

from typing import Any

import msgspec

from daybook.clock import format_time
from exports.context import ExportContext


def put_manifest(export: ExportContext, completed_ms: int, log: str | None = None) -> bytes:
    """Gives what it puts. The same call puts the same bytes. `log`: the origin of the log that the evidence is of."""
    encoded = msgspec.json.format(msgspec.json.encode(_manifest(export, completed_ms, log)))
    name = f"{export.ask.filename}.manifest.json"
    export.services.files.put(export.places.manifest, encoded, "application/json", name)
    return encoded


def _manifest(export: ExportContext, completed_ms: int, log: str | None) -> dict[str, Any]:
    ask, parameters, file = export.ask, export.question.parameters, export.checkpoint
    to_ms = parameters.span.to_ms
    return {
        "version": 1,
        "export": export.job.id,
        "tenant": export.settings.tenant,
        "tenant_name": ask.tenant_name,
        "tenant_profile": ask.profile,
        "environment": ask.environment,
        "asked_by": {"credential": ask.credential, "role": ask.role},
        "asked_at": format_time(ask.asked_ms),
        "recorded_as": ask.record,
        "filters": ask.filters,
        "from": format_time(export.from_ms),
        "to": None if to_ms is None else format_time(to_ms),
        "received_until": format_time(ask.asked_ms),
        "complete": ask.complete,
        "evidence": ask.evidence,
        "log": log,
        "sort": ask.query["sort"][0],
        "view": parameters.view,
        "tz": parameters.zone.key,
        "format": ask.format,
        "mark": ask.mark,
        "filename": ask.filename,
        "rows": file.rows,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "profile": ask.profile,
        "catalogue_version": ask.catalogue_version,
        "completed_at": format_time(completed_ms),
    }
