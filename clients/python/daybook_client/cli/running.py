"""Runs the command once."""

from __future__ import annotations

from collections.abc import Sequence

from daybook_client.cli import codes
from daybook_client.cli.endings import fault, usage
from daybook_client.cli.surroundings import Surroundings


def run(arguments: Sequence[str], around: Surroundings | None = None) -> int:
    """The exit code; see `codes`. Errors are sentences on the error stream. Raises SystemExit for completion alone."""
    from typer import Abort
    from typer.main import get_command

    from daybook_client.cli.app import app

    around = around or Surroundings()
    try:
        code = get_command(app).main(args=list(arguments), prog_name="daybook", standalone_mode=False, obj=around)
    except (Abort, KeyboardInterrupt):
        return codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001  typer's own have no public class that all its versions share
        return usage(error, around) if hasattr(error, "format_message") else fault(around)
    return code if isinstance(code, int) else codes.DONE
