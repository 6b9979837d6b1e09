"""The options that several commands share, as data: filters of a search, and whom a command speaks to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from daybook_client.cli.problems import UsageProblem

CONNECTION = "Connection"
FILTERS = "Filters (repeat one for “or”)"
SPAN = "Time, order and form"
STATUSES = ("success", "failure")


class Declared(NamedTuple):
    """A parameter of a command as typer reads it."""

    name: str
    annotation: Any
    default: Any


class Filter(NamedTuple):
    parameter: str
    metavar: str
    help: str
    choices: tuple[str, ...] = ()


EQUALITIES = (
    Filter("actor", "WHO", "Who did it: a username, your own id, a GUID, or an alias such as System."),
    Filter("activity", "ACTIVITY", "What was done; user.* is a prefix."),
    Filter("target", "TYPE:ID", "What it was done to, and what lies within that."),
    Filter("status", "STATUS", "success or failure.", STATUSES),
    Filter("category", "CATEGORY", "The activity's category."),
    Filter("component", "COMPONENT", "The activity's component."),
    Filter("variant", "VARIANT", "The activity's variant."),
    Filter("impersonator", "WHO", "The person who really acted, in the actor's name."),
    Filter(
        "actor_type",
        "TYPE",
        "user, system, api, operations or unknown.",
        ("user", "system", "api", "operations", "unknown"),
    ),
    Filter("user_type", "TYPE", "The actor's user type."),
    Filter("group", "GROUP", "Its members, as they are now."),
    Filter("ip", "ADDRESS", "An address, or a block such as 203.0.113.0/24."),
    Filter("source_type", "TYPE", "The source's type."),
    Filter("origin", "ORIGIN", "user or system.", ("user", "system")),
    Filter("caused_by", "ID", "Daybook's id of the causing event."),
    Filter("session_id", "ID", "The session."),
    Filter("request_id", "ID", "The request."),
    Filter("credential", "KEY_ID", "Who sent the event."),
)
NAMES = tuple(each.parameter for each in EQUALITIES)
RANGES = ("7d", "30d", "12m")
VIEWS = ("native", "carear", "chat", "enate", "generic", "jiffy", "symbee")
SORTS = tuple(
    f"{sign}{name}"
    for name in ("occurred_at", "actor", "category", "component", "activity", "status", "target", "ip")
    for sign in ("-", "")
)


def completing(choices: Iterable[str]) -> Callable[[str], list[str]]:
    listed = tuple(choices)

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in listed if choice.startswith(incomplete)]

    return complete


def filter_options() -> list[Declared]:
    """Every filter of the API as an option. `filters_from` reads them."""
    options = [_many(each.parameter, each.metavar, each.help, each.choices) for each in EQUALITIES]
    excluding = "Exclude: --not actor=System. Takes each filter's name above."
    options.append(_many("not", "NAME=VALUE", excluding, tuple(f"{name}=" for name in NAMES)))
    options.append(_many("q", "TEXT", "Text in details, activity, component, target and names."))
    moment = "a time such as 2026-11-22T16:31:07Z, or a day (UTC)"
    options += [
        _one("from", "TIME", f"From then on: {moment}."),
        _one("to", "TIME", f"Before then: {moment}."),
        _one("range", "SPAN", "7d, 30d or 12m back from now.", RANGES),
        _one("sort", "ORDER", "Newest first unless given; occurred_at is oldest first.", SORTS),
    ]
    return options


def view_options() -> list[Declared]:
    return [
        _one("view", "VIEW", "As a profile shows events: its columns and words.", VIEWS),
        _one("tz", "ZONE", "IANA zone of a view's times; UTC unless given."),
    ]


def connection_options() -> list[Declared]:
    named = (
        ("profile", "NAME", "A profile of the configuration file, see daybook profile."),
        ("url", "URL", "Daybook's address, in place of DAYBOOK_URL. The key is DAYBOOK_KEY."),
        ("tenant", "TENANT", "With an operations key: the tenant. Else DAYBOOK_TENANT."),
        ("environment", "NAME", "Of the tenant's environments; the key's own unless given."),
    )
    return [_one(name, metavar, text, panel=CONNECTION) for name, metavar, text in named]


def filters_from(given: Mapping[str, Any]) -> dict[str, Any]:
    """Takes what was given for `filter_options` and `view_options`: parameters of the API. Raises UsageProblem."""
    filters: dict[str, Any] = {name: given[name] for name in (*NAMES, "q") if given.get(name)}
    for excluded in given.get("not_", ()):
        name, equals, value = excluded.partition("=")
        if not equals or name not in NAMES:
            raise UsageProblem(f"--not takes NAME=VALUE, such as actor=System; {excluded!r} names no filter.")
        filters.setdefault(f"{name}!", []).append(value)
    for name in ("from", "to"):
        if given.get(f"{name}_"):
            filters[name] = _moment(given[f"{name}_"])
    filters.update({name: given[f"{name}_"] for name in ("range", "sort", "view", "tz") if given.get(f"{name}_")})
    return filters


def _moment(text: str) -> str:
    return f"{text}T00:00:00Z" if len(text) == len("2026-11-22") else text


def _many(name: str, metavar: str, text: str, choices: tuple[str, ...] = ()) -> Declared:
    option = typer.Option(
        _flag(name),
        metavar=metavar,
        help=text,
        rich_help_panel=FILTERS,
        autocompletion=completing(choices) if choices else None,
    )
    return Declared("not_" if name == "not" else name, Annotated[list[str], option], [])


def _one(name: str, metavar: str, text: str, choices: tuple[str, ...] = (), panel: str = SPAN) -> Declared:
    option = typer.Option(
        _flag(name),
        metavar=metavar,
        help=text,
        rich_help_panel=panel,
        show_default=False,
        autocompletion=completing(choices) if choices else None,
    )
    return Declared(f"{name}_", Annotated[str, option], "")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
