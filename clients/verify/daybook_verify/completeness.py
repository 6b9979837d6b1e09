"""Whether the file holds every event of its span that the log has."""

from collections.abc import Sequence

from daybook_verify import entries
from daybook_verify.errors import NotGenuine
from daybook_verify.evidence import Sealed
from daybook_verify.log_copy import LogCopy
from daybook_verify.manifest import Manifest
from daybook_verify.report import MAX_LISTED, Report
from daybook_verify.rows import content_of
from daybook_verify.strict import milliseconds

_DAY_MS = 86_400_000
_UNLIMITED = "unlimited"


def look_for_missing(
    log: LogCopy, disclosed: Sequence[Sealed], asked: Manifest, report: Report, *, begins_well: bool
) -> None:
    """`begins_well`: whether the entries are known to begin before the span."""
    expired_ms = max((_expired_by(each, asked, log) for each in disclosed), default=asked.from_ms)
    if asked.filtered:
        report.note("the export was filtered, so nothing is said of its completeness")
        return
    missing = unknown = 0
    for index, data in log.unaccounted():
        entry = entries.parse(data)
        if entry is None:
            unknown += 1
        elif not _may_lack_a_row(entry, asked, expired_ms):
            missing += 1
            if missing <= MAX_LISTED:
                report.bad(f"MISSING: entry {index}, event {entry.id}, has no row")
    if missing:
        report.complete = False
        report.bad(f"{missing} events of the span have no row")
    elif unknown:
        report.unknown(f"{unknown} entries are of a kind that this program does not know: take a newer one")
    elif not begins_well:
        report.unknown(
            f"whether events are missing: that the first {log.start} entries lie before the span is the log's word"
            " alone. Give a checkpoint that you kept before the span, or a cosigner that you trust"
        )
    else:
        report.complete = True
        report.ok(f"complete: every event in the log that {asked.span} has its row")


def _may_lack_a_row(entry: entries.Entry, asked: Manifest, expired_ms: int) -> bool:
    occurred = entry.occurred_ms
    if not asked.covers(occurred) or entry.received_ms > asked.received_until_ms or occurred < expired_ms:
        return True
    # Any id could be named as that of the record. So it explains nothing that arrived before the asking.
    return entry.id == asked.recorded_as and entry.received_ms >= asked.asked_ms


def _expired_by(disclosed: Sealed, asked: Manifest, log: LogCopy) -> int:
    """The moment before which events may be gone, according to a change of the retention that is in the log.

    One retention was in force until the change, the other from then on. So by then either allowed its deletions.
    """
    content = content_of(disclosed.canonical)
    log.check(disclosed.index, content, disclosed.canonical)
    if content["activity"] != "audit-log.retention-changed" or "sender" in content or content["tenant"] != asked.tenant:
        raise NotGenuine(f"event {content['id']} is disclosed, and is no change of the retention")
    params = content.get("params", {})
    days = [_days(params.get(name)) for name in ("from_days", "to_days")]
    shortest = min((each for each in days if each is not None), default=None)
    if shortest is None:
        return asked.from_ms
    return milliseconds(content["occurred_at"], "occurred_at") - shortest * _DAY_MS


def _days(value: object) -> int | None:
    """None: for ever."""
    if value == _UNLIMITED:
        return None
    if not isinstance(value, str) or not value.isdecimal() or not value.isascii() or len(value) > 6:
        raise NotGenuine("a disclosed change of the retention names no days")
    return int(value)
