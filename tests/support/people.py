"""People of one environment, as the tests of people make, name and forget them."""

from typing import Any

from daybook.ids import lowest_id
from daybook.people.forgetter import Forgetter, Mark, mark_of, no_sweep
from daybook.people.identities import Person, Reference, Sighting
from daybook.people.resolver import Identities
from daybook.tenant import environment_key
from tests.support.ingest import KEYS, NOW, code_for, seeded_bytes

ACME_KEYS = KEYS.of(code_for("acme"))
PROD = environment_key(code_for("acme"), 0)
STAGING = environment_key(code_for("acme"), 1)

LEFT = ("gone#", "forgotten#")
"""How the sort keys begin of what forgetting leaves. It names nobody."""


def seen(store: Any, moment_ms: int, *references: Reference, seed: int | str = 2) -> list[Person]:
    """Whom the references of an event of that moment mean if it arrives now."""
    return people_of(store, *(Sighting(each, moment_ms) for each in references), seed=seed)


def people_of(store: Any, *sightings: Sighting, seed: int | str = 2, environment: Any = PROD) -> list[Person]:
    """Whom the events of one request mean."""
    people = Identities(store, seeded_bytes(seed)).resolve_seen(environment, sightings, ACME_KEYS)
    return [people.at(each.occurred_ms)[each.reference] for each in sightings]


def mark(guid: str, moment_ms: int = NOW) -> Mark:
    return mark_of(guid, lowest_id(moment_ms), 365)


def forget(store: Any, guid: str, moment_ms: int, environment: Any = PROD) -> None:
    Forgetter(store, ACME_KEYS, no_sweep).forget(environment, mark(guid, moment_ms))
