"""The products' views: columns in their order, and what each shows of an event."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from daybook_verify.rows import times, wording
from daybook_verify.rows.names import Names
from daybook_verify.rows.native import Native


class Shown(NamedTuple):
    event: Native
    alias: str | None
    """What the actor is shown as, where it is not shown as a person."""
    moment: datetime
    names: Names
    tenant_name: str


def _user(shown: Shown) -> str:
    return _own_caller(shown) or _alias(shown) or shown.names.user(shown.event["actor"])


def _full_name(shown: Shown) -> str:
    actor = shown.event["actor"]
    has_name = actor["id"] is not None and actor["name"]
    return _own_caller(shown) or (None if has_name else _alias(shown)) or shown.names.full_name(actor)


def _own_caller(shown: Shown) -> str | None:
    """The key by which somebody used Daybook itself, which has records of that."""
    is_own = shown.event["activity"].startswith("audit-log.") and shown.event["actor"]["type"] == "api"
    return _generic_actor(shown) if is_own else None


def _alias(shown: Shown) -> str | None:
    """Of somebody who is forgotten the GUID is shown, also where an alias stood for an address."""
    return None if shown.event["actor"]["forgotten"] else shown.alias


def _generic_actor(shown: Shown) -> str:
    actor = shown.event["actor"]
    alias = _alias(shown)
    if alias is not None:
        own = (each for each in (actor["username"], actor["name"], actor["client_id"]) if each and each != alias)
        behind = next(own, None) if actor["type"] == "api" else None
        return alias if behind is None else f"{alias} ({behind})"
    name = shown.names.among_others(actor)
    if actor["impersonator"] is not None:
        return f"{name} (by {shown.names.among_others(actor['impersonator'])})"
    return name


def _details_or_changes(shown: Shown) -> str:
    return shown.event["details"] or wording.changes_in_words(shown.event["changes"])


def _plain(name: str) -> Callable[[Shown], str]:
    return lambda shown: shown.event[name] or ""


def _changed(side: str) -> Callable[[Shown], str]:
    """The parameter of that name, else the values of all changes."""

    def value(shown: Shown) -> str:
        given = (shown.event["params"] or {}).get(side)
        if isinstance(given, dict):
            return shown.names.marked(given["user"])
        if isinstance(given, list):
            return ", ".join(given)
        if given is not None:
            return wording.plain(given)
        changes = shown.event["changes"] or ()
        return ", ".join(wording.plain(each[side]) for each in changes if each[side] not in (None, ""))

    return value


def _work_item(shown: Shown) -> str:
    """The id of the target, or of what contains it, whichever is a work item."""
    target = shown.event["target"]
    for each in (target, target and target["within"]):
        if each is not None and each["type"] == "work-item":
            return each["id"] or ""
    return ""


def _action_target(shown: Shown) -> str:
    return shown.names.target(shown.event["target"])


def _source_type(shown: Shown) -> str:
    source = shown.event["source"]
    return "ADMIN" if source is None else str(source["type"])


Columns = Mapping[str, Callable[[Shown], str]]

VIEWS: Mapping[str, Columns] = {
    "generic": {
        "Time": lambda shown: times.iso(shown.moment),
        "Activity": _plain("activity"),
        "Actor": _generic_actor,
        "Target": lambda shown: shown.names.target(shown.event["target"]),
        "Details": _details_or_changes,
        "Status": _plain("status"),
    },
    "chat": {
        "Date and Time": lambda shown: times.date_time(shown.moment),
        "User": _user,
        "IP Address": lambda shown: shown.event["context"]["ip"] or "",
        "Activity": _plain("activity"),
    },
    "enate": {
        "Timestamp": lambda shown: times.enate(shown.moment),
        "Activity": _plain("activity"),
        "Origin": _plain("origin"),
        "User": _user,
        "Work Item": _work_item,
        "From": _changed("from"),
        "To": _changed("to"),
        "Details": _plain("details"),
        "Status": _plain("status"),
    },
    "jiffy": {
        "Tenant Name": lambda shown: shown.tenant_name,
        "Component": _plain("component"),
        "Event": _plain("event"),
        "Event Details": _plain("details"),
        "Event Status": lambda shown: wording.status(shown.event["status"]),
        "Date-Time": lambda shown: times.jiffy(shown.moment),
        "UserName": _full_name,
        "User Type": lambda shown: shown.event["actor"]["user_type"] or "",
    },
    "carear": {
        "Date": lambda shown: times.date(shown.moment),
        "Time": lambda shown: times.time_of_day(shown.moment),
        "Username": _user,
        "Event Category": _plain("category"),
        "Event Description": _plain("details"),
    },
    "symbee": {
        "PlatformId": lambda _: "AWS Connect",
        "CompanyId": _plain("tenant"),
        "Environment": _plain("environment"),
        "TimeStamp": lambda shown: times.seconds_in_utc(shown.event["occurred_at"]),
        "SourceType": _source_type,
        "SourceUserId": _user,
        "ActivityAction": lambda shown: wording.code(shown.event["event"]),
        "ActivityType": lambda shown: wording.code(shown.event["component"]),
        "ActionTarget": _action_target,
        "ActionDetails": _plain("details"),
    },
}
