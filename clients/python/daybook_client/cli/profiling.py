"""`daybook profile`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from daybook_client.cli import codes
from daybook_client.cli.problems import UsageProblem
from daybook_client.cli.profiles import (
    KEYRING,
    Profile,
    checked_name,
    checked_place,
    profiles_path,
    read_profiles,
    write_profiles,
)
from daybook_client.cli.registering import command
from daybook_client.cli.session import Session
from daybook_client.cli.surroundings import Surroundings

COLUMNS = ["profile", "url", "tenant", "environment", "key"]


def profile_choices(incomplete: str) -> list[str]:
    """The names in the file; none from a file that can't be read, since completion has nowhere to complain."""
    try:
        named = read_profiles(profiles_path(Surroundings().environ)).named
    except (UsageProblem, OSError):
        return []
    return [name for name in sorted(named) if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=profile_choices)]


GROUP = typer.Typer(help="Name the Daybooks that you speak to. Keys go to the keyring.", no_args_is_help=True)


@command(
    GROUP,
    "add",
    "daybook profile add prod --url https://daybook.example",
    "daybook profile add ci --url https://daybook.example --key env:DAYBOOK_CI_KEY --environment test",
    connection=False,
    json=False,
)
def add(
    session: Session,
    name: Name,
    url: Annotated[str, typer.Option(metavar="URL", help="Daybook's address.")],
    tenant: Annotated[str, typer.Option(metavar="TENANT", help="With an operations key: the tenant.")] = "",
    environment: Annotated[str, typer.Option(metavar="NAME", help="Where a command names none.")] = "",
    key: Annotated[
        str,
        typer.Option(metavar="PLACE", help="keyring asks for the key and keeps it there; env:NAME reads a variable."),
    ] = KEYRING,
) -> int:
    """Make a profile, or replace it. The first one is the default."""
    around = session.around
    path = profiles_path(around.environ)
    profiles = read_profiles(path)
    # A transport says whether the URL is one, and whether it is safe to send a key there.
    profile = Profile(around.connect(url, "", None).url, checked_place(key), tenant, environment)
    checked_name(name)
    if profile.key == KEYRING:
        around.keys.set(name, profile.url, _asked_for(session, profile.url))
    profiles.named[name] = profile
    profiles.default = profiles.default or name
    write_profiles(path, profiles)
    session.say(f"The profile {name} is in {path}. Try it: daybook whoami --profile {name}")
    return codes.DONE


@command(GROUP, "list", "daybook profile list", connection=False)
def list_profiles(session: Session) -> int:
    """List the profiles; * is the default."""
    profiles = read_profiles(profiles_path(session.around.environ))
    rows: list[dict[str, Any]] = [{"profile": name, **asdict(one)} for name, one in sorted(profiles.named.items())]
    if session.for_people and rows:
        marked = [{**row, "profile": f"{row['profile']}{' *' * (row['profile'] == profiles.default)}"} for row in rows]
        session.table(COLUMNS, [[row[column] for column in COLUMNS] for row in marked])
        return codes.DONE
    for row in rows:
        session.json({**row, "default": row["profile"] == profiles.default})
    if not rows:
        session.say("There is no profile. Make one: daybook profile add NAME --url …")
    return codes.DONE


@command(GROUP, "use", "daybook profile use prod", connection=False, json=False)
def use(session: Session, name: Name) -> int:
    """Make a profile the default."""
    path = profiles_path(session.around.environ)
    profiles = read_profiles(path)
    profiles.get(name)
    profiles.default = name
    write_profiles(path, profiles)
    return codes.DONE


@command(GROUP, "remove", "daybook profile remove staging", connection=False, json=False)
def remove(session: Session, name: Name) -> int:
    """Remove a profile, and its key from the keyring."""
    path = profiles_path(session.around.environ)
    profiles = read_profiles(path)
    profile = profiles.get(name)
    if profile.key == KEYRING:
        session.around.keys.remove(name, profile.url)
    del profiles.named[name]
    if profiles.default == name:
        profiles.default = ""
    write_profiles(path, profiles)
    return codes.DONE


def register(app: typer.Typer) -> None:
    app.add_typer(GROUP, name="profile")


def _asked_for(session: Session, url: str) -> str:
    """Hidden on a terminal, from the first line of a pipe elsewhere."""
    around = session.around
    given = around.ask_hidden(f"Key for {url} (hidden): ") if around.stdin.isatty() else around.stdin.readline()
    key = given.strip()
    if not key or not key.isascii() or len(key.split()) != 1:
        raise UsageProblem("That is no key: it has no spaces, and begins with dbk_.")
    return key
