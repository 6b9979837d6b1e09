"""Where a buffer lies on the disk."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from daybook_client.errors import BufferUnusableError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".buffer"


def state_directory() -> Path:
    """`$XDG_STATE_HOME/daybook`, by default `~/.local/state/daybook`."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "daybook"


def place_of(url: str, key: str, buffer: str | os.PathLike[str] | None = None, *, tenant: str | None = None) -> Path:
    """The file of the buffer for this Daybook, this key and, for an operations key, this tenant.

    `buffer` is a directory, or a file if its name has a suffix. In a directory each URL, key and tenant has a file of
    its own, named by the key's id: no event goes to another tenant. A file is used as it is, whatever the key.
    """
    if buffer is not None:
        given = Path(buffer).expanduser()
        if given.suffix and not given.is_dir():
            return given
    else:
        given = state_directory()
    parts = re.fullmatch(r"dbk_([a-z0-9]{1,32})_\w+", key)
    # A token of OIDC has no id, and another one every hour: it is known by nothing that lasts but its URL.
    name = parts[1] if parts else "token"
    whose = url if tenant is None else f"{url} {tenant}"
    return given / f"{name}-{hashlib.sha256(whose.encode()).hexdigest()[:12]}{SUFFIX}"


def make_place(path: Path) -> None:
    """Make the file and its directory, for this user alone. Raises BufferUnusableError."""
    try:
        directory = path.parent
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(directory.parent)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _sync(directory)
    except OSError as error:
        raise BufferUnusableError(f"{path} can't be written: {error.strerror}", code="buffer_unusable") from error


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """One process at a time opens or mends the buffer at this path."""
    if fcntl is None:
        yield
        return
    try:
        lock = os.open(f"{path}-lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise BufferUnusableError(f"{path} can't be written: {error.strerror}", code="buffer_unusable") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def identity(path: Path) -> tuple[int, int] | None:
    """What tells whether a path still means the same file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sync(directory: Path) -> None:
    """A new name outlives a power cut once its directory is on the disk. Windows can't, and needs not."""
    with suppress(OSError):
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
