"""The parameters of the feed: a place in the log, what narrows it, and how events are shown."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from daybook.delivery.destination import Format
from daybook.http.problem import bad_parameter
from daybook.search.parameters import (
    EQUALITIES,
    MAX_EVENTS,
    NATIVE,
    NEGATIONS,
    Parameters,
    given_once,
    read_parameters,
)

NARROWING = (*EQUALITIES, *NEGATIONS, "q", "from", "to", "range")
_OF_FEED = ("after", "log", "format")
FEED = (*NARROWING, *_OF_FEED, "environment", "limit", "view", "tz", "with")

FORMATS = get_args(Format)

_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")


class FeedParameters(NamedTuple):
    after: int
    """How many entries the caller has read."""
    limit: int
    """How many entries are looked at."""
    log: str | None
    format: str
    searched: Parameters

    @property
    def view(self) -> str:
        return self.searched.view


def read_feed_parameters(query: Mapping[str, Sequence[str]]) -> FeedParameters:
    """Raises `Problem` 400."""
    for name in query:
        if name not in FEED:
            raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
    own = given_once({name: values for name, values in query.items() if name in _OF_FEED}, *_OF_FEED)
    searched = read_parameters({name: values for name, values in query.items() if name not in _OF_FEED})
    after = own.get("after", "0")
    if not _INDEX.fullmatch(after):
        raise bad_parameter("after", "must be a whole number from 0 on, without leading zeros")
    shape = own.get("format", NATIVE)
    if shape not in FORMATS:
        raise bad_parameter("format", f"must be one of {', '.join(FORMATS)}")
    if NATIVE not in (shape, searched.view):
        raise bad_parameter("format", "cannot be combined with view")
    return FeedParameters(
        after=int(after),
        limit=searched.limit if "limit" in query else MAX_EVENTS,
        log=own.get("log"),
        format=shape,
        searched=searched,
    )
