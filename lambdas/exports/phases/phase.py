"""What all phases of an export have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from daybook.jobs.job import Step
from exports.checkpoint import progress
from exports.context import ExportContext


class Phase(ABC):
    """One step of an export. Its checkpoint says which phase the next step belongs to."""

    def __init__(self, export: ExportContext, remaining_seconds: Callable[[], float]) -> None:
        self.export = export
        self.services = export.services
        self.checkpoint = export.checkpoint
        self.remaining_seconds = remaining_seconds

    @abstractmethod
    def run(self) -> Step:
        """Does one step. Raises `Throttled`, `JobFailed`."""

    def reached(self, *, hand_over: bool = False, wait_seconds: int = 0) -> Step:
        """The step's result: the checkpoint as the phase has changed it."""
        share = progress(self.export.job, self.checkpoint)
        return Step(
            msgspec.to_builtins(self.checkpoint),
            self.checkpoint.rows,
            share,
            hand_over=hand_over,
            wait_seconds=wait_seconds,
        )
