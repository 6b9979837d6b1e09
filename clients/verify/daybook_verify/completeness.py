"""Whether the file holds every event of its span that the log has."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from daybook_verify import entries
from daybook_verify.arrivals import Arrivals
from daybook_verify.disclosures import RetentionChange
from daybook_verify.entries import Entry
from daybook_verify.log_copy import LogCopy
from daybook_verify.manifest import Manifest
from daybook_verify.report import MAX_LISTED, Report

Why = Literal["beside the span", "expired", "missing", "missing, of a false arrival"]


class Excuses:
    """Why an entry of the log has no row in the file."""

    def __init__(self, asked: Manifest, changes: Sequence[RetentionChange], arrivals: Arrivals) -> None:
        self.asked = asked
        self.change = max(changes, key=lambda each: each.gone_before_ms, default=None)
        self._arrivals = arrivals

    def of(self, index: int, entry: Entry) -> Why:
        if not self.asked.covers(entry.occurred_ms):
            return "beside the span"
        late = entry.received_ms > self.asked.received_until_ms
        if late and self._arrivals.could_be(index, entry.received_ms):
            return "beside the span"
        if self.change is not None and entry.occurred_ms < self.change.gone_before_ms:
            return "expired"
        return "missing, of a false arrival" if late else "missing"


def look_for_missing(log: LogCopy, excuses: Excuses, report: Report, *, begins_well: bool) -> None:
    """`begins_well`: whether the entries are known to begin before the span."""
    if excuses.asked.filtered:
        report.note("the export was filtered, so nothing is said of its completeness")
        return
    expired, missing, unknown = _counted(log, excuses, report)
    if expired and (change := excuses.change) is not None:
        report.note(
            f"{expired} events of the span have no row: they were older than {change.days} days when the retention was"
            f" changed at {change.at}, in entry {change.index}. That they are gone for this reason is the log's word"
        )
    if missing:
        report.complete = False
        report.bad(f"{missing} events of the span have no row, and nothing explains it")
    elif unknown:
        report.unknown(f"{unknown} entries are of a kind that this program does not know: take a newer one")
    elif not begins_well:
        report.unknown(
            f"whether events are missing: that the first {log.start} entries lie before the span is the log's word"
            " alone. Give a checkpoint that you kept before the span, or a cosigner that you trust"
        )
    else:
        report.complete = True
        but = f", but for the {expired} that a retention explains" if expired else ""
        report.ok(f"complete: every event in the log that {excuses.asked.span} has its row{but}")


def _counted(log: LogCopy, excuses: Excuses, report: Report) -> tuple[int, int, int]:
    """How many entries without a row are expired, missing, and of an unknown kind."""
    counts, unknown = Counter[Why](), 0
    for index, data in log.unaccounted():
        entry = entries.parse(data)
        if entry is None:
            unknown += 1
            continue
        why = excuses.of(index, entry)
        counts[why] += 1
        if why in _MISSING and sum(counts[each] for each in _MISSING) <= MAX_LISTED:
            report.bad(f"MISSING: entry {index}, event {entry.id}, has no row{_MISSING[why]}")
    return counts["expired"], sum(counts[each] for each in _MISSING), unknown


_MISSING: dict[Why, str] = {
    "missing": "",
    "missing, of a false arrival": ", and it was in the log before it says that it was received",
}
