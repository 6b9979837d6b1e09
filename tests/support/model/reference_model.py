"""A brute-force model of events: what was sent, who is in it, and whether a filter matches it."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from tests.support.model.people import People, fold

ALIASES = {"system": "System", "api": "API", "operations": "Operations", "unknown": "Unknown"}

# Activity: category, component, origin, variant, its sentence, the one role that may see it.
Entry = tuple[str, str, str, str, str, str | None]
CATALOGUE: dict[str, Entry] = {
    "work-item.note-added": ("Communications", "Work Item", "user", "default", "Internal note created", None),
    "work-item.opened": ("Time Tracking", "Work Item", "user", "default", "Work item opened", None),
    "work-item.assigned": ("Allocation", "Work Item", "user", "default", "Manual assignment to {assignee}", None),
    "work-item.email-received": (
        "Communications",
        "Work Item",
        "system",
        "default",
        "Arrival of an inbound email",
        None,
    ),
    "work-item.created": ("Packet Status", "Work Item", "any", "default", "Work item created", None),
    "record.stamped": ("Universal Timestamp", "Record", "any", "default", "Record last updated", None),
    "api.called": ("API Access", "API", "user", "default", "Call to the Enate WebAPI", "operations"),
}


def is_within(address: str | None, asked: str) -> bool:
    """Whether an address is another one, or within its block; text that is no address is compared as it is."""
    if address is None or address == asked:
        return address is not None
    start, _, length = asked.partition("/")
    here, there = _bits(address), _bits(start)
    if not here or not there or not (length or "/" not in asked):
        return False
    # A block is written in the bits of its own spelling, of which the first 96 of a mapped address say only that.
    bits = int(length) - (96 if ":" in start and len(there) == 32 else 0) if length else len(there)
    return len(here) == len(there) and here[:bits] == there[:bits]


def _bits(address: str) -> str:
    """32 bits for version 4, also where it is written as version 6; 128 for version 6; none for no address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, address)
        except OSError:
            continue
        packed = packed[12:] if packed[:12] == bytes(10) + b"\xff\xff" else packed
        return "".join(f"{byte:08b}" for byte in packed)
    return ""


def _plain(text: str) -> str:
    return normalize("NFC", normalize("NFD", text).casefold())


@dataclass
class Somebody:
    """One person within one event. Each field is the first one that any place of the event gives."""

    username: str | None = None
    name: str | None = None
    names: set[str] = field(default_factory=set)
    client_ids: set[str] = field(default_factory=set)


