"""An export in another order than that of time: its runs, put beside the file, merged into longer ones, and into it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from daybook.jobs.export import Places
from exports.checkpoint import Reached
from exports.multipart import BINARY, Content, Files, Grown, Growth, complete
from exports.sorted_runs import Line, Run, merged, order, packed

Grow = Callable[[Growth, Grown, Iterable[Content]], Grown]


@dataclass(frozen=True)
class Sorting:
    """`batch`: lines that are given on at once."""

    files: Files
    places: Places
    descending: bool
    batch: int

    def put(self, reached: Reached, lines: list[Line]) -> None:
        """One more run, of lines in any order."""
        lines.sort(key=order(descending=self.descending), reverse=self.descending)
        run = packed(lines)
        self.files.put(run_growth(self.places, reached.made).place, run, BINARY)
        reached.runs.append(Run(reached.made, len(run)))
        reached.made += 1

    def lengthen(self, reached: Reached, level: Sequence[Run], grow: Grow) -> None:
        """The runs of a level, the last ones there are, become one of the next level, in as many steps as it takes."""
        growth = run_growth(self.places, reached.made)
        if not reached.longer.ended:
            reached.longer = grow(growth, reached.longer, self._merged(level, lambda line: packed([line])))
            return
        complete(self.files, growth, reached.longer)
        reached.runs[-len(level) :] = [Run(reached.made, reached.longer.bytes, level[0].level + 1)]
        reached.made += 1
        reached.longer = Grown()

    def lines(self, runs: Sequence[Run], head: bytes) -> Iterator[Content]:
        """What is left of all runs, as the file holds it, behind `head`."""
        return self._merged(runs, lambda line: line.line, head)

    def _merged(self, runs: Sequence[Run], shape: Callable[[Line], bytes], head: bytes = b"") -> Iterator[Content]:
        """Each of the runs stands where what was given ends."""
        content = [head]
        for number, each in enumerate(merged(self._read, runs, descending=self.descending), 1):
            content.append(shape(each.line))
            each.run.at = each.end
            if number % self.batch == 0:
                yield b"".join(content), False
                content.clear()
        yield b"".join(content), True

    def _read(self, run: int, start: int, length: int) -> bytes:
        return self.files.read(run_growth(self.places, run).place, start, length)


def run_growth(places: Places, number: int) -> Growth:
    return Growth(places.part(f"run-{number}"), places.part(f"run-{number}-piece-"))
