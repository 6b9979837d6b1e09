"""Profiles: which Daybook, tenant and environment a name stands for, and where its key is. Never the key itself.

```toml
default = "prod"

[profiles.prod]
url = "https://daybook.example"
tenant = "acme"          # needed with an operations key alone
environment = "prod"     # where a command names none
key = "keyring"          # or "env:ACME_DAYBOOK_KEY"
```
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from daybook_client.cli.problems import UsageProblem

KEYRING = "keyring"
FROM_ENVIRONMENT = "env:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Profile:
    url: str
    key: str = KEYRING
    """Where the key is: `keyring`, or `env:NAME`."""
    tenant: str = ""
    environment: str = ""


@dataclass
class Profiles:
    default: str = ""
    named: dict[str, Profile] = field(default_factory=dict)

    def get(self, name: str) -> Profile:
        """Raises UsageProblem for a name that nobody has."""
        if name not in self.named:
            known = f"Known: {', '.join(sorted(self.named))}." if self.named else "There are none."
            raise UsageProblem(f"There is no profile {name!r}. {known} Make one: daybook profile add {name} --url …")
        return self.named[name]


def profiles_path(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/daybook/config.toml`, by default in `~/.config`."""
    home = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".config"
    return Path(home) / "daybook" / "config.toml"


def read_profiles(path: Path) -> Profiles:
    """No file is no profiles. Raises UsageProblem for a file that is none, or that holds a key; OSError."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Profiles()
    except ValueError as error:
        raise UsageProblem(f"{path} can't be read: {error}") from None
    named = document.get("profiles", {})
    default = document.get("default", "")
    if not isinstance(named, dict) or not isinstance(default, str):
        raise UsageProblem(f'{path} can\'t be read: write default = "NAME" and [profiles.NAME]')
    return Profiles(default, {name: _profile(path, name, given) for name, given in named.items()})


def write_profiles(path: Path, profiles: Profiles) -> None:
    """Replaces the file at once, readable by its owner alone. Comments in it are lost.

    Raises OSError; ValueError for what is no text.
    """
    lines = [f"default = {_text(profiles.default)}"] if profiles.default else []
    for name, profile in sorted(profiles.named.items()):
        lines += ["", f"[profiles.{name if _NAME.fullmatch(name) else _text(name)}]"]
        lines += [f"{field} = {_text(value)}" for field, value in asdict(profile).items() if value]
    written = ("\n".join(lines).lstrip("\n") + "\n").encode()  # before there is a file that would be left behind
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(written)
    new.replace(path)


def _text(value: str) -> str:
    """As TOML has texts, also as names: JSON's, but it takes no halves of pairs and no bare DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def checked_name(name: str) -> str:
    """Raises UsageProblem."""
    if not _NAME.fullmatch(name):
        raise UsageProblem(f"{name!r} can't name a profile: use up to 40 letters, digits, - and _")
    return name


def checked_place(place: str) -> str:
    """Where a key may be. Raises UsageProblem, which never repeats what was given: it may be a key."""
    name = place[len(FROM_ENVIRONMENT) :]
    if place == KEYRING or (place.startswith(FROM_ENVIRONMENT) and _VARIABLE.fullmatch(name)):
        return place
    raise UsageProblem(
        'A profile says where its key is, "keyring" or "env:NAME", and never holds the key: files are copied, '
        "backed up and shown."
    )


def _profile(path: Path, name: str, given: Any) -> Profile:
    texts = ("url", "key", "tenant", "environment")
    if not isinstance(given, dict) or not all(isinstance(given.get(text, ""), str) for text in texts):
        raise UsageProblem(f"{path}: the profile {name!r} can't be read: its values are texts")
    unknown = sorted(set(given) - set(texts))
    if unknown or not given.get("url"):
        what = f"it can't have {unknown[0]}" if unknown else "it has no url"
        raise UsageProblem(f"{path}: the profile {name!r} can't be read: {what}")
    return Profile(**{**given, "key": checked_place(given.get("key", KEYRING))})
