"""Decides whether an event matches a reader's filters. All filters are defined here, whichever index answered.

Fields that are not sealed are checked first, which needs no key. The rest is checked on the opened event.
"""

from collections.abc import Callable, Mapping
from typing import Any

from daybook.catalogue.aliases import USER
from daybook.catalogue.labels import is_category
from daybook.events.reader import Opened
from daybook.people.identities import folded
from daybook.people.lookup import ResolvedQuery
from daybook.search.parameters import Filters

_PLAIN: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "activity": lambda content: content["activity"],
    "variant": lambda content: content.get("variant"),
    "component": lambda content: content.get("component"),
    "status": lambda content: content["status"],
    "origin": lambda content: content["origin"],
    "actor_type": lambda content: content["actor"]["type"],
    "user_type": lambda content: content["actor"].get("user_type"),
    "source_type": lambda content: content.get("source", {}).get("type"),
}


class Matcher:
    """`resolved` gives the meaning of the values of `actor`, `target` and `group`."""

    def __init__(self, filters: Filters, resolved: ResolvedQuery, role: str) -> None:
        named = resolved.named
        self._filters = filters
        self._role = role
        self._plain = [(value_of, frozenset(filters.of(name))) for name, value_of in _PLAIN.items() if filters.of(name)]
        self._categories = frozenset(filters.of("category"))
        self._actors = [named[text] for text in filters.of("actor")]
        self._targets = [(kind, named[text]) for kind, text in filters.targets]
        self._members = resolved.members

    def matches_clear(self, content: Mapping[str, Any]) -> bool:
        """Checks what can be decided without keys, including the caller's right to see the event."""
        if content.get("visibility", self._role) != self._role:
            return False
        if not all(value_of(content) in wanted for value_of, wanted in self._plain):
            return False
        if self._categories and not is_category(content["category"], self._categories):
            return False
        if self._members is not None and content["actor"].get("id") not in self._members:
            return False
        return not self._actors or self._is_actor(content["actor"])

    @property
    def needs_opening(self) -> bool:
        """Whether any filter can be decided only on the opened event."""
        return bool(
            self._targets
            or self._filters.texts
            or any(self._filters.of(name) for name in ("ip", "caused_by", "session_id", "request_id"))
        )

    def matches_opened(self, opened: Opened, native: Mapping[str, Any]) -> bool:
        filters, context = self._filters, native["context"]
        for name, value in (
            ("ip", context["ip"]),
            ("session_id", context["session_id"]),
            ("request_id", context["request_id"]),
            ("caused_by", native["caused_by"]),
        ):
            if filters.of(name) and value not in filters.of(name):
                return False
        if self._targets and not self._is_target(opened, native):
            return False
        return not filters.texts or _holds_text(native, filters.texts)

    def _is_actor(self, actor: Mapping[str, Any]) -> bool:
        guid = actor.get("id")
        for named in self._actors:
            if guid in named.guids or actor.get("alias") in named.aliases:
                return True
            if guid is None and not named.is_known and _carries(actor, named.text):
                return True
        return False

    def is_hidden(self, opened: Opened) -> bool:
        """Whether the event may be about a requested target, but this can no longer be decided: its id contains a
        person who is forgotten, or whose key was not read.
        """
        written = opened.content.get("target")
        if not self._targets or written is None:
            return False
        places = [place for place in (written, written.get("within")) if place is not None and "id" in place]
        kinds = {kind for kind, _ in self._targets} - {USER}
        unreadable = any(place["type"] in kinds and not opened.is_readable(place["id"]) for place in places)
        return unreadable and not self._is_target(opened, {"target": opened.target()})

    def is_target_itself(self, opened: Opened, native: Mapping[str, Any]) -> bool:
        """Whether the event's own target was requested, and not only what contains it."""
        target = native["target"]
        return target is not None and self._is_asked_for(opened, target, opened.content["target"])

    def _is_target(self, opened: Opened, native: Mapping[str, Any]) -> bool:
        target = native["target"]
        if target is None:
            return False
        within = target["within"]
        return self.is_target_itself(opened, native) or (
            within is not None and self._is_asked_for(opened, within, opened.content["target"]["within"])
        )

    def _is_asked_for(self, opened: Opened, shown: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
        kind, text = shown["type"], written.get("id")
        if text is None:
            return False
        guid = text if kind == USER else written.get("person")
        names = kind != USER and opened.is_readable(text)
        return any(
            kind == asked and (guid in named.guids or (names and shown["id"] == named.text))
            for asked, named in self._targets
        )


def _carries(actor: Mapping[str, Any], text: str) -> bool:
    """Whether an actor other than a person has this username or id."""
    return text == actor.get("client_id") or folded(text) == folded(actor.get("username", ""))


def _holds_text(native: Mapping[str, Any], texts: tuple[str, ...]) -> bool:
    target, actor = native["target"] or {}, native["actor"]
    searched = (
        native["details"],
        native["activity"],
        native["component"],
        target.get("id"),
        target.get("name"),
        actor["username"],
        actor["name"],
    )
    folded_texts = [text.casefold() for text in searched if text]
    return any(text in searched_text for searched_text in folded_texts for text in texts)
