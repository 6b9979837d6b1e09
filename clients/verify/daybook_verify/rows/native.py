"""The native event: everything that is known of an event. Every field is there, and what is absent is None."""

from collections.abc import Mapping
from typing import Any

from daybook_verify.errors import NotGenuine
from daybook_verify.rows.aliases import Aliases
from daybook_verify.rows.people import CLIENT_ID, EMAIL, IP, NAME, USER_AGENT, USERNAME, People

Native = dict[str, Any]

FIELDS = (
    "id",
    "client_id",
    "sender",
    "tenant",
    "environment",
    "occurred_at",
    "received_at",
    "activity",
    "component",
    "event",
    "category",
    "variant",
    "origin",
    "status",
    "actor",
    "source",
    "target",
    "params",
    "details",
    "people",
    "changes",
    "context",
    "caused_by",
    "adjusted",
)


def native(content: Mapping[str, Any], people: People, aliases: Aliases) -> Native:
    """The fields are in the order of Daybook's answers, which is also that of the lines of a file."""

    def text(name: str) -> str | None:
        return people.text(content[name]) if name in content else None

    return {
        "id": content["id"],
        "client_id": text("client_id"),
        "sender": {"credential": content["sender"]["credential"]} if "sender" in content else None,
        "tenant": content["tenant"],
        "environment": content["environment"],
        "occurred_at": content["occurred_at"],
        "received_at": content["received_at"],
        "activity": content["activity"],
        "component": content.get("component"),
        "event": content["event"],
        "category": content["category"],
        "variant": content.get("variant"),
        "origin": content["origin"],
        "status": content["status"],
        "actor": _actor(content["actor"], people, aliases),
        "source": {"type": content["source"]["type"]} if "source" in content else None,
        "target": _target(content["target"], people) if "target" in content else None,
        "params": _params(content["params"], people) if "params" in content else None,
        "details": text("details"),
        "people": _declared(content.get("people", ()), people),
        "changes": _changes(content["changes"], people) if "changes" in content else None,
        "context": _context(content, people),
        "caused_by": text("caused_by"),
        "adjusted": content.get("adjusted"),
    }


def _person(guid: str, people: People, shown: Mapping[str, str]) -> Native:
    """`shown` has what differs in this place from the sealed fields."""

    def field(name: str, slot: int) -> str | None:
        return people.text(shown[name]) if name in shown else people.field(guid, slot)

    forgotten = people.is_forgotten(guid)
    if forgotten is not False:
        shown_as = guid if forgotten else None
        return {
            "id": guid,
            "client_id": None,
            "username": shown_as,
            "name": None,
            "email": None,
            "forgotten": forgotten,
        }
    return {
        "id": guid,
        "client_id": field("id", CLIENT_ID),
        "username": field("username", USERNAME),
        "name": field("name", NAME),
        "email": field("email", EMAIL),
        "forgotten": False,
    }


def alias_of(actor: Mapping[str, Any], people: People, aliases: Aliases) -> str | None:
    """What the actor is shown as: one that is no person, or an unknown one without a username. None: as a person."""
    if "alias" in actor or "id" not in actor:
        return actor.get("alias")
    is_unnamed = people.is_forgotten(actor["id"]) is False and people.field(actor["id"], USERNAME) is None
    return aliases.unknown if is_unnamed and actor["type"] == "unknown" else None


def _actor(actor: Mapping[str, Any], people: People, aliases: Aliases) -> Native:
    impersonator = actor.get("impersonator")
    if "id" in actor:
        person = _person(actor["id"], people, {})
        if person["username"] is None and person["forgotten"] is False:
            person["username"] = alias_of(actor, people, aliases)
    elif actor["type"] == "user":
        raise NotGenuine("a user as actor has no GUID")
    else:
        person = {
            "id": None,
            "client_id": actor.get("client_id"),
            "username": actor.get("username", alias_of(actor, people, aliases)),
            "name": actor.get("name"),
            "email": actor.get("email"),
            "forgotten": False,
        }
    return {
        "type": actor["type"],
        **person,
        "user_type": actor.get("user_type"),
        "roles": actor.get("roles"),
        "impersonator": None if impersonator is None else _person(impersonator["id"], people, _but_id(impersonator)),
    }


def _but_id(shown: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in shown.items() if name != "id"}


def is_user(kind: str) -> bool:
    return kind.casefold() == "user"


def _target(target: Mapping[str, Any], people: People) -> Native:
    within = target.get("within")
    inside = None if within is None else {"type": within["type"], "id": people.text(within["id"])}
    if not is_user(target["type"]):
        return {
            "type": target["type"],
            "id": people.text(target["id"]) if "id" in target else None,
            "name": people.text(target["name"]) if "name" in target else None,
            "within": inside,
        }
    if "id" not in target:
        raise NotGenuine("a user as target has no GUID")
    person = _person(target["id"], people, _but_id(target))
    return {
        "type": target["type"],
        "id": person["id"],
        "name": person["name"],
        "within": inside,
        "client_id": person["client_id"],
        "username": person["username"],
        "forgotten": person["forgotten"],
    }


def _params(params: Mapping[str, Any], people: People) -> Native:
    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {"user": people.text(value["user"])}
        if isinstance(value, list):
            return [people.text(each) for each in value]
        return people.text(value) if isinstance(value, str) else value

    return {name: shown(value) for name, value in params.items()}


def _declared(cast: Any, people: People) -> list[Native] | None:
    shown = []
    for person in cast:
        declared = person.get("declared", ())
        shown += [_person(person["id"], people, each) for each in ([{}] if declared is True else declared)]
    return shown or None


def _changes(changes: Any, people: People) -> list[Native]:
    return [
        {
            "field": people.text(change["field"]),
            "from": people.value(change["from"]) if "from" in change else None,
            "to": people.value(change["to"]) if "to" in change else None,
        }
        for change in changes
    ]


def _context(content: Mapping[str, Any], people: People) -> Native:
    """Address and user agent are those of the impersonator, else of the actor, else they are nobody's."""
    context = content.get("context", {})
    guid = context.get("of", content["actor"].get("id"))

    def origin(name: str, slot: int) -> str | None:
        return context.get(name) if guid is None else people.field(guid, slot)

    return {
        "ip": origin("ip", IP),
        "user_agent": origin("user_agent", USER_AGENT),
        "session_id": people.text(context["session_id"]) if "session_id" in context else None,
        "request_id": people.text(context["request_id"]) if "request_id" in context else None,
    }
