"""A progress bar on a terminal's error stream; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daybook_client.cli.session import Session

Show = Callable[[float, str, str], None]
"""Takes what is done of the total, what is going on, and a text behind the bar."""


@contextmanager
def showing(session: Session, what: str, total: float) -> Iterator[Show]:
    """The bar goes away at the end, so that the output alone stays."""
    if not session.around.stderr.isatty():
        yield lambda _done, _what, _behind: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[behind]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=session.notes, transient=True) as progress:
        task = progress.add_task(what, total=total or None, behind="")
        yield lambda done, now, behind: progress.update(task, completed=done, description=now, behind=behind)
