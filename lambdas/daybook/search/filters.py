"""Decides whether an event matches a reader's filters. All filters are defined here, whichever index answered.

Fields that are not sealed are checked first, which needs no key. The rest is checked on the opened event. Not equal is
the opposite of equal, so both are defined once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from daybook.catalogue.aliases import USER, is_user
from daybook.catalogue.labels import is_category
from daybook.events.reader import Opened
from daybook.people.lookup import Named, ResolvedQuery
from daybook.search.addresses import Addresses
from daybook.search.parameters import ANY_END, Filters
from daybook.text import composed, folded

Content = Mapping[str, Any]
Native = Mapping[str, Any]

_PLAIN: dict[str, Callable[[Content], Any]] = {
    "variant": lambda content: content.get("variant"),
    "component": lambda content: content.get("component"),
    "status": lambda content: content["status"],
    "origin": lambda content: content["origin"],
    "actor_type": lambda content: content["actor"]["type"],
    "user_type": lambda content: content["actor"].get("user_type"),
    "source_type": lambda content: content.get("source", {}).get("type"),
    "credential": lambda content: content.get("sender", {}).get("credential"),
}

_IDS: dict[str, Callable[[Native], str | None]] = {
    "session_id": lambda native: native["context"]["session_id"],
    "request_id": lambda native: native["context"]["request_id"],
    "caused_by": lambda native: native["caused_by"],
}


class Matcher:
    """`resolved` gives the meaning of the values that may name people or groups."""

    def __init__(self, filters: Filters, resolved: ResolvedQuery, role: str) -> None:
        self._role = role
        self._texts = filters.texts
        self._targets = _Targets(filters, resolved.named)
        unwanted_targets = _Targets(filters.negated, resolved.named)
        self._clear = _clear(filters, resolved.named, resolved.members)
        self._not_clear = _clear(filters.negated, resolved.named, resolved.excluded)
        self._opened = _opened(filters)
        self._not_opened = _opened(filters.negated)
        if unwanted_targets:
            self._not_opened.append(unwanted_targets.hold)

    def may_see(self, content: Content) -> bool:
        """Whether the caller's role may know of the event at all."""
        visibility: str = content.get("visibility", self._role)
        return visibility == self._role

    def matches_clear(self, content: Content) -> bool:
        """Checks what can be decided without keys."""
        return all(equals(content) for equals in self._clear) and not any(equals(content) for equals in self._not_clear)

    @property
    def needs_opening(self) -> bool:
        """Whether any filter can be decided only on the opened event."""
        return bool(self._targets or self._texts or self._opened or self._not_opened)

    def matches_opened(self, opened: Opened, native: Native) -> bool:
        if not all(equals(opened, native) for equals in self._opened):
            return False
        if any(equals(opened, native) for equals in self._not_opened):
            return False
        if self._targets and not self._targets.hold(opened, native):
            return False
        return not self._texts or _holds_text(native, self._texts)

    def is_hidden(self, opened: Opened) -> bool:
        """Whether the event may be about a requested target, but this can no longer be decided: its id contains a
        person who is forgotten, or whose key was not read.
        """
        return self._targets.may_be_hidden(opened)

    def is_target_itself(self, opened: Opened, native: Native) -> bool:
        """Whether the event's own target was requested, and not only what contains it."""
        target = native["target"]
        return target is not None and self._targets.include(opened, target, opened.content["target"])


def _clear(
    filters: Filters, named: Mapping[str, Named], members: frozenset[str] | None
) -> list[Callable[[Content], bool]]:
    """For each parameter, whether an event equals any of its values, as far as that needs no keys."""
    found = [_is_any(value_of, filters.of(name)) for name, value_of in _PLAIN.items() if filters.of(name)]
    if filters.of("activity"):
        found.append(_is_activity(filters.of("activity")))
    if filters.of("category"):
        categories = frozenset(filters.of("category"))
        found.append(lambda content: is_category(content["category"], categories))
    if members is not None:
        found.append(lambda content: content["actor"].get("id") in members)
    if filters.of("actor"):
        actors = [named[text] for text in filters.of("actor")]
        found.append(lambda content: _is_actor(content["actor"], actors))
    if filters.of("impersonator"):
        guids = frozenset(guid for text in filters.of("impersonator") for guid in named[text].guids)
        found.append(lambda content: content["actor"].get("impersonator", {}).get("id") in guids)
    return found


