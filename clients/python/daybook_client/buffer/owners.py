"""Who has claimed events, and whether that process still runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def new_owner() -> str:
    """A name for a sender of this process: where its process id counts, the id, and 64 random bits."""
    return f"{_where()}/{os.getpid()}/{os.urandom(8).hex()}"


def has_ended(owner: str) -> bool:
    """Whether the owner's process is known to have ended. One on another machine, or in another container, is not."""
    where, _, rest = owner.partition("/")
    process = rest.partition("/")[0]
    if where != _where() or not process.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it runs, as another user
    return False


def _where() -> str:
    """The host, and on Linux the namespace of process ids: containers may share a file and a name."""
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {namespace}".replace("/", " ")
