"""One username in one attempt to bind: who held it as far as was read, and the holders that the attempt adds."""

from collections.abc import Sequence

from daybook.clock import DAY
from daybook.people.identities import MAX_HAD_ROWS, MAX_HOLDERS, Row
from daybook.people.timeline import Holding, Timeline
from daybook.people.tombstones import holdings_of


class Name:
    """`first` is the row `name#`, `stone` the tombstone; `had` are the rows `had#`, if they were read.

    They must have been read if there is a row `more#` or a tombstone, or for an event from before the first holder's.
    """

    def __init__(self, *, first: Row | None, has_more: bool, stone: Row, had: Sequence[Row] = ()) -> None:
        self.first = first
        self.has_more = has_more
        held = [Holding(int(row["from"]), row["guid"]) for row in had if "guid" in row]
        # A writer that was cut off leaves the first holder's row without its row `had#`.
        held += [] if first is None else [Holding(int(first["from"]), first["guid"])]
        self._gone = holdings_of(stone)
        self.timeline = Timeline(held, self._gone)
        self._written = {guid: sorted(froms) for guid, froms in self.timeline.living.items()}
        self._is_full = any("guid" not in row for row in had)
        self._takes_earlier = len(had) < MAX_HAD_ROWS
        self.added: dict[str, int] = {}
        """New holders, and earlier moments of known ones."""
        self.has_too_many = False
        """Whether a holder was left out."""
        self.taken_by: str | None = None
        """The new holder who becomes the first one."""

    @property
    def is_adrift(self) -> bool:
        """Whether forgetting deleted the rows that lead to the holders, while one of them was being written."""
        return bool(self._written) and self.first is None and not self.has_more

    def is_written(self, guid: str) -> bool:
        return guid in self._written

    def show(self, guid: str, moment_ms: int, *, is_bare: bool) -> bool:
        """An event of that moment shows the person under the name. Returns whether that is to be written down.

        `is_bare`: the person is new and known by the name alone, and has to be found by it.
        """
        written = self._written.get(guid)
        if guid in self.added:
            if moment_ms >= self.added[guid]:
                return False
            self.timeline.living[guid].remove(self.added[guid])
        elif written is None:
            if not is_bare and (self._is_full or len(self.timeline.living) >= MAX_HOLDERS):
                self.has_too_many = True
                return False
            if self._may_be_first(moment_ms, is_bare=is_bare):
                self.taken_by = guid
        elif not self._takes_earlier or not _is_worth_a_row(written, moment_ms):
            return False
        self.added[guid] = moment_ms
        self.timeline.add(guid, moment_ms)
        return True

    def _may_be_first(self, moment_ms: int, *, is_bare: bool) -> bool:
        """The row `name#` also keeps two requests from making two people for one bare name. So it must stay free for
        whoever comes after a forgotten holder: no one from before the forgetting takes it.
        """
        if self.first is not None or self.taken_by is not None:
            return False
        latest = max((each.forgotten_ms or 0 for each in self._gone), default=0)
        return is_bare or (not self.has_more and latest <= moment_ms)


def _is_worth_a_row(written: Sequence[int], moment_ms: int) -> bool:
    """An event from before all that is known of the holder, at most one a day."""
    if moment_ms >= written[0]:
        return False
    return len(written) == 1 or written[0] // DAY != moment_ms // DAY
