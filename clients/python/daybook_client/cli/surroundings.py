"""What surrounds a command: its environment, streams, keyring, and the way to Daybook. A test gives others."""

from __future__ import annotations

import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from daybook_client.cli.problems import UsageProblem

if TYPE_CHECKING:  # httpx takes a while to import, and `--help` needs none of it
    from daybook_client.transport import Transport

SERVICE = "daybook"
"""The name under which the keyring holds keys."""


class KeyStore(Protocol):
    """Keys by the profile's name and URL: a profile that is pointed elsewhere does not take its key along."""

    def get(self, name: str, url: str) -> str | None: ...
    def set(self, name: str, url: str, key: str) -> None: ...
    def remove(self, name: str, url: str) -> None: ...


class Keyring:
    """The system's own. Each method raises UsageProblem where there is none."""

    def get(self, name: str, url: str) -> str | None:
        with _explained() as keyring:
            found: str | None = keyring.get_password(SERVICE, f"{name} {url}")
            return found

    def set(self, name: str, url: str, key: str) -> None:
        with _explained() as keyring:
            keyring.set_password(SERVICE, f"{name} {url}", key)

    def remove(self, name: str, url: str) -> None:
        if self.get(name, url) is not None:
            with _explained() as keyring:
                keyring.delete_password(SERVICE, f"{name} {url}")


@contextmanager
def _explained() -> Iterator[Any]:
    instead = 'Put the key into a variable and say so in the profile: key = "env:NAME".'
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise UsageProblem(f"The package keyring is not installed: pip install keyring. Or: {instead}") from None
    try:
        yield keyring
    except KeyringError as error:
        raise UsageProblem(f"The keyring does not open: {error}. {instead}") from None


def connect(url: str, key: str, tenant: str | None) -> Transport:
    """Raises ValueError for a URL that is none, or that would carry the key in the clear."""
    from daybook_client.transport import Transport

    return Transport(url, key, tenant=tenant, timeout=30.0)


def _nowhere(mode: str = "w") -> IO[str]:
    """For a stream that whoever started the command has closed."""
    return Path(os.devnull).open(mode, encoding="utf-8")


@dataclass
class Surroundings:
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    stdin: IO[str] = field(default_factory=lambda: sys.stdin or _nowhere("r"))
    stdout: IO[str] = field(default_factory=lambda: sys.stdout or _nowhere())
    stderr: IO[str] = field(default_factory=lambda: sys.stderr or _nowhere())
    keys: KeyStore = field(default_factory=Keyring)
    connect: Callable[[str, str, str | None], Transport] = connect
    ask_hidden: Callable[[str], str] = getpass.getpass
    sleep: Callable[[float], None] = time.sleep
