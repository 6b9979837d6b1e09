"""How a read stands in the log of the log: people as people, free text only as present."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from daybook.caller import Tenant
from daybook.identities import Person
from daybook.mentions import USER
from daybook.reading.people import Named
from daybook.recording import Doing
from daybook.tokens import is_sought

_NOT_RECORDED = frozenset({"cursor", "limit", "view", "tz"})
# What people write into ids of their own may hold names, as the free text of a search may.
_PRESENT = frozenset({"q", "ip", "session_id", "request_id", "caused_by"})
_UNKNOWN = "?"
"""Stands for a name that nobody has: it may be somebody's all the same."""

People = dict[str, list[Person]]
KeysOf = Callable[[Tenant, Iterable[str]], Mapping[str, bytes]]


def search_done(
    query: Mapping[str, Sequence[str]], named: Mapping[str, Named], people: People, *, rows: int, more: bool
) -> Doing:
    """A search by its first page. `people`: those of `named` whose names can be sealed."""
    asked = _asked(query)
    filters = filter_texts(query, lambda text: person_text(text, named, people), people)
    return Doing(
        "searched",
        {"filters": filters, "rows": rows, "more": more},
        people=people,
        once_a_minute=repr(asked).encode(),
    )


def filter_texts(query: Mapping[str, Sequence[str]], person: Callable[[str], str], people: Container[str]) -> list[str]:
    """Each filter as `name=value`; `person` writes whom a value names, and of free text only the name stands."""
    return [text for name, values in _asked(query) for text in _filter_texts(name, values, person, people)]


def target_text(target: str, named: Mapping[str, Named], people: People) -> str:
    return _target_text(target, lambda text: person_text(text, named, people), people)


def _asked(query: Mapping[str, Sequence[str]]) -> list[tuple[str, list[str]]]:
    return sorted((name, sorted(set(values))) for name, values in query.items() if name not in _NOT_RECORDED)


def _filter_texts(name: str, values: Sequence[str], person: Callable[[str], str], people: Container[str]) -> list[str]:
    if name in _PRESENT:
        return [name]
    if name == "actor":
        return [f"{name}={person(value)}" for value in values]
    if name == "target":
        return [f"{name}={_target_text(value, person, people)}" for value in values]
    return [f"{name}={value}" for value in values]


def _target_text(target: str, person: Callable[[str], str], people: Container[str]) -> str:
    kind, _, text = target.partition(":")
    return f"{kind}:{person(text)}" if kind == USER or text in people else target


def person_text(text: str, named: Mapping[str, Named], people: People) -> str:
    """The name that was asked for, which becomes a token; a GUID in place of one that no text is searched for."""
    if text in people:
        return text if is_sought(text) else people[text][0].guid
    return text if named[text].aliases or text.lower() in named[text].guids else _UNKNOWN


def people_to_seal(tenant: Tenant, named: Mapping[str, Named], keys_of: KeysOf) -> People:
    """Everyone whom a name of the query stands for and whose key there is."""
    keys = keys_of(tenant, (guid for one in named.values() for guid in one.guids))
    found = {
        # Not the person whose GUID the text is: that is no name. A client's id may have a GUID's form, and is one.
        text: [Person(guid, keys[guid]) for guid in sorted(one.guids) if guid in keys and guid != text.lower()]
        for text, one in named.items()
    }
    return {text: persons for text, persons in found.items() if persons}
