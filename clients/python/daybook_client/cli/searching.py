"""`daybook search`, `daybook show`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.columns import DEFAULT, NATIVE, cells, short
from daybook_client.cli.options import completing
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

ON_A_TERMINAL = 50
"""How many events a table has unless `--limit` says otherwise. A pipe gets all."""


def register(app: typer.Typer) -> None:
    @command(
        app,
        "search",
        "daybook search --actor mike.mars --range 7d",
        "daybook search --activity 'user.*' --not status=success --limit 200",
        "daybook search --target invoice:1042 --columns occurred_at,activity,actor,params.amount",
        "daybook search --from 2026-11-01 --to 2026-12-01 | jq -r .actor.username | sort | uniq -c",
        "daybook search --view carear --tz Europe/Berlin",
        filters=True,
    )
    def search(
        session: Session,
        filters: dict[str, Any],
        limit: Annotated[
            int,
            typer.Option("--limit", "-n", min=0, metavar="N", show_default=False, help="So many. 50 on a terminal."),
        ] = 0,
        everything: Annotated[
            bool, typer.Option("--all", help="All that match; in a pipe that is the default.")
        ] = False,
        columns: Annotated[
            str,
            typer.Option(
                metavar="NAMES", help="Fields or a view's labels, by comma.", autocompletion=completing(NATIVE)
            ),
        ] = "",
    ) -> int:
        """Find events: a table on a terminal, one JSON object a line in a pipe."""
        count = 0 if everything else limit or (ON_A_TERMINAL if session.for_people else 0)
        chosen = [name.strip() for name in columns.split(",") if name.strip()]
        labels: list[str] = []
        found = _events(session, filters, count, labels)
        if not session.for_people:
            for event in found:
                _check(chosen, labels)
                session.json(dict(zip(chosen, cells(event, chosen))) if chosen else event)
            return codes.DONE
        events = list(islice(found, count) if count else found)
        shown = chosen or labels or DEFAULT
        _check(chosen, labels)
        if not events:
            session.say("No event matches.")
            return codes.DONE
        session.table(shown, [list(map(short, cells(event, shown))) for event in events])
        if count and next(found, None) is not None:
            session.say(f"More events match. Ask for more with --limit {count * 4}, or for all with --all.")
        return codes.DONE

    @command(app, "show", "daybook show 01KAQ2M4S8GXW7V1ZJ5D3N6PRT")
    def show(
        session: Session, event_id: Annotated[str, typer.Argument(metavar="ID", help="Daybook's own id of the event.")]
    ) -> int:
        """Show one event with all its fields."""
        event = session.reading.event(event_id)
        if session.for_people:
            from daybook_client.cli.columns import flattened

            session.facts(flattened(event))
        else:
            session.json(event)
        return codes.DONE


def _check(chosen: list[str], labels: list[str]) -> None:
    """Raises UsageProblem for a column that the view does not have. A native event may have any path."""
    unknown = [name for name in chosen if labels and name not in labels]
    if unknown:
        raise UsageProblem(f"The view has no column {unknown[0]!r}; it has {', '.join(labels)}.")


def _events(session: Session, filters: dict[str, Any], count: int, labels: list[str]) -> Iterator[dict[str, Any]]:
    """One event more than `count` on a terminal, so that it shows whether there are more. Fills in a view's labels."""
    bound = count + 1 if count and session.for_people else count
    for page in session.reading.pages(limit=bound or None, **filters):
        labels[:] = page.get("columns") or []
        yield from page["events"]
