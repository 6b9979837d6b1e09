"""Which types of actors an alias means."""

import pytest

from daybook.catalogue.aliases import Aliases, FormerAliases
from daybook.catalogue.profile import PROFILES, profile

ALIASES = Aliases("System", "API", "Support", "Unknown", FormerAliases(api=("Interface",), operations=("API",)))


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("System", {"system"}),
        ("sYSTEM", {"system"}),
        ("interface", {"api"}),
        ("API", {"api", "operations"}),
        ("System ", set()),
        ("Operations", set()),
        ("user", set()),
        ("", set()),
    ],
)
def test_present_and_former_aliases_mean_their_type(name: str, types: set[str]) -> None:
    """In any case: an event shows the alias of its time, and is found by it."""
    assert ALIASES.types_called(name) == types


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_has_an_alias_of_its_own_for_each_type(name: str) -> None:
    """So each alias means one type."""
    aliases = profile(name).aliases
    for kind in ("system", "api", "operations", "unknown"):
        assert aliases.types_called(aliases.of(kind) or "") == {kind}
