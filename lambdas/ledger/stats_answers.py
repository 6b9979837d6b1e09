"""What `GET /v1/stats` answers: the sums in buckets, the largest of them apart from the rest."""

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct, UnsetType

from daybook.clock import Time, format_time
from daybook.ledger.counts import Interval
from daybook.ledger.questions import PAIRED
from daybook.ledger.statistics import Place
from ledger.stats_parameters import IntervalName

OTHER = "other"


class Bucket(Struct):
    start: Time | None
    """The beginning of its hour or day. Null where the whole span is one interval."""
    key: str | list[str] | None
    """The value of the field by which is counted, or one for each of two. Null without any."""
    count: int
    rest: bool | UnsetType = UNSET
    """True where it holds what is not among the `top`: its key `other` is no value then."""


class Stats(Struct, rename={"from_": "from"}):
    interval: IntervalName
    by: list[str]
    from_: Time
    """As counted: whole intervals, not before retention's edge, and not before counts that were deleted."""
    to: Time
    buckets: list[Bucket]
    """By time, then the largest first. None is empty."""
    total: int


def _subject(by: tuple[str, ...]) -> int:
    """Which of two fields is ranked: the other one says how its events ended."""
    return 1 if len(by) > 1 and by[0] == PAIRED else 0


def split(sums: Counter[Place], by: tuple[str, ...], top: int | None) -> tuple[Counter[Place], Counter[Place]]:
    """The sums of the `top` values over the whole span, and those of the rest, whose values are `OTHER`."""
    if top is None:
        return sums, Counter()
    place = _subject(by)
    totals: Counter[str] = Counter()
    for where, count in sums.items():
        totals[where.values[place]] += count
    largest = {value for value, _ in sorted(totals.items(), key=lambda each: (-each[1], each[0]))[:top]}
    kept: Counter[Place] = Counter()
    rest: Counter[Place] = Counter()
    for where, count in sums.items():
        if where.values[place] in largest:
            kept[where] = count
        else:
            values = tuple(OTHER if at == place else value for at, value in enumerate(where.values))
            rest[where._replace(values=values)] += count
    return kept, rest


def buckets(
    sums: Counter[Place], rest: Counter[Place], interval: Interval | None, shown: Callable[[tuple[str, ...]], list[str]]
) -> list[Bucket]:
    """`shown`: values as the answer has them."""

    def bucket(where: Place, count: int, values: list[str], *, is_rest: bool) -> Bucket:
        start = None if interval is None else format_time((where.number or 0) * interval.milliseconds)
        key = values[0] if len(values) == 1 else values or None
        return Bucket(start, key, count, is_rest or UNSET)

    made = [
        *((where, False, bucket(where, count, shown(where.values), is_rest=False)) for where, count in sums.items()),
        *((where, True, bucket(where, count, [*where.values], is_rest=True)) for where, count in rest.items()),
    ]
    made.sort(key=lambda each: (each[0].number or 0, each[1], -each[2].count, each[0].values))
    return [each for *_, each in made]


def told_apart(actors: Mapping[str, str]) -> Mapping[str, str]:
    """What each actor is called. Those who are called alike are shown by what tells them apart."""
    called = Counter(actors.values())
    return {actor: name if called[name] == 1 else actor for actor, name in actors.items()}
