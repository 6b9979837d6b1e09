"""A brute-force model of events: what was sent, who is in it, and whether a filter matches it."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unicodedata import normalize

from tests.support.model.people import People, fold

SENDER = "k1"
"""The credential that sends all events."""
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


class Mention(NamedTuple):
    """How one place of an event names somebody."""

    client_id: str | None
    username: str | None
    name: str | None = None
    address: str | None = None


class Happened:
    """One event that was sent. `bind` says who is in it: the people of all events of a request are bound together."""

    def __init__(self, sent: Mapping[str, Any], catalogue: Mapping[str, Entry] = CATALOGUE) -> None:
        self.sent = sent
        self.id = ""
        self.caused_by: str | None = None
        self.people = People()
        self._cast: dict[int, Somebody] = {}
        self.mentions: list[Mention] = []
        """In the order in which the contract names the places."""
        target = sent.get("target") or {}
        places = {"actor": self._actor(), "impersonator": self._impersonator()}
        self.mentions += [Mention(each.get("id"), each.get("username"), each.get("name")) for each in self._declared()]
        places |= {"target": self._user(target), "within": self._user(target.get("within") or {})}
        self._places = {place: number for place, number in places.items() if number is not None}
        self.actor: int | None = None
        self.impersonator: int | None = None
        self.target: int | None = None
        self.within: int | None = None
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

    def bind(self, people: People, persons: Sequence[int]) -> None:
        """`persons`: whom each of `mentions` means."""
        self.people = people
        for mention, person in zip(self.mentions, persons, strict=True):
            somebody = self._cast.setdefault(person, Somebody())
            somebody.username = somebody.username or mention.username
            somebody.name = somebody.name or mention.name
            if mention.username is not None:
                somebody.names.add(fold(mention.username))
            if mention.client_id is not None:
                somebody.client_ids.add(mention.client_id)
        bound = {place: persons[number] for place, number in self._places.items()}
        target = self.sent.get("target") or {}
        self.actor, self.impersonator = bound.get("actor"), bound.get("impersonator")
        self.target = bound.get("target", self._named_by(target))
        self.within = bound.get("within", self._named_by(target.get("within") or {}))

    @property
    def cast(self) -> list[int]:
        """Everybody who is in the event, in the order of their first places."""
        return list(self._cast)

    def _actor(self) -> int | None:
        actor, address = self.sent["actor"], self.sent.get("context", {}).get("ip")
        if actor["type"] not in ("user", "unknown"):
            return None
        if "id" in actor or "username" in actor:
            return self._mention(Mention(actor.get("id"), actor.get("username"), actor.get("name")))
        # All spellings of an address are one person.
        return None if address is None else self._mention(Mention(None, None, address=_bits(address) or address))

    def _impersonator(self) -> int | None:
        given = self.sent["actor"].get("impersonator")
        return given and self._mention(Mention(given.get("id"), given.get("username"), given.get("name")))

    def _declared(self) -> Iterator[Mapping[str, Any]]:
        yield from self.sent.get("people", ())
        for name, value in self.sent.get("params", {}).items():
            if isinstance(value, dict):
                yield {"username": value["user"]}
            elif name == "assignee":
                yield {"username": value}

    def _user(self, target: Mapping[str, Any]) -> int | None:
        """A user as target; the id may be a name or an id that stands elsewhere in the event."""
        if target.get("type") != "user":
            return None
        text, username, name = target.get("id"), target.get("username"), target.get("name")
        if text is not None and username is None:
            for known in self.mentions:
                if text == known.client_id or (known.username is not None and fold(text) == fold(known.username)):
                    return self._mention(Mention(known.client_id, known.username, name))
        return self._mention(Mention(text, username, name))

    def _named_by(self, target: Mapping[str, Any]) -> int | None:
        """The person whose name or id equals the id of a target that is no user."""
        text = target.get("id")
        if text is None or target["type"] == "user":
            return None
        by_id = (person for person, somebody in self._cast.items() if text in somebody.client_ids)
        by_name = (person for person, somebody in self._cast.items() if fold(text) in somebody.names)
        return next(by_id, None) or next(by_name, None)

    def _mention(self, mention: Mention) -> int:
        self.mentions.append(mention)
        return len(self.mentions) - 1

    def matches(self, query: Mapping[str, Sequence[str]]) -> bool:
        """Different parameters are joined with and, several values of one with or. With `!`: none of the values."""
        return all(
            any(self._means(name.removesuffix("!"), value) for value in values) != name.endswith("!")
            for name, values in query.items()
        )

    def value(self, name: str) -> str:  # noqa: PLR0911  one for each kind of filter
        """A value of this filter that matches this event, or a value that matches none."""
        actor = self.sent["actor"]
        match name:
            case "actor":
                return str(actor.get("username") or actor.get("id") or ALIASES[actor["type"]])
            case "impersonator":
                given = actor.get("impersonator", {})
                return str(given.get("username") or given.get("id") or "nobody")
            case "credential":
                return SENDER
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
            case "impersonator":
                return self.impersonator in self.people.resolved_by(value)
            case "credential":
                return value == SENDER
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
        if self.impersonator is not None:
            given, somebody = actor["impersonator"], self._cast[self.impersonator]
            texts += [given.get("username") or somebody.username, given.get("name") or somebody.name]
        if target.get("type") == "user" and self.target is not None:
            somebody = self._cast[self.target]
            names = [target.get("username") or somebody.username, target.get("name") or somebody.name]
            return [*texts, self.people.guids.get(self.target), *names]
        return [*texts, target.get("id")]
