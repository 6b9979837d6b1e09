"""How a read appears in the log of the log: people as people, free text only as present, labels as labels.

The id of a target may hold anybody's name, and nothing in a query says whose. So a record names a target's type. It
names the id only in two cases: the whole id is a person, who is sealed; or the events that the read found show the id
in the clear. In the second case the record repeats what the log shows already.

Not equal (`actor!`) is written like equal. A record seals at most `MAX_PEOPLE` people, so it always fits into an event:
the filters that name further people are written as present only.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from daybook.catalogue.aliases import is_user
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.events.reader import Opened
from daybook.people.identities import Person
from daybook.people.lookup import Named
from daybook.people.tokens import is_searchable
from daybook.self_audit.recorder import AuditAction
from daybook.self_audit.words import in_words, rows_in_words
from daybook.tenant import EnvironmentKey

_NOT_RECORDED = frozenset({"cursor", "limit", "view", "tz", "with"})
UNKNOWN = "?"
"""Replaces a name that nobody has: it may be somebody's name all the same."""

MAX_PEOPLE = 64
"""As many as one value of a filter may mean (`too_many_people`): what names fewer is written."""

LABELS = frozenset({"activity", "category", "component", "credential", "source_type", "user_type", "variant"})
"""Filters whose values are labels. A value is recorded if it is a label, or looks like one."""

NAMES_NOBODY = frozenset(
    {
        "actor_type",
        "by",
        "environment",
        "from",
        "group",
        "interval",
        "origin",
        "range",
        "sort",
        "status",
        "to",
        "top",
    }
)
"""Parameters whose values are recorded as they were sent: choices, moments, and names that admins gave."""
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ACTIVITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\*?")
_NEGATION = "!"

KeysOf = Callable[[EnvironmentKey, Iterable[str]], Mapping[str, bytes]]


class KnownTargets:
    """The targets, `type:id`, whose ids stand in the clear in every event that a read found about them.

    And at least one of these events is for all readers: the record, which they may read, repeats what it shows.
    """

    def __init__(self, events: Iterable[Opened] = ()) -> None:
        self._in_clear: set[str] = set()
        self._naming: set[str] = set()
        for event in events:
            self.note(event)

    def note(self, event: Opened) -> None:
        for target, names_somebody in event.target_ids():
            if names_somebody:
                self._naming.add(target)
            elif "visibility" not in event.content:
                self._in_clear.add(target)

    def __contains__(self, target: object) -> bool:
        return target in self._in_clear and target not in self._naming


@dataclass(frozen=True)
class Writing:
    """How the values of a query are written into its record."""

    named: Mapping[str, Named]
    living: Container[str]
    """The GUIDs of those whom `named` means and whose keys exist."""
    people: Mapping[str, Sequence[Person]]
    """Who can be sealed, by the text that names them."""
    crowded: Container[str]
    """Texts that name further people, beyond `MAX_PEOPLE`."""
    known: Container[str]
    catalogue: Catalogue

    @classmethod
    def of(
        cls,
        environment: EnvironmentKey,
        catalogue: Catalogue,
        named: Mapping[str, Named],
        keys_of: KeysOf,
        known: Container[str] = frozenset(),
    ) -> "Writing":
        """`named` resolves each value of `actor` and each id of `target`; `known` are the targets that may be written.

        Reads the keys of the people whom the query names.
        """
        keys = keys_of(environment, (guid for one in named.values() for guid in one.guids))
        people = {
            # A text that is the person's own GUID names nobody. A client's id may have a GUID's form, and does name.
            text: [Person(guid, keys[guid]) for guid in sorted(one.guids) if guid in keys and guid != text.lower()]
            for text, one in named.items()
        }
        sealed, crowded = _bounded({text: some for text, some in sorted(people.items()) if some})
        return cls(named, frozenset(keys), sealed, crowded, known, catalogue)

    def filters(self, query: Mapping[str, Sequence[str]]) -> list[str]:
        return filter_texts(query, self.person, self.target, self.label)

    def person(self, text: str) -> str | None:
        """The name that was asked for, which becomes a token; the GUID where the name is too short to become one.

        None: the filter may only be written as present.
        """
        if text in self.crowded:
            return None
        if text in self.people:
            return text if is_searchable(text) else self.people[text][0].guid
        one = self.named[text]
        return text if one.types or text.lower() in one.guids else UNKNOWN

    def target(self, target: str) -> str:
        """`type:id` where the id may be written, else the type alone."""
        kind, _, text = target.partition(":")
        if text in self.crowded:
            return kind
        if is_user(kind) or text in self.people:
            return f"{kind}:{self.person(text)}"
        names_nobody = self.named[text].types or text.lower() in self.living
        return target if names_nobody or target in self.known else kind

    def label(self, name: str, value: str) -> str:
        form = _ACTIVITY if name == "activity" else _LABEL
        return value if form.fullmatch(value) or value in self.catalogue.labels else UNKNOWN


def search_done(writing: Writing, query: Mapping[str, Sequence[str]], *, rows: int, more: bool) -> AuditAction:
    """A search, described by its first page."""
    filters = writing.filters(query)
    return AuditAction(
        "searched",
        {"filters": filters, "rows": rows, "more": more},
        people=writing.people,
        wording=["Audit log searched: ", *in_words(filters), "; ", rows_in_words(rows, more=more)],
    )


def filter_texts(
    query: Mapping[str, Sequence[str]],
    person: Callable[[str], str | None],
    target: Callable[[str], str],
    label: Callable[[str, str], str],
) -> list[str]:
    """Each filter as `name=value`, its value written by `person`, `target` or `label`; of free text only the name."""
    write: dict[str, Callable[[str], str | None]] = {
        "actor": person,
        "impersonator": person,
        "target": target,
        **{name: partial(label, name) for name in LABELS},
        **dict.fromkeys(NAMES_NOBODY, str),
    }
    found: list[str] = []
    for name, values in _asked(query):
        # Anything else is free text, an address, or an id that a sender chose: it may hold a name.
        writing = write.get(name.removesuffix(_NEGATION))
        written = [] if writing is None else [writing(value) for value in values]
        found += [f"{name}={each}" for each in written if each is not None]
        if writing is None or None in written:
            found.append(name)
    return found


def _bounded(
    people: Mapping[str, Sequence[Person]],
) -> tuple[Mapping[str, Sequence[Person]], frozenset[str]]:
    """Those of the first texts, up to `MAX_PEOPLE` people, and the texts that name more."""
    kept: dict[str, Sequence[Person]] = {}
    count = 0
    for text, some in people.items():
        if count + len(some) <= MAX_PEOPLE:
            kept[text] = some
            count += len(some)
    return kept, frozenset(people.keys() - kept.keys())


def _asked(query: Mapping[str, Sequence[str]]) -> list[tuple[str, list[str]]]:
    return sorted((name, sorted(set(values))) for name, values in query.items() if name not in _NOT_RECORDED)
