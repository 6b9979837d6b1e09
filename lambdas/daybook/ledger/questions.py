"""Which counts answer a question about statistics, and which questions no count answers.

Kinds answer what concerns activity, category, component, status and type of the actor, in any combination. Actors
answer what concerns the actor and the status. Counts know an actor by the GUID of the person or, if it is shown by an
alias, by the type.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from daybook.catalogue.labels import is_category
from daybook.ledger.counts import Family, Interval, RowKey
from daybook.people.lookup import Named

FIELDS = ("activity", "category", "component", "status", "actor", "actor_type")
"""By which events can be counted, and filtered."""

PAIRED = "status"
"""Of two fields, one is the status."""

ANY_END = "*"

Values = tuple[str, ...]


class CannotCount(Exception):  # noqa: N818  a fact about the question
    """No count answers the question. The text says why, as one sentence."""


class Question(NamedTuple):
    """What is counted. `equal` and `unequal`: the values of each field that was given."""

    by: tuple[str, ...]
    equal: Mapping[str, tuple[str, ...]]
    unequal: Mapping[str, tuple[str, ...]]


class Range(NamedTuple):
    """Hours or days from `first` to `last`, both inclusive, since 1970."""

    interval: Interval
    first: int
    last: int

    def covers(self, key: RowKey) -> bool:
        return key.interval is self.interval and self.first <= key.number <= self.last


@dataclass(frozen=True)
class Plan:
    family: Family
    _by: tuple[int, ...]
    _matches: tuple[Callable[[Values], bool], ...]

    def bucket(self, values: Values) -> Values | None:
        """Where events with these values of the family's fields are counted. None: they are not asked for."""
        if all(matches(values) for matches in self._matches):
            return tuple(values[place] for place in self._by)
        return None


def plan(question: Question, named: Mapping[str, Named]) -> Plan:
    """`named`: what each value of `actor` means. Raises `CannotCount`."""
    by = question.by
    if len(by) > 1 and (len(by) > 2 or PAIRED not in by or by[0] == by[1]):
        raise CannotCount(f"Events can be counted by one field, or by {PAIRED} and one other.")
    asked = {*by, *question.equal, *question.unequal}
    family = Family.ACTORS if "actor" in asked else Family.KINDS
    if beyond := sorted(asked.difference(family.fields)):
        raise CannotCount(f"By actor, events are counted with their status only, not with {' or '.join(beyond)}.")
    places = {field: place for place, field in enumerate(family.fields)}
    wanted = [_matcher(field, values, named) for field, values in question.equal.items()]
    unwanted = [_matcher(field, values, named) for field, values in question.unequal.items()]
    matches = [
        *(_at(places[field], equals) for field, equals in zip(question.equal, wanted, strict=True)),
        *(_not_at(places[field], equals) for field, equals in zip(question.unequal, unwanted, strict=True)),
    ]
    return Plan(family, tuple(places[field] for field in by), tuple(matches))


def ranges(interval: Interval | None, from_ms: int, to_ms: int) -> list[Range]:
    """The fewest rows that cover these whole hours: days where whole days lie in the span, and the hours around them.

    `interval` HOUR: hours only.
    """
    hour, day = Interval.HOUR.milliseconds, Interval.DAY.milliseconds
    first_day, last_day = -(-from_ms // day), to_ms // day - 1
    if interval is Interval.HOUR or first_day > last_day:
        found = [Range(Interval.HOUR, from_ms // hour, to_ms // hour - 1)]
    else:
        found = [
            Range(Interval.HOUR, from_ms // hour, first_day * day // hour - 1),
            Range(Interval.DAY, first_day, last_day),
            Range(Interval.HOUR, (last_day + 1) * day // hour, to_ms // hour - 1),
        ]
    return [each for each in found if each.first <= each.last]


def _matcher(field: str, values: Iterable[str], named: Mapping[str, Named]) -> Callable[[str], bool]:
    if field == "activity":
        exact = frozenset(values)
        prefixes = tuple(value.removesuffix(ANY_END) for value in values if value.endswith(ANY_END))
        return lambda value: value in exact or value.startswith(prefixes)
    if field == "category":
        categories = frozenset(values)
        return lambda value: is_category(value, categories)
    if field == "actor":
        actors = frozenset(actor for value in values for actor in _actors(named[value]))
        return lambda value: value in actors
    wanted = frozenset(values)
    return lambda value: value in wanted


def _actors(named: Named) -> frozenset[str]:
    """As counts know them. Raises `CannotCount` where events of others are meant as well."""
    if named.by_address and named.is_certain:
        raise CannotCount("Who is known by an address alone is counted by the type, like everybody of that kind.")
    is_guid = named.text.lower() in named.guids
    if not (named.is_known or is_guid):
        raise CannotCount("Counts know people and aliases; an actor of this name may be of another kind.")
    return named.guids | named.types


def _at(place: int, equals: Callable[[str], bool]) -> Callable[[Values], bool]:
    return lambda values: equals(values[place])


def _not_at(place: int, equals: Callable[[str], bool]) -> Callable[[Values], bool]:
    return lambda values: not equals(values[place])
