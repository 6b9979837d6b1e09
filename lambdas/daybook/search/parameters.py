"""Checks and parses the query parameters of a read, as the contract names them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daybook.catalogue.aliases import USER, is_user
from daybook.catalogue.profile import PROFILES
from daybook.clock import DAY, SECOND, parse_time
from daybook.http.problem import Problem, bad_parameter
from daybook.text import folded, is_clean

MAX_VALUES = 100
MAX_BYTES = 10 * 1024  # API Gateway's limit for request line and headers
MAX_EVENTS = 500
DEFAULT_EVENTS = 50
NATIVE = "native"
TIME = "occurred_at"
ORDERS = (TIME, "actor", "category", "component", "activity", "status", "target", "ip")

EQUALITIES = (
    "activity",
    "variant",
    "category",
    "component",
    "status",
    "actor",
    "impersonator",
    "actor_type",
    "group",
    "user_type",
    "target",
    "ip",
    "source_type",
    "origin",
    "caused_by",
    "session_id",
    "request_id",
    "credential",
)
NOT = "!"
"""Behind a name: the event must equal none of the values."""
NEGATIONS = tuple(f"{name}{NOT}" for name in EQUALITIES)
ANY_END = "*"
"""At the end of an activity: it is a prefix."""
SCALARS = ("environment", "from", "to", "range", "sort", "limit", "cursor", "view", "tz", "with")
FILTERS = (*EQUALITIES, *NEGATIONS, "q")
SEARCH = (*FILTERS, *SCALARS)
"""Every parameter of a search. All but the scalars may be repeated."""
RANGES = ("7d", "30d", "12m")
SORTS = tuple(f"{sign}{name}" for name in ORDERS for sign in ("-", ""))
VIEWS = (NATIVE, *PROFILES)
CHOICES = {
    "status": ("success", "failure"),
    "origin": ("user", "system"),
    "actor_type": ("user", "system", "api", "operations", "unknown"),
}
# Files in the zone database that are not zones; some reveal the machine's own zone.
_EXCLUDED_FILES = frozenset({"localtime", "posixrules", "Factory"})
_TARGET = re.compile(r"([A-Za-z0-9._-]{1,64}):(.+)", re.DOTALL)


class Span(NamedTuple):
    """From `from_ms` on, up to but not including `to_ms`; None: open."""

    from_ms: int | None
    to_ms: int | None


class Order(NamedTuple):
    field: str
    descending: bool

    @property
    def by_time(self) -> bool:
        return self.field == TIME


@dataclass(frozen=True)
class Filters:
    """What events must match: different parameters are combined with and, several values of one parameter with or."""

    equal: Mapping[str, tuple[str, ...]]
    """The values of each parameter of `EQUALITIES` that was given."""
    texts: tuple[str, ...] = ()
    """`q`, folded."""
    unequal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The values of each parameter of `NEGATIONS` that was given, by the parameter's name without the mark."""

    def of(self, name: str) -> tuple[str, ...]:
        return self.equal.get(name, ())

    @property
    def negated(self) -> "Filters":
        """What events must not match: none of these parameters, with none of their values."""
        return Filters(self.unequal)

    @property
    def targets(self) -> list[tuple[str, str]]:
        """Type and id, split at the first colon. The type `user` is written like this, however it was sent."""
        split = (value.partition(":") for value in self.of("target"))
        return [(USER if is_user(kind) else kind, text) for kind, _, text in split]

    @property
    def names(self) -> list[str]:
        """The values that may name people, in an order that does not depend on the order of the client's values."""
        return sorted(self._people | {text for each in (self, self.negated) for _, text in each.targets})

    @property
    def ids(self) -> frozenset[str]:
        """Those of `names` that are only ids of targets other than users."""
        return frozenset(self.names) - self._people

    @property
    def _people(self) -> set[str]:
        """The values that mean people wherever they may."""
        both = (self, self.negated)
        people = {value for each in both for name in ("actor", "impersonator") for value in each.of(name)}
        return people | {text for each in both for kind, text in each.targets if kind == USER}

    @property
    def groups(self) -> list[str]:
        """In an order that does not depend on the order of the client's values."""
        return sorted({*self.of("group"), *self.negated.of("group")})


@dataclass(frozen=True)
class Parameters:
    filters: Filters
    span: Span
    range: str | None
    environment: str | None
    order: Order
    limit: int
    cursor: str | None
    view: str
    zone: ZoneInfo
    with_native: bool
    """Whether a view's events come with their native form."""
    identity: bytes
    """What distinguishes this query from others: all parameters but `cursor` and `limit`, in a fixed order."""


def read_parameters(query: Mapping[str, Sequence[str]]) -> Parameters:
    """Raises `Problem` 400 for an unknown parameter, a malformed value, or too many or too long values."""
    parameters = parse_parameters(query)
    check_bounds(query)
    return parameters


def parse_parameters(query: Mapping[str, Sequence[str]]) -> Parameters:
    """Without limits on the number and length of the values. Raises `Problem` 400."""
    for name, values in query.items():
        if name not in SEARCH:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        if not all(is_clean(value) for value in values):
            raise bad_parameter(name, "must not be empty or contain control characters")
        if name in SCALARS and len(set(values)) > 1:
            raise bad_parameter(name, "must be given only once")
    scalars = {name: query[name][0] for name in SCALARS if query.get(name)}
    return Parameters(
        filters=_filters(query),
        span=_span(scalars),
        range=scalars.get("range"),
        environment=scalars.get("environment"),
        order=_order(scalars.get("sort", "-occurred_at")),
        limit=_limit(scalars.get("limit")),
        cursor=scalars.get("cursor"),
        view=_view(scalars.get("view", NATIVE)),
        zone=_zone(scalars.get("tz", "UTC")),
        with_native=_with_native(scalars),
        identity=_identity(query),
    )


