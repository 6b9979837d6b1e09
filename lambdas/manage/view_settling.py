"""Keeps people by GUID in a view, once somebody has a name that nobody had when it was saved: a view may keep no name
that is to be forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from daybook.crypto.keys import TenantKeys
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

    def settled(self, opened: Sequence[Opened]) -> list[Opened]:
        """The views as they are now. Raises `Throttled`."""
        texts = set().union(*(texts_in(saved.query) for _, saved in opened))
        ids = set().union(*(ids_in(saved.query) for _, saved in opened))
        if not texts and not ids:
            return list(opened)
        meant = self.people.meant(sorted(texts), sorted(ids))
        found: list[Opened] = []
        for view, saved in opened:
            query = with_guids(saved.query, meant.people, meant.ids)
            if is_too_long(query):
                # For a search, which finds the living by the text as well.
                query = with_guids(saved.query, meant.forgotten, meant.ids)
            found.append((view, saved) if query == saved.query else self._stored(view, replace(saved, query=query)))
        return found

    def _stored(self, view: StoredView, saved: SavedView) -> Opened:
        stored = seal_view(saved, view.name, view.owner, self.environment, self.keys)
        self.views.replace(self.environment, view, stored)
        return stored, saved
