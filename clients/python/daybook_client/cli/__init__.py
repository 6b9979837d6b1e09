"""The command `daybook`. Needs the extra `[cli]`."""

from __future__ import annotations

import io
import sys

USAGE = 2
MORE = (
    "The command daybook needs more packages. In the folder of Daybook's sources: pip install './clients/python[cli]'"
)


def main() -> None:
    """Runs the command with the arguments of this process, and ends the process with its exit code."""
    try:
        import rich  # noqa: F401  only whether it is there
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write(f"{MORE}\n")
        sys.exit(USAGE)
    from daybook_client.cli.running import run

    _speak_utf_8()
    sys.exit(run(sys.argv[1:]))


def _speak_utf_8() -> None:
    """JSON is UTF-8 whatever the locale is, and one broken line of events must not end all. Terminals keep theirs."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors=errors)