def check_bounds(query: Mapping[str, Sequence[str]]) -> None:
    """Raises `Problem` 400 if the filters' values are more, or all values are longer, than a read accepts."""
    if sum(len(values) for name, values in query.items() if name in FILTERS) > MAX_VALUES:
        raise Problem(400, "too_many_values", f"A read accepts at most {MAX_VALUES} values of filters in total.")
    check_length(query)


def check_length(query: Mapping[str, Sequence[str]]) -> None:
    """Raises `Problem` 400 for more bytes than the gateway accepts: a search must fit into its record."""
    if sum(len(value.encode()) for values in query.values() for value in values) > MAX_BYTES:
        raise Problem(400, "too_long", f"The values of a read may have at most {MAX_BYTES} bytes in total.")


def given_once(query: Mapping[str, Sequence[str]], *names: str) -> dict[str, str]:
    """The parameters of a read that takes these, each given once. Raises `Problem` 400 for other parameters."""
    for name, values in query.items():
        if name not in names:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
        if len(set(values)) > 1 or not is_clean(values[0]):
            raise bad_parameter(name, "must be given once, not empty, and without control characters")
    check_length(query)
    return {name: values[0] for name, values in query.items()}


def span_at(parameters: Parameters, now_ms: int) -> Span:
    """The span of the read. `range` is counted back from `now_ms`."""
    if parameters.range is None:
        return parameters.span
    start = _months_back(now_ms, 12) if parameters.range == "12m" else now_ms - int(parameters.range[:-1]) * DAY
    # Without an end: an event may be stamped a little ahead.
    return Span(start, None)


def span_between(parameters: Mapping[str, str]) -> Span:
    """From `from` and `to`. Raises `Problem` 400."""
    from_ms, to_ms = (read_moment(name, parameters[name]) if name in parameters else None for name in ("from", "to"))
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise bad_parameter("from", "must be before to")
    return Span(from_ms, to_ms)


def read_moment(name: str, text: str) -> int:
    """Raises `Problem` 400. An unescaped `+` arrives as a blank."""
    try:
        return parse_time(text.replace(" ", "+"))
    except ValueError as error:
        raise bad_parameter(name, str(error)) from None


def target_of(name: str, value: str) -> tuple[str, str]:
    match = _TARGET.fullmatch(value)
    if match is None:
        raise bad_parameter(name, "must be type:id, or user:username")
    return match[1], match[2]


def _filters(query: Mapping[str, Sequence[str]]) -> Filters:
    equal, unequal = (
        {name: tuple(dict.fromkeys(query[f"{name}{mark}"])) for name in EQUALITIES if query.get(f"{name}{mark}")}
        for mark in ("", NOT)
    )
    for mark, given in (("", equal), (NOT, unequal)):
        for name, choices in CHOICES.items():
            if not set(given.get(name, ())) <= set(choices):
                raise bad_parameter(f"{name}{mark}", f"must be one of {', '.join(choices)}")
        for value in given.get("target", ()):
            target_of(f"target{mark}", value)
    return Filters(equal, tuple(map(folded, query.get("q", ()))), unequal)


def _span(scalars: Mapping[str, str]) -> Span:
    if "range" in scalars:
        if scalars["range"] not in RANGES:
            raise bad_parameter("range", f"must be one of {', '.join(RANGES)}")
        if "from" in scalars or "to" in scalars:
            raise bad_parameter("range", "cannot be combined with from or to")
        return Span(None, None)
    return span_between(scalars)


def _order(sort: str) -> Order:
    if sort not in SORTS:
        raise bad_parameter("sort", f"must be one of {', '.join(ORDERS)}, optionally preceded by -")
    return Order(sort.removeprefix("-"), sort.startswith("-"))


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_EVENTS
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_EVENTS:
        raise bad_parameter("limit", f"must be a number from 1 to {MAX_EVENTS}")
    return int(text)


def _view(name: str) -> str:
    if name not in VIEWS:
        raise bad_parameter("view", f"must be one of {', '.join(VIEWS)}", "unknown_view")
    return name


def _with_native(scalars: Mapping[str, str]) -> bool:
    if "with" not in scalars:
        return False
    if scalars["with"] != NATIVE:
        raise bad_parameter("with", f"must be {NATIVE}")
    if scalars.get("view", NATIVE) == NATIVE:
        raise bad_parameter("with", "needs a view other than native")
    return True


def _zone(name: str) -> ZoneInfo:
    if name in _EXCLUDED_FILES or name.startswith(("posix/", "right/")):
        raise bad_parameter("tz", "is not an IANA time zone", "unknown_zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_parameter("tz", "is not an IANA time zone", "unknown_zone") from None


def _identity(query: Mapping[str, Sequence[str]]) -> bytes:
    return repr(
        sorted((name, sorted(set(values))) for name, values in query.items() if name not in ("cursor", "limit"))
    ).encode()


def _months_back(now_ms: int, months: int) -> int:
    """The same day and time in an earlier month, or that month's last day if it is shorter."""
    seconds, rest = divmod(now_ms, SECOND)
    now: Any = datetime.fromtimestamp(seconds, UTC)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in range(now.day, now.day - 4, -1):
        try:
            return int(now.replace(year=year, month=month + 1, day=day).timestamp()) * SECOND + rest
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
