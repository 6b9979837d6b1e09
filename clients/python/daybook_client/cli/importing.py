"""`daybook import`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from daybook_client.cli import codes
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session
from daybook_client.errors import DaybookError

if TYPE_CHECKING:
    from daybook_client.importing import DryRun, Options, Report

PATIENCE = 600.0  # seconds; a year of records outlasts a short outage
FIRST = 10
SHOWN = 20
"""How many names of a count a terminal shows; JSON has all."""


def mapping_choices(incomplete: str) -> list[str]:
    from daybook_client.importing import mapping_names

    return [name for name in mapping_names() if name.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    @command(
        app,
        "import",
        "daybook import --list",
        "daybook import --from cloudtrail --dry-run trail.json.gz",
        "daybook import --from cloudtrail --environment prod trail-*.json.gz",
        "daybook import --from ./our-product.toml --zone Europe/Berlin old-log.csv",
    )
    def import_(
        session: Session,
        # Older typers give a list no other default, and Python 3.9 has no `|` at run time.
        files: Annotated[
            Optional[list[Path]],  # noqa: UP045
            typer.Argument(metavar="FILE", help="CSV, NDJSON or JSON, packed with gzip or not."),
        ] = None,
        mapping: Annotated[
            str,
            typer.Option(
                "--from",
                metavar="MAPPING",
                help="A ready one (--list), or a TOML file.",
                autocompletion=mapping_choices,
            ),
        ] = "",
        listed: Annotated[bool, typer.Option("--list", help="List the ready mappings.")] = False,
        trial: Annotated[
            bool, typer.Option("--dry-run", help="Send nothing: show the first ten events, and all counts.")
        ] = False,
        zone: Annotated[
            str, typer.Option(metavar="ZONE", help="IANA zone of times that name none; UTC unless given.")
        ] = "",
        rejects: Annotated[
            str, typer.Option(metavar="FILE", help="Where rejects go; the first FILE.rejects.ndjson unless given.")
        ] = "",
        skip: Annotated[int, typer.Option(min=0, metavar="N", help="Pass over the first N records.")] = 0,
        parallel: Annotated[int, typer.Option(min=1, max=16, metavar="N", help="Calls at a time.")] = 4,
    ) -> int:
        """Import another product's records. Again, resumed or overlapping: nothing is stored twice.

        Exit code 1 if there are rejects: they are in a file, each with its line and the reason.
        """
        from zoneinfo import ZoneInfoNotFoundError

        from daybook_client.importing import Options, dry_run, load_mapping, mapping_names

        if listed:
            return _list(session, [load_mapping(name) for name in mapping_names()])
        if not mapping or not files:
            raise UsageProblem("Give the files, and where they are from: daybook import FILE… --from MAPPING")
        chosen = load_mapping(mapping)
        environment = session.asked.environment if trial else session.connection.environment
        options = Options(zone or None, environment or None, Path(rejects) if rejects else None, skip, parallel)
        try:
            if trial:
                return _show_trial(session, dry_run(files, chosen, options, FIRST))
            return _import(session, files, chosen, options)
        except ZoneInfoNotFoundError:
            raise UsageProblem(f"There is no time zone {zone!r}.") from None


def _import(session: Session, files: Sequence[Path], mapping: Any, options: Options) -> int:
    from daybook_client.cli.posting import Poster
    from daybook_client.cli.progress import showing
    from daybook_client.events import body_of
    from daybook_client.importing import ImportStopped, Progress, import_files

    post = Poster(session.transport, session.around.sleep, PATIENCE)
    began = time.monotonic()

    def send(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return post([body_of(event) for event in events])

    try:
        with showing(session, "Importing", total=sum(path.stat().st_size for path in files)) as show:

            def tell(at: Progress) -> None:
                rate = at.records / max(time.monotonic() - began, 0.001)
                rejected = f", {at.rejected:,} rejected" if at.rejected else ""
                show(at.bytes_read, "Importing", f"{at.stored:,} stored{rejected}, {rate:,.0f} a second")

            report = import_files(files, mapping, send, options, tell)
    except ImportStopped as stopped:
        _show_report(session, stopped.report, time.monotonic() - began)
        session.say(f"The import stopped. Go on with the same command and --skip {stopped.report.confirmed}.")
        cause = stopped.__cause__
        if isinstance(cause, (DaybookError, OSError, ValueError, KeyboardInterrupt)):
            raise cause from None
        raise
    _show_report(session, report, time.monotonic() - began)
    return codes.REJECTED if report.rejections else codes.DONE


def _list(session: Session, mappings: list[Any]) -> int:
    if session.for_people:
        rows = [[each.name, each.product, ", ".join(each.formats)] for each in mappings]
        session.table(["mapping", "product", "formats"], rows)
    else:
        for each in mappings:
            session.json({"mapping": each.name, "product": each.product, "formats": list(each.formats)})
    return codes.DONE


def _show_trial(session: Session, trial: DryRun) -> int:
    from daybook_client.cli.columns import flattened

    for number, event in enumerate(trial.events, 1):
        if session.for_people:
            session.line(f"Event {number}")
            session.facts({f"  {name}": value for name, value in flattened(event).items()})
            session.line("")
        else:
            session.json({"event": event})
    for reject in trial.rejects:
        if session.for_people:
            faults = "; ".join(f"{fault.get('path')}: {fault.get('message')}" for fault in reject["errors"])
            session.line(f"Rejected: {reject['file']} line {reject['line']}: {reject['code']}: {faults}")
        else:
            session.json({"reject": reject})
    _show_report(session, trial.report, None)
    return codes.REJECTED if trial.report.rejections else codes.DONE


def _show_report(session: Session, report: Report, seconds: float | None) -> None:
    counts: dict[str, Any] = dict(vars(report))
    if seconds is not None:
        counts["seconds"] = round(seconds, 1)
    if not session.for_people:
        session.json({"report": counts})
        return
    rows: list[list[Any]] = []
    for name, value in counts.items():
        if not isinstance(value, dict):
            if value not in (None, 0, False):
                rows.append([name.replace("_", " "), "", value if isinstance(value, str) else f"{value:,}"])
            continue
        ordered = sorted(value.items(), key=lambda one: -one[1])
        rows += [[name.replace("_", " "), what, f"{times:,}"] for what, times in ordered[:SHOWN]]
        if len(ordered) > SHOWN:
            rows.append([name.replace("_", " "), f"and {len(ordered) - SHOWN} more: see --json", ""])
    session.table(["count", "of", "number"], rows)
    if report.newest_first:
        session.say("The first file is newest first. Former names of people are told best oldest first.")
