"""Checks and parses the query parameters of `GET /v1/stats`."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from daybook.clock import DAY, HOUR
from daybook.http.problem import Problem, bad_parameter
from daybook.ledger.counts import Interval
from daybook.ledger.questions import FIELDS, Question
from daybook.search.parameters import EQUALITIES, NEGATIONS, NOT, Filters, Span, check_bounds, parse_parameters, span_at
from daybook.tenants.settings import MAX_AHEAD_MS
from daybook.text import is_clean

IntervalName = Literal["hour", "day", "none"]
INTERVALS: Mapping[IntervalName, Interval | None] = {"hour": Interval.HOUR, "day": Interval.DAY, "none": None}
OWN = ("by", "interval", "top")
FILTERS = tuple(f"{name}{mark}" for name in FIELDS for mark in ("", NOT))
SPAN = ("environment", "from", "to", "range")
PARAMETERS = (*OWN, *SPAN, *FILTERS)

MAX_TOP = 1_000
MAX_HOURS_MS = 7 * DAY
"""Of a span that is counted by the hour and a field."""

MAX_PLAIN_HOURS_MS = 400 * DAY
"""Of one that is counted by the hour alone: the answer has a bucket an hour, which is under 10,000."""

_OF_SEARCHES = frozenset({*EQUALITIES, *NEGATIONS, "q"})


class StatsParameters(NamedTuple):
    interval_name: IntervalName
    question: Question
    filters: Filters
    span: Span
    """As it was asked for; `range` is counted back from now."""
    environment: str | None
    top: int | None

    @property
    def interval(self) -> Interval | None:
        return INTERVALS[self.interval_name]

    def whole(self, edge_ms: int, now_ms: int) -> tuple[int, int]:
        """The span in whole intervals, or hours where there is one interval only. It begins with the first whole hour
        at or behind retention's edge. Without an end it reaches as far as events may be stamped ahead.

        Raises `Problem` 422 for too many hours.
        """
        length = HOUR if self.interval is None else self.interval.milliseconds
        from_ms, to_ms = self.span.from_ms or 0, self.span.to_ms
        edge_ms = -(-edge_ms // HOUR) * HOUR
        longest_ms = MAX_HOURS_MS if self.question.by else MAX_PLAIN_HOURS_MS
        if self.interval is Interval.HOUR and (to_ms or now_ms) - max(from_ms, edge_ms) > longest_ms:
            detail = f"Hours are counted over at most {longest_ms // DAY} days: give a later from."
            raise Problem(422, "too_many_buckets", detail)
        until_ms = now_ms + MAX_AHEAD_MS if to_ms is None else to_ms
        return max(from_ms // length * length, edge_ms), -(-until_ms // length) * length


def read_stats_parameters(query: Mapping[str, Sequence[str]], now_ms: int) -> StatsParameters:
    """Raises `Problem` 400 for what can't be read, 422 for what no count answers."""
    for name, values in query.items():
        if name not in PARAMETERS and name not in _OF_SEARCHES:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        if not all(map(is_clean, values)):
            raise bad_parameter(name, "must not be empty or contain control characters")
    check_bounds(query)
    parameters = parse_parameters({name: values for name, values in query.items() if name not in OWN})
    if beyond := sorted(name for name in query if name not in PARAMETERS):
        raise cannot_count(f"Events are not counted by {' or '.join(beyond)}: search for them, or export.")
    by = _by(query.get("by", ()))
    filters = parameters.filters
    return StatsParameters(
        interval_name=_interval(query.get("interval", ("day",))),
        question=Question(by, filters.equal, filters.unequal),
        filters=filters,
        span=span_at(parameters, now_ms),
        environment=parameters.environment,
        top=_top(query.get("top", ()), by),
    )


def cannot_count(detail: str) -> Problem:
    return Problem(422, "cannot_count", detail)


def _by(values: Sequence[str]) -> tuple[str, ...]:
    if not set(values) <= set(FIELDS):
        raise bad_parameter("by", f"must be one of {', '.join(FIELDS)}")
    if len(set(values)) < len(values):
        raise bad_parameter("by", "must not name a field twice")
    return tuple(values)


def _interval(values: Sequence[str]) -> IntervalName:
    for name in INTERVALS:
        if {*values} == {name}:
            return name
    raise bad_parameter("interval", f"must be one of {', '.join(INTERVALS)}")


def _top(values: Sequence[str], by: Sequence[str]) -> int | None:
    if not values:
        return None
    text = values[0]
    if len(set(values)) > 1 or not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_TOP):
        raise bad_parameter("top", f"must be a number from 1 to {MAX_TOP:,}")
    if not by:
        raise bad_parameter("top", "needs by")
    return int(text)
