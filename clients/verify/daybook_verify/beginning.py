"""Where the entries of an evidence begin. Whoever leaves out the log's beginning could leave out events with it.

An event may be stamped five minutes ahead of its arrival. So every event that occurred from a moment on arrived later
than five minutes before it, and a checkpoint that existed by then covers none of them. That it existed by then, the
auditor knows from having kept it, or from a cosigner. The log's own word is not enough.
"""

from collections.abc import Mapping, Sequence

from daybook_verify import checkpoints
from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.errors import NotGenuine
from daybook_verify.evidence import Header
from daybook_verify.kept import Kept, roots
from daybook_verify.report import Report

AHEAD_MS = 5 * 60 * 1_000
"""How far ahead of its arrival an event may be stamped."""


class Beginning:
    """NotGenuine where the evidence contradicts itself or what the auditor kept."""

    def __init__(self, header: Header, trust: Trust, kept: Sequence[Kept], from_ms: int) -> None:
        """`kept`: what the auditor kept of this log. `from_ms`: where the exported span begins."""
        self._size, self._by_ms = header.edge.size, from_ms - AHEAD_MS
        if (header.since is None) != (self._size == 0):
            raise NotGenuine("the entries begin within the log, and no checkpoint says where, or the other way round")
        self._since = None if header.since is None else _since(header, header.since, trust)
        self._cosigners = trust.cosigners
        self._kept = [each for each in kept if each.checkpoint.size >= self._size]
        self.heads: Mapping[int, bytes] = roots(self._kept)
        """Roots that the log must have had, by size."""

    def kept_in(self, met: set[int]) -> list[Kept]:
        """What the auditor kept of the trees whose roots the entries gave."""
        return [each for each in self._kept if each.checkpoint.size in met]

    def is_trusted(self, met: set[int]) -> bool:
        """Whether every event of the span is among the entries, if it is in the log.

        `met`: sizes of kept checkpoints whose root the entries gave.
        """
        return self._size == 0 or self._was_kept(met) or self._was_cosigned()

    def report(self, met: set[int], report: Report) -> None:
        if met:
            report.ok(f"{len(met)} checkpoints that you kept are of the same log")
        if self._size == 0:
            report.ok("the entries begin where the log begins")
        elif self._was_kept(met):
            report.ok("what lies before the entries was in the log before the span, by a checkpoint that you kept")
        elif self._was_cosigned():
            report.ok("what lies before the entries was in the log before the span, by a trusted cosigner")

    def _was_kept(self, met: set[int]) -> bool:
        return any(each.seen_ms <= self._by_ms for each in self.kept_in(met))

    def _was_cosigned(self) -> bool:
        at = None if self._since is None else self._since.cosigned_at(self._cosigners)
        return at is not None and at * 1_000 <= self._by_ms


def _since(header: Header, note: str, trust: Trust) -> Signed:
    signed, edge = checkpoints.opened(note, trust), header.edge
    if signed.checkpoint.origin != checkpoints.opened(header.checkpoint, trust).checkpoint.origin:
        raise NotGenuine("the entries begin at a checkpoint of another log")
    if (signed.checkpoint.size, signed.checkpoint.root) != (edge.size, edge.root):
        raise NotGenuine("the edge is not that of the checkpoint at which the entries begin")
    return signed
