"""`daybook export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.options import completing
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

FORMATS = ("csv", "ndjson")


def register(app: typer.Typer) -> None:
    @command(
        app,
        "export",
        "daybook export -o november.csv --from 2026-11-01 --to 2026-12-01",
        "daybook export -o failures.ndjson --status failure --range 12m --view native",
        "daybook export -o for-excel.csv --mark --tz Europe/Berlin",
        filters=True,
    )
    def export(
        session: Session,
        filters: dict[str, Any],
        output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; it is replaced.")],
        format_: Annotated[
            str,
            typer.Option(
                "--format",
                metavar="FORMAT",
                help="csv or ndjson; by FILE's ending.",
                autocompletion=completing(FORMATS),
            ),
        ] = "",
        mark: Annotated[bool, typer.Option("--mark", help="Begin a CSV with a mark, for spreadsheets.")] = False,
        evidence: Annotated[
            bool, typer.Option("--evidence", help="Fetch what proves it too: FILE.evidence.ndjson.")
        ] = False,
        timeout: Annotated[
            float,
            typer.Option(min=1.0, metavar="SECONDS", show_default=False, help="For all of it; none unless given."),
        ] = float("inf"),
    ) -> int:
        """Export events into a file, whole or not at all: its SHA-256 is checked before it gets its name.

        The view is the tenant's profile's unless --view is given.
        """
        from daybook_client.cli.progress import showing

        ending = output.suffix.lower().lstrip(".")
        form = format_ or (ending if ending in FORMATS else "csv")
        if form not in FORMATS:
            raise UsageProblem(f"--format is csv or ndjson, not {form!r}.")
        if not output.parent.is_dir():
            raise UsageProblem(f"There is no directory {output.parent}.")
        with showing(session, "Reading", total=1.0) as show:
            done = session.reading.export(
                output,
                format=form,
                mark=mark,
                evidence=evidence,
                timeout=None if timeout == float("inf") else timeout,
                on_progress=lambda at: show(
                    at.share,
                    "Fetching" if at.stage == "fetching" else "Reading",
                    "" if at.rows is None else f"{at.rows:,} rows",
                ),
                **filters,
            )
        facts: dict[str, Any] = {"path": str(done.path), "rows": done.rows, "bytes": done.bytes, "sha256": done.sha256}
        if done.evidence_path is not None:
            facts["evidence"] = str(done.evidence_path)
        session.facts(facts)
        return codes.DONE
