"""How a read stands in the log of the log: people as people, free text only as present, labels as labels."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from daybook.catalogue.aliases import USER
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.crypto.keys import DeploymentKeys
from daybook.people.identities import Person
from daybook.people.lookup import IdentityReader, Named
from daybook.people.tokens import is_sought
from daybook.self_audit.names_in_targets import Within, names_within
from daybook.self_audit.recorder import AuditAction
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings

_NOT_RECORDED = frozenset({"cursor", "limit", "view", "tz"})
# What people write into ids of their own may hold names, as the free text of a search may.
_PRESENT = frozenset({"q", "ip", "session_id", "request_id", "caused_by"})
_UNKNOWN = "?"
"""Stands for a name that nobody has: it may be somebody's all the same."""

LABELS = frozenset({"activity", "category", "component", "source_type", "user_type", "variant"})
"""What may be anything, and is a label where it is what it should be."""
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ACTIVITY = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")

People = dict[str, list[Person]]
KeysOf = Callable[[Tenant, Iterable[str]], Mapping[str, bytes]]


@dataclass(frozen=True)
class Writing:
    """How the values of a query are written. `people`: those whose names can be sealed, by the text that is one."""

    named: Mapping[str, Named]
    people: People
    within: Within
    catalogue: Catalogue

    def filters(self, query: Mapping[str, Sequence[str]]) -> list[str]:
        return filter_texts(query, self.person, self.target, self.label)

    def person(self, text: str) -> str:
        """The name that was asked for, which becomes a token; a GUID in place of one that no text is searched for."""
        if text in self.people:
            return text if is_sought(text) else self.people[text][0].guid
        one = self.named[text]
        return text if one.aliases or text.lower() in one.guids else _UNKNOWN

    def target(self, target: str) -> str:
        """Names among other things become tokens, too; where one can't, nothing of the text is written."""
        kind, _, text = target.partition(":")
        if kind == USER:
            return f"{kind}:{self.person(text)}"
        if text in self.within.hidden or not self.people.keys() >= self.within.parts.get(text, {}).keys():
            return f"{kind}:{_UNKNOWN}"
        return f"{kind}:{self.person(text)}" if text in self.people else target

    def names_others(self, text: str) -> bool:
        """Whether somebody's name stands in it among other things, or may."""
        return text in self.within.hidden or bool(self.within.parts.get(text))

    def label(self, name: str, value: str) -> str:
        form = _ACTIVITY if name == "activity" else _LABEL
        return value if form.fullmatch(value) or value in self.catalogue.labels else _UNKNOWN


def writing_of(  # noqa: PLR0913  what it looks at, and with what
    reader: IdentityReader,
    keys: DeploymentKeys,
    keys_of: KeysOf,
    *,
    settings: TenantSettings,
    catalogue: Catalogue,
    named: Mapping[str, Named],
    targets: Iterable[str],
) -> Writing:
    """One read for the names within ids of `targets`, and none where there are none."""
    cut = [target.partition(":") for target in targets]
    within = names_within(reader, settings.tenant, keys.gone, [text for kind, _, text in cut if kind != USER])
    people = people_to_seal(settings.tenant, {**within.named, **named}, keys_of)
    return Writing(named, people, within, catalogue)


def search_done(writing: Writing, query: Mapping[str, Sequence[str]], *, rows: int, more: bool) -> AuditAction:
    """A search by its first page."""
    return AuditAction(
        "searched",
        {"filters": writing.filters(query), "rows": rows, "more": more},
        people=writing.people,
        once_a_minute=repr(_asked(query)).encode(),
    )


def filter_texts(
    query: Mapping[str, Sequence[str]],
    person: Callable[[str], str],
    target: Callable[[str], str],
    label: Callable[[str, str], str],
) -> list[str]:
    """Each filter as `name=value`, as whom, what and which label are written; of free text only the name stands."""
    write = {"actor": person, "target": target}
    found = []
    for name, values in _asked(query):
        if name in _PRESENT:
            found.append(name)
        elif name in LABELS:
            found += [f"{name}={label(name, value)}" for value in values]
        else:
            found += [f"{name}={write.get(name, str)(value)}" for value in values]
    return found


def _asked(query: Mapping[str, Sequence[str]]) -> list[tuple[str, list[str]]]:
    return sorted((name, sorted(set(values))) for name, values in query.items() if name not in _NOT_RECORDED)


def people_to_seal(tenant: Tenant, named: Mapping[str, Named], keys_of: KeysOf) -> People:
    """Everyone whom a name of the query stands for and whose key there is."""
    keys = keys_of(tenant, (guid for one in named.values() for guid in one.guids))
    found = {
        # Not the person whose GUID the text is: that is no name. A client's id may have a GUID's form, and is one.
        text: [Person(guid, keys[guid]) for guid in sorted(one.guids) if guid in keys and guid != text.lower()]
        for text, one in named.items()
    }
    return {text: persons for text, persons in found.items() if persons}
