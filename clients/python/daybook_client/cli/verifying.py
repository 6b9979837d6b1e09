"""`daybook verify`: hands over to `daybook-verify`, which shares no code with this package or with Daybook."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec

import typer

from daybook_client.cli import codes
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session

# As `python -m daybook_verify`, which would take modules out of the folder that it is run in: evidence of others may
# lie there, and a `daybook_verify.py` beside it.
_RUN = """\
import sys
sys.path[:] = [path for path in sys.path if path]
import runpy
runpy.run_module("daybook_verify", run_name="__main__", alter_sys=True)
"""
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    @command(
        app,
        "verify",
        "daybook verify --help",
        "daybook verify export november.csv --manifest november.csv.manifest",
        connection=False,
        json=False,
        arguments=True,
        context_settings=PASSED_ON,
        add_help_option=False,
    )
    def verify(session: Session, arguments: list[str]) -> int:
        """Verify proofs, exports and logs without trusting Daybook: hands all arguments to daybook-verify.

        The exit code is its own: 0 genuine, 1 not genuine, 2 it could not be told; 69 where it is not installed.
        """
        program = _program()
        if not program:
            session.say(
                "daybook-verify is not installed. In the folder of Daybook's sources: pip install ./clients/verify"
            )
            return codes.NOT_INSTALLED
        ended = subprocess.run([*program, *arguments], check=False).returncode  # noqa: S603  the user's own arguments
        return ended if ended >= 0 else 128 - ended  # ended by a signal, as shells have it


def _program() -> list[str]:
    if find_spec("daybook_verify") is not None:
        return [sys.executable, "-c", _RUN]
    found = shutil.which("daybook-verify")
    return [found] if found else []
