"""The command `daybook`. Needs the extra `[cli]`."""

from __future__ import annotations

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

    sys.exit(run(sys.argv[1:]))
