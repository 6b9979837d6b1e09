"""What a command has in hand: its streams, and Daybook once it needs it."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from daybook_client.cli.connection import Asked, Connection, find_connection
from daybook_client.cli.plain import json_line, plain
from daybook_client.cli.surroundings import Surroundings

if TYPE_CHECKING:
    from rich.console import Console

    from daybook_client.reading import Reading
    from daybook_client.transport import Transport


NARROW = ("occurred_at", "status", "key_id", "role", "created", "until", "last_used")
"""Columns whose short values a table does not break."""


class Session:
    def __init__(self, around: Surroundings, asked: Asked, *, json: bool = False) -> None:
        self.around = around
        self.asked = asked
        self.wants_json = json

    @property
    def for_people(self) -> bool:
        """Whether somebody reads the output on a terminal, and did not ask for JSON."""
        return self.around.stdout.isatty() and not self.wants_json

    @cached_property
    def connection(self) -> Connection:
        """Raises UsageProblem where none can be told."""
        return find_connection(self.asked, self.around)

    @cached_property
    def transport(self) -> Transport:
        found = self.connection
        return self.around.connect(found.url, found.key, found.tenant or None)

    @cached_property
    def reading(self) -> Reading:
        from daybook_client.reading import Reading

        return Reading(self.transport, self.connection.environment or None, sleep=self.around.sleep)

    @cached_property
    def console(self) -> Console:
        """Writes tables to the output. Texts are shown as they are: `[red]` in a user name is no colour."""
        from rich.console import Console

        return Console(file=self.around.stdout, markup=False, emoji=False, highlight=False)

    @cached_property
    def notes(self) -> Console:
        """Shows progress, beside the output."""
        from rich.console import Console

        return Console(file=self.around.stderr, markup=False, emoji=False, highlight=False)

    def line(self, text: str) -> None:
        """One line of output, which others' texts can't break."""
        self._write(f"{plain(text)}\n")

    def json(self, value: Any) -> None:
        """One line of JSON."""
        self._write(f"{json_line(value)}\n")

    def say(self, text: str) -> None:
        """One line beside the output: what a reader should know, and a pipe should not carry."""
        with suppress(OSError):  # a command goes on though nobody reads its notes
            self.around.stderr.write(f"{plain(text)}\n")
            self.around.stderr.flush()

    def table(self, columns: list[str], rows: list[list[Any]], *, title: str = "") -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        heading = Text(title) if title else None
        # Two blanks between columns: a terminal of 80 columns has few to spare.
        spare = (0, 1, 0, 0)
        table = Table(box=box.SIMPLE_HEAD, title=heading, title_justify="left", pad_edge=False, padding=spare)
        for column in columns:
            table.add_column(Text(plain(column), style="bold"), overflow="fold", no_wrap=column in NARROW)
        for row in rows:
            table.add_row(*(Text("" if value is None else plain(value)) for value in row))
        self.console.print(table)

    def facts(self, facts: dict[str, Any]) -> None:
        """Names and values: two columns on a terminal, one JSON object in a pipe."""
        if not self.for_people:
            self.json(facts)
            return
        width = max(map(len, facts))
        for name, value in facts.items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            self.line(f"{name:<{width}}  {'' if shown is None else shown}")

    def _write(self, text: str) -> None:
        self.around.stdout.write(text)
        if self.around.stdout.isatty():
            self.around.stdout.flush()