class Happened:
    """One event that was sent. Its people are bound in the order in which the contract names the places."""

    def __init__(
        self,
        sent: Mapping[str, Any],
        people: People,
        bind: Callable[[str | None, str | None, str | None], int],
        catalogue: Mapping[str, Entry] = CATALOGUE,
    ) -> None:
        """`bind` says who is meant by a client id, a username or an address."""
        self.sent = sent
        self._bind = bind
        self.id = ""
        self.caused_by: str | None = None
        self.people = people
        self._cast: dict[int, Somebody] = {}
        self._references: list[tuple[str | None, str | None]] = []
        self.actor = self._bind_actor()
        for declared in sent.get("people", ()):
            self._mention(declared.get("id"), declared.get("username"), declared.get("name"))
        for name, value in sent.get("params", {}).items():
            if isinstance(value, dict):
                self._mention(None, value["user"])
            elif name == "assignee":
                self._mention(None, value)
        target = sent.get("target") or {}
        self.target = self._bind_target(target)
        self.within = self._bind_target(target.get("within") or {})
        self.variant: str | None
        self.activity: str = sent["activity"]
        catalogued = catalogue.get(self.activity)
        if catalogued:
            self.category, self.component, origin, self.variant, sentence, self.only_for = catalogued
            params = {name: str(value) for name, value in sent.get("params", {}).items()}
            self.details: str | None = sent.get("details", sentence.format(**params))
        else:
            self.category, self.component, origin, self.only_for = (
                "other",
                self.activity.rpartition(".")[0],
                "any",
                None,
            )
            self.variant, self.details = sent.get("variant"), sent.get("details")
        by_type = "system" if sent["actor"]["type"] == "system" else "user"
        self.origin = by_type if origin == "any" else origin

    def _bind_actor(self) -> int | None:
        actor, address = self.sent["actor"], self.sent.get("context", {}).get("ip")
        if actor["type"] not in ("user", "unknown"):
            return None
        if "id" in actor or "username" in actor:
            return self._mention(actor.get("id"), actor.get("username"), actor.get("name"))
        if address is None:
            return None
        person = self._bind(None, None, address)
        self._cast[person] = Somebody()
        return person

    def _bind_target(self, target: Mapping[str, Any]) -> int | None:
        """The person who is the target, or whose name or id equals the target's id."""
        text = target.get("id")
        if target.get("type") == "user":
            if text is not None and "username" not in target:
                for client_id, username in self._references:
                    if text == client_id or (username is not None and fold(text) == fold(username)):
                        return self._mention(client_id, username, target.get("name"))
            return self._mention(text, target.get("username"), target.get("name"))
        if text is None:
            return None
        by_id = (person for person, somebody in self._cast.items() if text in somebody.client_ids)
        by_name = (person for person, somebody in self._cast.items() if fold(text) in somebody.names)
        return next(by_id, None) or next(by_name, None)

    def _mention(self, client_id: str | None, username: str | None, name: str | None = None) -> int:
        person = self._bind(client_id, username, None)
        self._references.append((client_id, username))
        somebody = self._cast.setdefault(person, Somebody())
        somebody.username = somebody.username or username
        somebody.name = somebody.name or name
        if username is not None:
            somebody.names.add(fold(username))
        if client_id is not None:
            somebody.client_ids.add(client_id)
        return person

    def matches(self, query: Mapping[str, Sequence[str]]) -> bool:
        """Different parameters are joined with and, several values of one with or. With `!`: none of the values."""
        return all(
            any(self._means(name.removesuffix("!"), value) for value in values) != name.endswith("!")
            for name, values in query.items()
        )

    def value(self, name: str) -> str:
        """A value of this filter that matches this event, or a value that matches none."""
        actor = self.sent["actor"]
        match name:
            case "actor":
                return str(actor.get("username") or actor.get("id") or ALIASES[actor["type"]])
            case "target":
                return self.place(self.sent.get("target", {}))
            case "category":
                return self.category
            case "group":
                return next((name for name, members in self.people.groups.items() if self.actor in members), "many")
            case "q":
                return (self.details or self.activity)[-5:]
            case _:
                return self._field(name) or ("success" if name == "status" else "nothing")

    @staticmethod
    def place(target: Mapping[str, Any]) -> str:
        return f"{target.get('type', 'doc')}:{target.get('id') or target.get('username', 'D-1')}"

    def _means(self, name: str, value: str) -> bool:  # noqa: PLR0911  one for each kind of filter
        match name:
            case "actor":
                return self._is_actor(value)
            case "group":
                return self.actor in self.people.groups[value]
            case "target":
                return self._is_target(*value.split(":", 1))
            case "q":
                return any(_plain(value) in _plain(text) for text in self._texts() if text)
            case "activity" if value.endswith("*"):
                return self.activity.startswith(value[:-1])
            case "ip":
                return is_within(self._field("ip"), value)
            case "category":
                return value in (self.category, self.category.lower().replace(" ", "-"))
            case _:
                return bool(value == self._field(name))

    def _is_target(self, kind: str, text: str) -> bool:
        target = self.sent.get("target") or {}
        return self._is(target, self.target, kind, text) or self._is(
            target.get("within") or {}, self.within, kind, text
        )

    def presented(self, field: str) -> str:
        """The value that an order sorts by: the value as it is shown."""
        match field:
            case "target":
                value = self._shown_target()
            case "actor":
                value = self._shown_actor()
            case _:
                value = getattr(self, field, None) or self._field(field)
        return value or ""

    def _shown_actor(self) -> str | None:
        actor = self.sent["actor"]
        username = actor.get("username") if self.actor is None else self._cast[self.actor].username
        return username or ALIASES.get(actor["type"])

    def _shown_target(self) -> str | None:
        target = self.sent.get("target") or {}
        if target.get("type") == "user" and self.target is not None:
            somebody = self._cast[self.target]
            # The name that the target itself gives, otherwise the name given elsewhere in the event.
            username = target.get("username") or somebody.username
            return username or target.get("name") or somebody.name or target.get("id")
        return target.get("name") or target.get("id") or ""

    def _field(self, name: str) -> Any:
        sent, context = self.sent, self.sent.get("context", {})
        match name:
            case "activity" | "variant" | "component" | "origin" | "caused_by":
                return getattr(self, name)
            case "status":
                return sent.get("status", "success")
            case "actor_type":
                return sent["actor"]["type"]
            case "user_type":
                return sent["actor"].get("user_type")
            case "source_type":
                return sent.get("source", {}).get("type")
            case _:
                return context.get(name)

    def _is_actor(self, text: str) -> bool:
        actor, resolved = self.sent["actor"], self.people.resolved_by(text)
        alias = ALIASES.get(actor["type"])
        goes_by_alias = alias is not None and (self.actor is None or self._is_address)
        if self.actor in resolved or (goes_by_alias and alias is not None and fold(text) == fold(alias)):
            return True
        # Fields of an actor that is not a person are searched only for names that nobody has.
        if self.actor is not None or resolved or fold(text) in map(fold, ALIASES.values()):
            return False
        return text == actor.get("id") or fold(text) == fold(actor.get("username", ""))

    @property
    def _is_address(self) -> bool:
        return not {"id", "username"} & set(self.sent["actor"])

    def _is(self, target: Mapping[str, Any], person: int | None, kind: str, text: str) -> bool:
        if target.get("type") != kind:
            return False
        named = kind != "user" and normalize("NFC", target.get("id", "")) == normalize("NFC", text)
        return named or person in self.people.resolved_by(text)

    def _texts(self) -> list[str | None]:
        actor, target = self.sent["actor"], self.sent.get("target") or {}
        texts = [self.details, self.activity, self.component, target.get("name")]
        if self.actor is None:
            username, name = actor.get("username"), actor.get("name")
        else:
            username, name = self._cast[self.actor].username, self._cast[self.actor].name
        texts += [username or ALIASES.get(actor["type"]), name]
        if target.get("type") == "user" and self.target is not None:
            somebody = self._cast[self.target]
            names = [target.get("username") or somebody.username, target.get("name") or somebody.name]
            return [*texts, self.people.guids.get(self.target), *names]
        return [*texts, target.get("id")]
