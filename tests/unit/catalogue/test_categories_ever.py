"""Events keep the category and the alias that they were recorded with, so a search by them must find them after every
later release.
"""

import tomllib
from pathlib import Path

import msgspec
import pytest

from daybook.catalogue.aliases import ACTOR_TYPES, Aliases, FormerAliases, shown_name
from daybook.catalogue.profile import PROFILES, Profile, profile
from daybook.catalogue.tenant_catalogue import Catalogue, OwnActivity

RELEASED = tomllib.loads(Path(__file__).with_name("categories_ever.toml").read_text("utf-8"))
RELEASED_ALIASES = {
    "generic": {"system": {"System"}, "api": {"API"}, "operations": {"Operations"}, "unknown": {"Unknown"}},
    "chat": {"system": {"System"}, "api": {"API"}, "operations": {"Operations"}, "unknown": {"Unknown"}},
    "jiffy": {"system": {"System"}, "api": {"API"}, "operations": {"Operations"}, "unknown": {"Unknown"}},
    "enate": {"system": {"System"}, "api": {"API"}, "operations": {"Operations"}, "unknown": {"Unknown"}},
    "carear": {
        "system": {"System"},
        "api": {"Provisioning API"},
        "operations": {"CareAR Operations"},
        "unknown": {"Unknown"},
    },
    "symbee": {"system": {"System"}, "api": {"API"}, "operations": {"Operations"}, "unknown": {"Unknown"}},
}
"""Append-only, as the other list."""


def pairs(name: str) -> set[tuple[str, str]]:
    return {(activity, category) for category, activities in RELEASED[name].items() for activity in activities}


def ever(about: Profile) -> set[tuple[str, str]]:
    return {(activity, category) for activity, categories in about.categories_ever.items() for category in categories}


@pytest.mark.parametrize("name", PROFILES)
def test_no_activity_loses_a_category(name: str) -> None:
    """An activity that moves names the old category in `former_categories`; one that goes, in `former_activities`."""
    lost = pairs(name) - ever(profile(name))
    assert not lost, "list these as former in the profile"
    unlisted = ever(profile(name)) - pairs(name)
    assert not unlisted, "add these to categories_ever.toml"


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_former_is_not_present(name: str) -> None:
    """An activity that comes back takes its former categories along, and one is never in the same category twice."""
    about = profile(name)
    assert not about.former_activities.keys() & about.activities.keys()
    for activity, categories in about.categories_ever.items():
        assert len(set(categories)) == len(categories), activity


def test_an_activity_is_found_in_its_former_categories() -> None:
    """After a release that moves one activity and drops another, also where a tenant has replaced it."""
    before = profile("carear")
    moved = msgspec.structs.replace(
        before.activities["surveys.add"], category="Experiences", former_categories=("Surveys",)
    )
    kept = {name: each for name, each in before.activities.items() if name != "surveys.delete"}
    after = msgspec.structs.replace(
        before, activities=kept | {"surveys.add": moved}, former_activities={"surveys.delete": ("Surveys",)}
    )
    own = OwnActivity(msgspec.structs.replace(moved, category="Mine", former_categories=()), ("Mine",))
    for catalogue in (Catalogue(after, {}), Catalogue(after, {"surveys.add": own})):
        for asked in ("Surveys", "surveys"):
            assert set(catalogue.activities_in({asked})) == set(Catalogue(before, {}).activities_in({asked}))
        assert "surveys.add" in catalogue.activities_in({"Experiences"})
        assert "surveys.delete" not in catalogue.activities_in({"Experiences"})
        assert "Surveys" in catalogue.labels


@pytest.mark.parametrize("name", PROFILES)
def test_no_alias_is_forgotten(name: str) -> None:
    """An alias that changes stays in `aliases.former`: events show it, and nobody may be mistaken for it."""
    aliases = profile(name).aliases
    assert {kind: set(aliases.ever(kind)) for kind in ACTOR_TYPES} == RELEASED_ALIASES[name]


def test_a_former_alias_is_still_one() -> None:
    now = Aliases("Robot", "API", "Operations", "Unknown", FormerAliases(system=("System",)))
    assert shown_name("system", now) == '"system"'
    assert shown_name("robot", now) == '"robot"'
