"""What an import counts. Nothing is left out silently: each loss has a count under the field's own name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MAX_NAMES = 10_000
"""How many names one count keeps apart, so that records with names at random can't fill the memory."""

MAX_LENGTH = 2_000
"""Characters of a name; of a longer one the beginning stays."""

OTHERS = "(others)"


@dataclass(frozen=True)
class Progress:
    """How far an import is. `bytes_total` is 0 where it is not known; both are of the files, packed as they are."""

    records: int
    stored: int
    rejected: int
    bytes_read: int
    bytes_total: int


@dataclass
class Report:
    """The counts of one import or dry run. Fields of records are named by their path, without places in lists."""

    records: int = 0
    """What was read, broken lines included. It is the sum of the next five."""
    stored: int = 0
    """Events that Daybook has, those of an earlier import included."""
    mapped: int = 0
    """Events of a dry run, which sends none, or that were not answered when an import stopped."""
    passed_over: int = 0
    """Records at the beginning that `Options.skip` left out."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Records that are no events, by the mapping's reason."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Records that came to nothing, by code. Each stands in the file of rejects."""

    repeats: int = 0
    """Records without an id of their own that equal an earlier one of their file. Each is an event of its own."""
    renamed_activities: Counter[str] = field(default_factory=Counter)
    """Activities that got `imported.` before or `.imported` behind them, since Daybook gives the name a meaning."""
    params: Counter[str] = field(default_factory=Counter)
    """Values that went to `params`, as `path → name`."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Values that the mapping says are not worth keeping."""
    unplaced: Counter[str] = field(default_factory=Counter)
    """Values for which `params` had no room."""
    cut: Counter[str] = field(default_factory=Counter)
    """Texts and lists of events that were shortened to the limits, by the event's field."""
    encodings: Counter[str] = field(default_factory=Counter)
    """Files by encoding."""
    windows_1252_lines: int = 0
    """Lines with bytes that are no UTF-8, which were read as Windows-1252."""
    newest_first: bool = False
    """Whether the first file begins with later times than it ends with."""
    rejects: str | None = None
    """The file of rejects, if there are any."""
    confirmed: int = 0
    """Records from the beginning on that are settled: `Options.skip` of an import that goes on after this one."""

    @property
    def rejections(self) -> int:
        return sum(self.rejected.values())


def count(counter: Counter[str], name: str, times: int = 1) -> None:
    """Adds to a name's count; a new name beyond 10,000 counts with the others."""
    if len(name) > MAX_LENGTH:
        name = f"{name[:MAX_LENGTH]}…"
    if name not in counter and len(counter) >= MAX_NAMES:
        name = OTHERS
    counter[name] += times