def _is_any(value_of: Callable[[Content], Any], values: tuple[str, ...]) -> Callable[[Content], bool]:
    wanted = frozenset(values)
    return lambda content: value_of(content) in wanted


def _is_activity(values: tuple[str, ...]) -> Callable[[Content], bool]:
    exact = frozenset(values)
    prefixes = tuple(value.removesuffix(ANY_END) for value in values if value.endswith(ANY_END))
    return lambda content: content["activity"] in exact or content["activity"].startswith(prefixes)


def _opened(filters: Filters) -> list[Callable[[Opened, Native], bool]]:
    """For each parameter but `target`, whether an event equals any of its values that need keys."""
    found: list[Callable[[Opened, Native], bool]] = []
    if filters.of("ip"):
        addresses = Addresses(filters.of("ip"))
        found.append(lambda _, native: native["context"]["ip"] in addresses)
    return found + [_is_any_id(value_of, filters.of(name)) for name, value_of in _IDS.items() if filters.of(name)]


def _is_any_id(value_of: Callable[[Native], str | None], values: tuple[str, ...]) -> Callable[[Opened, Native], bool]:
    wanted = frozenset(map(composed, values))

    def equals(_: Opened, native: Native) -> bool:
        value = value_of(native)
        return value is not None and composed(value) in wanted

    return equals


class _Targets:
    """The targets of one filter."""

    def __init__(self, filters: Filters, named: Mapping[str, Named]) -> None:
        self._asked = [
            # A crowd's people are not known. An id that is one of their names is compared as the name that it is.
            (kind, named[text].guids, composed(text), folded(text) if named[text].is_crowded else None)
            for kind, text in filters.targets
        ]

    def __bool__(self) -> bool:
        return bool(self._asked)

    def hold(self, opened: Opened, native: Native) -> bool:
        """Whether the event's target, or what contains it, is one of them."""
        target = native["target"]
        if target is None:
            return False
        written, within = opened.content["target"], target["within"]
        return self.include(opened, target, written) or (
            within is not None and self.include(opened, within, written["within"])
        )

    def include(self, opened: Opened, shown: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
        kind, text = _kind(shown), written.get("id")
        if text is None:
            return False
        guid = text if kind == USER else written.get("person")
        shown_id = composed(shown["id"]) if kind != USER and opened.is_readable(text) else None
        name = folded(shown_id) if shown_id is not None and "person" in written else None
        return any(
            kind == asked and (guid in guids or asked_text == shown_id or (crowd is not None and crowd == name))
            for asked, guids, asked_text, crowd in self._asked
        )

    def may_be_hidden(self, opened: Opened) -> bool:
        written = opened.content.get("target")
        if not self._asked or written is None:
            return False
        places = [place for place in (written, written.get("within")) if place is not None and "id" in place]
        kinds = {kind for kind, *_ in self._asked} - {USER}
        unreadable = any(_kind(place) in kinds and not opened.is_readable(place["id"]) for place in places)
        return unreadable and not self.hold(opened, {"target": opened.target()})


def _kind(place: Mapping[str, Any]) -> str:
    kind: str = place["type"]
    return USER if is_user(kind) else kind


def _is_actor(actor: Mapping[str, Any], wanted: list[Named]) -> bool:
    guid = actor.get("id")
    by_alias = "alias" in actor
    for named in wanted:
        if guid in named.guids or (by_alias and actor["type"] in named.types):
            return True
        if guid is None and not named.is_known and _carries(actor, named.text):
            return True
    return False


def _carries(actor: Mapping[str, Any], text: str) -> bool:
    """Whether an actor other than a person has this username or id."""
    return composed(text) == composed(actor.get("client_id", "")) or folded(text) == folded(actor.get("username", ""))


def _holds_text(native: Native, texts: tuple[str, ...]) -> bool:
    target, actor = native["target"] or {}, native["actor"]
    impersonator = actor.get("impersonator") or {}
    searched = (
        native["details"],
        native["activity"],
        native["component"],
        target.get("id"),
        target.get("name"),
        target.get("username"),
        actor["username"],
        actor["name"],
        impersonator.get("username"),
        impersonator.get("name"),
    )
    # No text holds the separator, so none is found across two of them.
    everything = folded("\0".join(filter(None, searched)))
    return any(text in everything for text in texts)
