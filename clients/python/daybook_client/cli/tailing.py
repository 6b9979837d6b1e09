"""`daybook tail`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.columns import DEFAULT, cells, short
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

if TYPE_CHECKING:
    from daybook_client.feed import Entry, Position


def register(app: typer.Typer) -> None:
    @command(
        app,
        "tail",
        "daybook tail -f",
        "daybook tail -f --status failure --not component='Audit Log'",
        "daybook tail -n 100 | jq .event.activity",
        "daybook tail -f --after d2x7:10412 >> events.ndjson",
        filters=True,
    )
    def tail(
        session: Session,
        filters: dict[str, Any],
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until Ctrl-C.")] = False,
        number: Annotated[
            int, typer.Option("--number", "-n", min=0, metavar="N", help="Begin so many entries before the end.")
        ] = 10,
        after: Annotated[
            str, typer.Option(metavar="LOG:INDEX", help="Go on behind this position; 0 is the log's beginning.")
        ] = "",
        poll: Annotated[float, typer.Option(min=1.0, metavar="SECONDS", help="How often to ask.")] = 5.0,
    ) -> int:
        """Show the newest events of the log, oldest first, and follow it.

        The log has events in the order in which they were appended to it, some seconds after they were stored. Filters
        choose among the entries. In a pipe, each line has the event and the `position` to go on behind it. What no
        longer has an event says why: gone, or missing.
        """
        if "sort" in filters:
            raise UsageProblem("A log has one order, so tail takes no --sort.")
        reading = session.reading
        begin = _begin(session, filters, after, number)
        position = begin  # never ahead of what was shown: an event may come twice, none is left out
        try:
            for entry in reading.feed(begin, wait=follow, poll_seconds=poll, **filters):
                _show(session, entry)
                position = entry.position
        except KeyboardInterrupt:
            if position is not None:
                session.say(f"Go on with: daybook tail -f --after {position}")
            return codes.INTERRUPTED
        return codes.DONE


def _begin(session: Session, filters: dict[str, Any], after: str, number: int) -> Position | None:
    """Where to begin; None is the beginning."""
    from daybook_client.feed import Position

    if after == "0":
        return None
    if after:
        return Position.of(after)
    environment = {name: value for name, value in filters.items() if name == "environment"}
    end = session.reading.feed_end(**environment)
    return None if end is None else Position(end.log, max(end.after - number, 0))


def _show(session: Session, entry: Entry) -> None:
    event = entry.event
    if not session.for_people:
        why = {name: value for name, value in (("gone", entry.gone), ("missing", entry.missing)) if value}
        session.json({"position": str(entry.position), **({"event": event} if event is not None else why)})
        session.around.stdout.flush()  # whoever reads the pipe waits for it
    elif event is None:
        session.line(f"{entry.position}  {'missing: ' + entry.missing if entry.missing else entry.gone}")
    else:
        native = "occurred_at" in event
        texts = [short(text) for text in (cells(event, DEFAULT) if native else event.values())]
        session.line("  ".join(text for text in texts if text))
