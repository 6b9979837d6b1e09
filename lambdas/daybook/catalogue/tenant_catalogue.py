"""A tenant's catalogue: the activities of its profile, replaced and extended by the tenant's own.

An event keeps the wording and the category that it was recorded with. Therefore the former categories of an activity
are remembered, the tenant's and the profile's: a filter by category asks for every activity that is or ever was in it.
"""

from collections import OrderedDict
from collections.abc import Container, Mapping
from functools import cached_property
from typing import Literal, Protocol

import msgspec

from daybook.catalogue.description import CatalogueDescription, describe
from daybook.catalogue.labels import is_category
from daybook.catalogue.profile import Activity, Profile, profile
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

MAX_KEPT = 256
"""The number of tenants whose catalogues a function caches."""


class OwnActivity(msgspec.Struct, frozen=True, dict=True):
    """What a tenant has defined for one activity."""

    definition: Activity | None
    """None: the definition was removed, and the profile's applies again if there is one."""
    categories: tuple[str, ...]
    """Every category that it has had as the tenant's own activity."""

    @cached_property
    def bytes(self) -> int:
        """The length of the definition as JSON."""
        return len(msgspec.json.encode(self.definition))


class Catalogue:
    def __init__(self, about: Profile, own: Mapping[str, OwnActivity]) -> None:
        self.profile = about
        self._own = own
        defined = {name: one.definition for name, one in own.items() if one.definition is not None}
        self._activities = {**about.activities, **defined}

    def activity(self, name: str) -> Activity | None:
        return self._activities.get(name)

    def own(self, name: str) -> OwnActivity | None:
        """The tenant's own activity of this name, even if its definition was removed."""
        return self._own.get(name)

    @property
    def own_names(self) -> frozenset[str]:
        """The names of all own activities, including those whose definition was removed."""
        return frozenset(self._own)

    def own_bytes(self, without: str) -> int:
        """The length of the tenant's own definitions as JSON, without the one of this name."""
        return sum(one.bytes for name, one in self._own.items() if name != without)

    def activities_in(self, categories: Container[str]) -> list[str]:
        """The activities whose events may be in one of these categories, given as labels or slugs."""
        own = {name: one.categories for name, one in self._own.items()}
        return list(
            dict.fromkeys(
                name
                for ever in (self.profile.categories_ever, own)
                for name, labels in ever.items()
                if any(is_category(label, categories) for label in labels)
            )
        )

    @cached_property
    def labels(self) -> frozenset[str]:
        """The labels of components, categories, variants and sources."""
        found = {label for each in self._activities.values() for label in (each.component, each.category)}
        found |= {category for ever in self.profile.categories_ever.values() for category in ever}
        found |= {category for one in self._own.values() for category in one.categories}
        found |= {variant.variant for each in self._activities.values() for variant in each.variants}
        return frozenset(found | (self.profile.source_types or set()))

    def described(self, mode: Literal["open", "strict"]) -> CatalogueDescription:
        """The response of `GET /v1/catalogue`."""
        return describe(msgspec.structs.replace(self.profile, activities=self._activities), mode)


class OwnActivities(Protocol):
    def own_activities(self, tenant: TenantCode) -> Mapping[str, OwnActivity]:
        """All own activities of a tenant, by name."""


class Catalogues:
    """Composes tenants' catalogues. Caches each until the settings name a newer version, or until others are used more
    recently.
    """

    def __init__(self, store: OwnActivities) -> None:
        self._store = store
        self._kept: OrderedDict[TenantCode, tuple[int, Catalogue]] = OrderedDict()

    def of(self, settings: TenantSettings) -> Catalogue:
        version, catalogue = self._kept.get(settings.code, (-1, None))
        if catalogue is None or version != settings.catalogue_version:
            own = self._store.own_activities(settings.code) if settings.catalogue_version else {}
            catalogue = Catalogue(profile(settings.profile), own)
            self._kept[settings.code] = settings.catalogue_version, catalogue
        self._kept.move_to_end(settings.code)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return catalogue
