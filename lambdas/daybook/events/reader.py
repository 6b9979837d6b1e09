"""Opens a stored event: unseals its people's fields, replaces its tokens and completes it to the native form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.aliases import Aliases, is_user
from daybook.crypto.sealing import Unsealing
from daybook.errors import UnknownFormat
from daybook.events.canonical import FORMAT, decode
from daybook.events.packing import unpack
from daybook.events.people_fields import ADDRESS, CLIENT_ID, EMAIL, NAME, TEXTS, USER_AGENT, USERNAME
from daybook.people.tokens import people_in, untokenise


class Row(NamedTuple):
    """What an index returns for one event."""

    id: str
    packed: bytes


def content_of(packed: bytes) -> dict[str, Any]:
    """Raises `UnknownFormat` for an event that a newer release wrote: it must not be shown wrong or left out."""
    return content_in(unpack(packed))


def content_in(encoded: bytes) -> dict[str, Any]:
    """The content of canonical bytes. Raises `UnknownFormat`."""
    content: dict[str, Any] = decode(encoded)
    if content["v"] != FORMAT:
        raise UnknownFormat
    return content


def people_of(content: Mapping[str, Any]) -> list[str]:
    """The GUIDs of the people whose keys are needed to open the event."""
    return [person["id"] for person in content.get("people", ()) if "sealed" in person]


class Opened:
    """One event, opened with the keys of its people. A person without a key is forgotten."""

    def __init__(self, content: dict[str, Any], keys: Mapping[str, bytes], unsealing: Unsealing | None = None) -> None:
        """`unsealing` is shared by the events of a batch, all of one tenant and environment."""
        self.content = content
        self._unsealing = unsealing or Unsealing(content["tenant"], content["environment"])
        self._keys = keys
        self._people: list[dict[str, Any]] = content.get("people", [])
        self._unsealed: dict[int, Sequence[Any] | None] = {}

    def _fields(self, number: int) -> Sequence[Any] | None:
        """A person's fields, by the place in the cast; None for a forgotten person. Unsealed on first use."""
        if number not in self._unsealed:
            self._unsealed[number] = self._unseal(self._people[number])
        return self._unsealed[number]

    def _unseal(self, person: Mapping[str, Any]) -> Sequence[Any] | None:
        guid = person["id"]
        if "sealed" not in person or guid not in self._keys:
            return None
        fields = self._unsealing.open(person["sealed"], self._keys[guid], self.content["id"], guid)
        return fields + [None] * (TEXTS - len(fields))

    def text(self, text: Any) -> Any:
        """A text of the content as it was sent, with GUIDs in place of forgotten people."""
        return untokenise(text, self._value) if isinstance(text, str) else text

    def _value(self, person: int, slot: int) -> Any:
        """What a token stands for. Sealed texts may hold tokens of other people."""
        fields = self._fields(person)
        return self._people[person]["id"] if fields is None else self.text(fields[slot])

    def is_readable(self, text: str) -> bool:
        """Whether nobody whom a text of the content names is forgotten."""
        return all(self._fields(person) is not None for person in people_in(text))

    def alias(self, aliases: Aliases) -> str | None:
        """The alias by which the actor is shown, in place of a username. None: it is shown as a person."""
        actor = self.content["actor"]
        if "alias" in actor:
            return str(actor["alias"])
        fields = self._fields_of(actor["id"])
        has_no_username = fields is not None and fields[USERNAME] is None
        return aliases.of(actor["type"]) if has_no_username else None

    def native(self, aliases: Aliases) -> dict[str, Any]:
        """The native event of the contract. It has every field; absent values are null."""
        return {name: part(self, aliases) for name, part in _PARTS.items()}

    def actor(self, aliases: Aliases) -> dict[str, Any]:
        actor = self.content["actor"]
        guid = actor.get("id")
        shown = self._person(guid) if guid is not None else _nobody(actor)
        if shown["username"] is None:
            shown["username"] = self.alias(aliases)
        impersonator = actor.get("impersonator")
        return {
            "type": actor["type"],
            **shown,
            "user_type": actor.get("user_type"),
            "roles": actor.get("roles"),
            "impersonator": None if impersonator is None else self._as_said(impersonator),
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
            "client_id": self.text(fields[CLIENT_ID]),
            "username": self.text(fields[USERNAME]),
            "name": self.text(fields[NAME]),
            "email": self.text(fields[EMAIL]),
            "forgotten": False,
        }

    def _fields_of(self, guid: str) -> Sequence[Any] | None:
        return next((self._fields(number) for number, person in enumerate(self._people) if person["id"] == guid), None)

    def target(self) -> dict[str, Any] | None:
        target = self.content.get("target")
        if target is None:
            return None
        within = target.get("within")
        shown: dict[str, Any] = {
            "type": target["type"],
            "id": self.text(target.get("id")),
            "name": self.text(target.get("name")),
            "within": None if within is None else {"type": within["type"], "id": self.text(within["id"])},
        }
        if is_user(target["type"]):
            person = self._person(target["id"])
            shown |= {name: person[name] for name in ("client_id", "username", "name", "forgotten")}
            shown |= self._otherwise(person, target)
        return shown

    def target_ids(self) -> Iterator[tuple[str, bool]]:
        """The target and what contains it as `type:id`, each with whether its id names somebody. Users are left out."""
        target = self.content.get("target", {})
        for place in (target, target.get("within", {})):
            if "id" in place and not is_user(place["type"]):
                yield f"{place['type']}:{self.text(place['id'])}", "person" in place or bool(people_in(place["id"]))

    def params(self) -> dict[str, Any] | None:
        params = self.content.get("params")
        if params is None:
            return None
        return {name: self._param(value) for name, value in params.items()}

    def _param(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.text(inner) for name, inner in value.items()}
        return [self.text(each) for each in value] if isinstance(value, list) else self.text(value)

    def declared(self) -> list[dict[str, Any]] | None:
        declared = []
        for person in self._people:
            otherwise = person.get("declared", [])
            every = [{}] if otherwise is True else otherwise
            declared += [self._as_said({**said, "id": person["id"]}) for said in every]
        return declared or None

    def _as_said(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """A person, with the names that one place of the event gave."""
        shown = self._person(written["id"])
        return shown | self._otherwise(shown, written)

    def _otherwise(self, person: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
        """Names of this place that differ from the person's own fields; none for a forgotten person."""
        if person["forgotten"]:
            return {}
        return {name: self.text(written[name]) for name in ("username", "name", "email") if name in written}

    def changes(self) -> list[dict[str, Any]] | None:
        changes = self.content.get("changes")
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

    def context(self) -> dict[str, Any]:
        context = self.content.get("context", {})
        guid = context.get("of") or self.content["actor"].get("id")
        fields = None if guid is None else self._fields_of(guid)
        return {
            "ip": context.get("ip") if fields is None else self.text(fields[ADDRESS]),
            "user_agent": context.get("user_agent") if fields is None else self.text(fields[USER_AGENT]),
            "session_id": self.text(context.get("session_id")),
            "request_id": self.text(context.get("request_id")),
        }


def _nobody(actor: Mapping[str, Any]) -> dict[str, Any]:
    """An actor that is not a person: its fields are stored in the clear."""
    return {
        "id": None,
        "client_id": actor.get("client_id"),
        "username": actor.get("username"),
        "name": actor.get("name"),
        "email": actor.get("email"),
        "forgotten": False,
    }


_Part = Callable[[Opened, Aliases], Any]

_PARTS: Mapping[str, _Part] = {
    "id": lambda opened, _: opened.content["id"],
    "client_id": lambda opened, _: opened.text(opened.content.get("client_id")),
    "sender": lambda opened, _: opened.content.get("sender"),
    "tenant": lambda opened, _: opened.content["tenant"],
    "environment": lambda opened, _: opened.content["environment"],
    "occurred_at": lambda opened, _: opened.content["occurred_at"],
    "received_at": lambda opened, _: opened.content["received_at"],
    "activity": lambda opened, _: opened.content["activity"],
    "component": lambda opened, _: opened.content.get("component"),
    "event": lambda opened, _: opened.content["event"],
    "category": lambda opened, _: opened.content["category"],
    "variant": lambda opened, _: opened.content.get("variant"),
    "origin": lambda opened, _: opened.content["origin"],
    "status": lambda opened, _: opened.content["status"],
    "actor": lambda opened, aliases: opened.actor(aliases),
    "source": lambda opened, _: opened.content.get("source"),
    "target": lambda opened, _: opened.target(),
    "params": lambda opened, _: opened.params(),
    "details": lambda opened, _: opened.text(opened.content.get("details")),
    "people": lambda opened, _: opened.declared(),
    "changes": lambda opened, _: opened.changes(),
    "context": lambda opened, _: opened.context(),
    "caused_by": lambda opened, _: opened.text(opened.content.get("caused_by")),
    "adjusted": lambda opened, _: opened.content.get("adjusted"),
}
FIELDS = tuple(_PARTS)
"""The fields of a native event, in order."""
