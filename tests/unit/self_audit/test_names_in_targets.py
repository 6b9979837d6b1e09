"""What is looked up of a target's text, so that its record holds no name."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.people.identities import Reference, Row
from daybook.people.resolver import Identities
from daybook.self_audit.names_in_targets import MAX_KEYS, names_within
from daybook.tenant import Tenant
from tests.support.ingest import KEYS, seeded_bytes
from tests.support.memory_stores import MemoryIdentities

ACME = Tenant("acme")


class Counting(MemoryIdentities):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        keys = list(sort_keys)
        self.asked.append(len(keys))
        return super().read(tenant, keys)


def parts_of(text: str, *known: str) -> set[str]:
    store = MemoryIdentities()
    Identities(store, seeded_bytes()).resolve(ACME, [Reference(username=name) for name in known])
    found: Any = names_within(store, ACME, KEYS.gone, [text])
    return set(found.named)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mike.mars-files", {"mike.mars"}),
        ("MIKE.MARS", {"MIKE.MARS"}),
        ("mike.marsian", set()),
        ("a/b/mike.mars/jane/c", {"mike.mars", "jane"}),
        ("jo", {"jo"}),
        ("jo-1", set()),
        ("佐藤花子さん", {"佐藤花子"}),
    ],
)
def test_names_are_found_as_in_an_event(text: str, names: set[str]) -> None:
    """At word boundaries, beyond ASCII anywhere, and of those too short only where they are the whole."""
    assert parts_of(text, "mike.mars", "jane", "jo", "佐藤花子") == names


@given(st.lists(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=512), max_size=100))
def test_it_is_one_read_whatever_the_texts(texts: list[str]) -> None:
    """Of what a batch takes, and none where there is no text; what was not looked at must not be written."""
    store = Counting()
    within = names_within(store, ACME, KEYS.gone, texts)
    assert len(store.asked) == bool(texts)
    assert all(0 < number <= MAX_KEYS for number in store.asked)
    assert within.hidden == set(list(dict.fromkeys(texts))[33:])
