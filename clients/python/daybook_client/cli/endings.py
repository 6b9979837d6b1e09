"""How a command ends: an exit code, and for what went wrong one sentence on the error stream."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from daybook_client.cli import codes
from daybook_client.cli.plain import plain
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.surroundings import Surroundings
from daybook_client.errors import DaybookError

HINTS = {
    "unauthorized": "The key is unknown, revoked, or has ended.",
    "forbidden": "daybook whoami shows the key's role.",
    "environment_denied": "daybook whoami shows the environments of the key.",
    "tenant_needed": "An operations key needs --tenant.",
    "unexpected_answer": "Is this the address of a Daybook?",
}


def ended(act: Callable[[], int], around: Surroundings) -> int:
    """Runs a command to its exit code. Raises only what typer itself has to see: usage errors, `Exit`."""
    code = codes.DONE
    try:
        code = act()
        around.stdout.flush()
    except DaybookError as error:
        _tell(around, _sentence(error))
        for fault in (f"{field.get('path', '')}: {field.get('message', '')}" for field in error.errors):
            if fault.rstrip(".") != error.detail.rstrip("."):  # Daybook's detail is the first fault
                _tell(around, f"  {fault}")
        return codes.code_of(error)
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    except OSError as error:
        if error.errno == errno.EPIPE:
            _reader_gone(around)
            return code
        name = f"{error.filename}: " if error.filename else ""
        _tell(around, f"{name}{error.strerror or error}")
        return codes.USAGE
    except (UsageProblem, ValueError) as error:
        _tell(around, str(error))
        return codes.USAGE
    return code


def fault(around: Surroundings) -> int:
    """For an exception that nothing foresaw. Its traceback shows no variables, since a key may be among them."""
    for line in traceback.format_exc().splitlines():
        _tell(around, line)
    _tell(around, "This is a fault of the command daybook, not of your input.")
    return codes.FAULT


def usage(error: Any, around: Surroundings) -> int:
    """A usage error of typer, or of click below older ones: told by what it can do, since its class is private."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return codes.USAGE
    _tell(around, str(error.format_message()))
    context = getattr(error, "ctx", None)
    if context is not None:
        _tell(around, f"{context.command_path} --help says more.")
    return codes.USAGE


def _sentence(error: DaybookError) -> str:
    hint = HINTS.get(error.code, "")
    wait = f" Try again in {error.retry_after:.0f} s." if error.retry_after else ""
    return f"{error.detail.rstrip('.')} ({error.code}).{wait}{' ' if hint else ''}{hint}"


def _tell(around: Surroundings, text: str) -> None:
    with suppress(OSError):
        around.stderr.write(f"{plain(text)}\n")


def _reader_gone(around: Surroundings) -> None:
    """Whoever read the output has enough, as `head` has. Python would fail once more as it flushes at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), around.stdout.fileno())
