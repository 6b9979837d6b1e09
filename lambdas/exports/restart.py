"""When an export begins anew: what it has written so far may no longer be in the file."""

from daybook.clock import SECOND
from daybook.jobs.job import JobFailed
from daybook.observability import EXPORTS_RESTARTED
from exports.checkpoint import Checkpoint
from exports.cleanup import abort_uploads
from exports.context import ExportContext

MAX_RESTARTS = 5
"""For people who were forgotten. Somebody may forget thousands of them in a row."""

TOO_MANY = (
    "People were forgotten too often while this export was sorted. Request it again later, or in the order of time."
)

_FIRST_WAIT_MS = 15 * SECOND
_HIDES_EVENTS = ("write", "gather", "merge")


def restarted(export: ExportContext) -> Checkpoint | None:
    """The checkpoint of an export that begins anew; None where it goes on.

    Raises `JobFailed` where it began anew too often. May be called again from the same checkpoint.
    """
    checkpoint = export.checkpoint
    if checkpoint.phase == "begin":
        return None
    names_somebody = _names_somebody_forgotten(export)
    if not (names_somebody or _holds_hidden_events(export)):
        return None
    abort_uploads(export)
    restarts = checkpoint.restarts + names_somebody
    if restarts > MAX_RESTARTS:
        raise JobFailed(TOO_MANY)
    export.services.files.delete([export.places.file])
    export.services.count(EXPORTS_RESTARTED, 1)
    return Checkpoint(
        # One number more: a step that was not saved may have begun the run of that number.
        runs_made=checkpoint.runs_made + 1,
        restarts=restarts,
        waits_until_ms=export.services.clock() + _wait_ms(restarts) if names_somebody else 0,
    )


def _holds_hidden_events(export: ExportContext) -> bool:
    """The retention was shortened since the events were read: it hides some of them now."""
    return export.checkpoint.phase in _HIDES_EVENTS and export.edge_ms > export.checkpoint.edge_ms


def _names_somebody_forgotten(export: ExportContext) -> bool:
    """Somebody was forgotten since the events began to be read. A sorted export may not hold the name then.

    An export in the order of time goes on: only its later rows show the GUID.
    """
    return not export.question.parameters.order.by_time and export.forgotten > export.checkpoint.forgotten


def _wait_ms(restarts: int) -> int:
    """Nothing at first, then 15 seconds, and twice as long each time."""
    return 0 if restarts < 2 else _FIRST_WAIT_MS * 2 ** (restarts - 2)
