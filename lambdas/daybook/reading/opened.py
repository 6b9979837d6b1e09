"""A stored event opened: its people's fields unsealed, its tokens read back, completed to the native form."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from daybook.caller import Tenant
from daybook.canonical import decode, unpack
from daybook.catalogue import Aliases
from daybook.clock import format_time
from daybook.mentions import USER
from daybook.sealed_people import ADDRESS, CLIENT_ID, EMAIL, NAME, TEXTS, USER_AGENT, USERNAME
from daybook.sealing import Place, event_key, open_sealed
from daybook.tokens import people_in, untokenise


class Row(NamedTuple):
    """What an index answers of one event."""

    id: str
    packed: bytes
    received_ms: int


def content_of(row: Row) -> dict[str, Any]:
    content: dict[str, Any] = decode(unpack(row.packed))
    return content


def people_of(content: Mapping[str, Any]) -> list[str]:
    """The GUIDs whose keys it takes to open the event."""
    return [person["id"] for person in content.get("people", ()) if "sealed" in person]


class Opened:
    """One event with the fields of those of its people whose keys there are; the others are forgotten."""

    def __init__(self, content: dict[str, Any], keys: Mapping[str, bytes]) -> None:
        self.content = content
        self._people: list[dict[str, Any]] = content.get("people", [])
        self._fields = [self._unsealed(person, keys) for person in self._people]

    def _unsealed(self, person: Mapping[str, Any], keys: Mapping[str, bytes]) -> Sequence[Any] | None:
        guid = person["id"]
        if "sealed" not in person or guid not in keys:
            return None
        place = Place(Tenant(self.content["tenant"]), self.content["environment"], self.content["id"], guid)
        fields = open_sealed(person["sealed"], event_key(keys[guid], place), place)
        return fields + [None] * (TEXTS - len(fields))

    def text(self, text: Any) -> Any:
        """A text of the content as it was sent; GUIDs in place of who is forgotten."""
        return untokenise(text, self._value) if isinstance(text, str) else text

    def _value(self, person: int, slot: int) -> Any:
        fields = self._fields[person]
        return self._people[person]["id"] if fields is None else fields[slot]

    def is_readable(self, text: str) -> bool:
        """Whether nobody who stands in a text of the content is forgotten."""
        return all(self._fields[person] is not None for person in people_in(text))

    def native(self, received_ms: int, aliases: Aliases) -> dict[str, Any]:
        """The native event of the contract: every field there; null what is absent."""
        content = self.content
        actor = content["actor"]
        return {
            "id": content["id"],
            "client_id": self.text(content.get("client_id")),
            "tenant": content["tenant"],
            "environment": content["environment"],
            "occurred_at": content["occurred_at"],
            "received_at": format_time(received_ms),
            "activity": content["activity"],
            "component": content.get("component"),
            "event": content["event"],
            "category": content["category"],
            "variant": content.get("variant"),
            "origin": content["origin"],
            "status": content["status"],
            "actor": self._actor(actor, aliases),
            "source": content.get("source"),
            "target": self._target(content.get("target")),
            "params": self._params(content.get("params")),
            "details": self.text(content.get("details")),
            "people": self._declared(),
            "changes": self._changes(content.get("changes")),
            "context": self._context(content.get("context", {}), actor),
            "caused_by": self.text(content.get("caused_by")),
        }

    def _actor(self, actor: Mapping[str, Any], aliases: Aliases) -> dict[str, Any]:
        guid = actor.get("id")
        shown = self._person(guid) if guid is not None else _nobody(actor)
        if shown["username"] is None:
            shown["username"] = actor.get("alias") or aliases.of(actor["type"])
        return {
            "type": actor["type"],
            **shown,
            "user_type": actor.get("user_type"),
            "roles": actor.get("roles"),
        }

    def _person(self, guid: str) -> dict[str, Any]:
        fields = self._fields_of(guid)
        if fields is None:
            return {
                "id": guid,
                "client_id": None,
                "username": guid,
                "name": None,
                "email": None,
                "forgotten": True,
            }
        return {
            "id": guid,
            "client_id": fields[CLIENT_ID],
            "username": fields[USERNAME],
            "name": fields[NAME],
            "email": fields[EMAIL],
            "forgotten": False,
        }

    def _fields_of(self, guid: str) -> Sequence[Any] | None:
        return next(
            (fields for person, fields in zip(self._people, self._fields, strict=True) if person["id"] == guid), None
        )

    def _target(self, target: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if target is None:
            return None
        within = target.get("within")
        shown: dict[str, Any] = {
            "type": target["type"],
            "id": self.text(target.get("id")),
            "name": self.text(target.get("name")),
            "within": None if within is None else {"type": within["type"], "id": self.text(within["id"])},
        }
        if target["type"] == USER:
            person = self._person(target["id"])
            shown |= {name: person[name] for name in ("client_id", "username", "name", "forgotten")}
            shown |= self._otherwise(person, target)
        return shown

    def _params(self, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if params is None:
            return None
        return {name: self._param(value) for name, value in params.items()}

    def _param(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.text(inner) for name, inner in value.items()}
        return [self.text(each) for each in value] if isinstance(value, list) else self.text(value)

    def _declared(self) -> list[dict[str, Any]] | None:
        declared = []
        for person in self._people:
            otherwise = person.get("declared", [])
            for said in [{}] if otherwise is True else otherwise:
                shown = self._person(person["id"])
                declared.append(shown | self._otherwise(shown, said))
        return declared or None

    def _otherwise(self, person: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
        """What this place calls a person otherwise than the person's own fields do; nothing of who is forgotten."""
        if person["forgotten"]:
            return {}
        return {name: self.text(written[name]) for name in ("username", "name", "email") if name in written}

    def _changes(self, changes: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
        if changes is None:
            return None
        return [
            {
                "field": self.text(change["field"]),
                "from": self.text(change.get("from")),
                "to": self.text(change.get("to")),
            }
            for change in changes
        ]

    def _context(self, context: Mapping[str, Any], actor: Mapping[str, Any]) -> dict[str, Any]:
        guid = actor.get("id")
        fields = None if guid is None else self._fields_of(guid)
        return {
            "ip": context.get("ip") if fields is None else fields[ADDRESS],
            "user_agent": context.get("user_agent") if fields is None else fields[USER_AGENT],
            "session_id": self.text(context.get("session_id")),
            "request_id": self.text(context.get("request_id")),
        }


def _nobody(actor: Mapping[str, Any]) -> dict[str, Any]:
    """An actor that is no person: what it carries stands in the clear."""
    return {
        "id": None,
        "client_id": actor.get("client_id"),
        "username": actor.get("username"),
        "name": actor.get("name"),
        "email": actor.get("email"),
        "forgotten": False,
    }
