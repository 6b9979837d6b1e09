"""The command `daybook`. Needs the extra `[cli]`."""

from __future__ import annotations

import sys

USAGE = 2


def main() -> None:
    """Runs the command with the arguments of this process, and ends the process with its exit code."""
    try:
        import rich  # noqa: F401  only whether it is there
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write("The command daybook needs some packages more: pip install 'daybook-client[cli]'\n")
        sys.exit(USAGE)
    from daybook_client.cli.running import run

    sys.exit(run(sys.argv[1:]))
