"""The command `daybook`: its commands and groups of commands."""

# No annotations from the future: older typers on Python 3.9 read them as they stand.
from typing import Annotated

import typer

from daybook_client.cli import (
    buffers,
    exporting,
    importing,
    keys,
    profiling,
    searching,
    sending,
    tailing,
    verifying,
    whoami,
)
from daybook_client.version import VERSION

HELP = """Sends events to a Daybook, finds, exports, verifies and imports them.

Set DAYBOOK_URL and DAYBOOK_KEY, or make a profile: daybook profile add prod --url https://…

Exit codes: 0 done; 1 something was rejected or is not genuine; 2 an option, a setting or a file is wrong; 3 denied; \
4 no answer, or too many calls: try again; 5 refused; 130 Ctrl-C.
"""

app = typer.Typer(
    name="daybook",
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"daybook {VERSION}")
        raise typer.Exit


VERSION_FLAG = typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")


@app.callback()
def _root(_shown: Annotated[bool, VERSION_FLAG] = False) -> None:
    pass


for group in (sending, searching, tailing, exporting, verifying, importing, buffers, keys, whoami, profiling):
    group.register(app)
