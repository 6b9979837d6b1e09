"""Keeps people by GUID in a view, once somebody has a name that nobody had when it was saved: a view may keep no name
that is to be forgotten.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from daybook.crypto.keys import TenantKeys
from daybook.errors import Throttled
from daybook.search.saved_view import (
    SavedView,
    StoredView,
    ids_in,
    seal_view,
    texts_in,
    with_guids,
)
from daybook.tenant import EnvironmentKey
from manage.saved_query import is_too_long
from manage.view_people import ViewPeople

MAX_TEXTS = 500
"""Looked up by one read, which would otherwise have no bound: a list may have 20,000."""

Opened = tuple[StoredView, SavedView]


class Replacing(Protocol):
    def replace(self, environment: EnvironmentKey, old: StoredView, new: StoredView) -> None:
        """Does nothing where it was changed or removed since `old` was read. Raises `Throttled`."""


@dataclass(frozen=True)
class Settling:
    views: Replacing
    people: ViewPeople
    environment: EnvironmentKey
    keys: TenantKeys
    random_bytes: Callable[[int], bytes]

    def settled(self, opened: Sequence[Opened]) -> list[Opened]:
        """The views as they are now, as far as `MAX_TEXTS` reaches. Raises `Throttled`."""
        texts = self._chosen(opened)
        if not texts:
            return list(opened)
        meant = self.people.meant(
            [text for text, is_id in texts if not is_id], [text for text, is_id in texts if is_id]
        )
        found: list[Opened] = []
        for view, saved in opened:
            query = with_guids(saved.query, meant.people, meant.ids)
            if is_too_long(query):
                # For a search, which finds the living by the text as well.
                query = with_guids(saved.query, meant.forgotten, meant.ids)
            found.append((view, saved) if query == saved.query else self._stored(view, replace(saved, query=query)))
        return found

    def _chosen(self, opened: Sequence[Opened]) -> list[tuple[str, bool]]:
        """The texts to look up, each with whether it is the id of a target that is no user. Of too many each read
        chooses others, so each has its turn.
        """
        texts = {(text, False) for _, saved in opened for text in texts_in(saved.query)}
        texts |= {(text, True) for _, saved in opened for text in ids_in(saved.query)}
        found = sorted(texts)
        if len(found) <= MAX_TEXTS:
            return found
        start = int.from_bytes(self.random_bytes(4)) % len(found)
        return [*found[start:], *found[:start]][:MAX_TEXTS]

    def _stored(self, view: StoredView, saved: SavedView) -> Opened:
        stored = seal_view(saved, view.name, view.owner, self.environment, self.keys)
        with suppress(Throttled):  # the next read tries again; this one shows it as it should be
            self.views.replace(self.environment, view, stored)
        return stored, saved
