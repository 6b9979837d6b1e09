"""What the parameters of paths, queries and headers mean. Which of them a read takes is its handler's own list."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from daybook.access.api_keys import ID
from daybook.access.roles import OPERATIONS
from daybook.delivery.formats import FORMATS
from daybook.http.routes import Route
from daybook.ids import FORM
from daybook.ledger.logs import NAME as LOG_NAME
from daybook.ledger.questions import FIELDS as STATS_FIELDS
from daybook.ledger.tiles import PATH as PATH_OF_TILE
from daybook.search.parameters import (
    CHOICES,
    DEFAULT_EVENTS,
    EQUALITIES,
    MAX_EVENTS,
    NATIVE,
    NOT,
    RANGES,
    SORTS,
    VIEWS,
)
from daybook.tenant import SLUG
from daybook.text import ACTIVITY
from ledger.stats_parameters import FILTERS as STATS_FILTERS
from ledger.stats_parameters import INTERVALS, MAX_TOP
from ledger.stats_parameters import SPAN as STATS_SPAN
from manage.actor_search import MAX_MILLISECONDS, MAX_NAMES_READ
from manage.actors import DEFAULT_PEOPLE, MAX_PEOPLE


class Parameter(NamedTuple):
    description: str
    schema: Mapping[str, Any]
    required: bool = False

    @property
    def may_repeat(self) -> bool:
        return "items" in self.schema


TEXT = {"type": "string", "minLength": 1}
MOMENT = {"type": "string", "format": "date-time"}


def _whole(pattern: re.Pattern[str]) -> dict[str, str]:
    return {"type": "string", "pattern": f"^(?:{pattern.pattern})$"}


def _limit(default: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


PATH = {
    "activity": Parameter("The activity's name, such as `clusters.update`.", _whole(ACTIVITY), required=True),
    "actor": Parameter("A username, your own id of the person, or the person's GUID.", TEXT, required=True),
    "event_id": Parameter("The event's id, as Daybook gave it.", _whole(FORM), required=True),
    "export_id": Parameter("The export's id.", _whole(FORM), required=True),
    "file": Parameter("The file's name, as the page has it.", TEXT, required=True),
    "job_id": Parameter("The job's id.", _whole(FORM), required=True),
    "key_id": Parameter("The key's id.", _whole(ID), required=True),
    "log": Parameter("The log's name.", _whole(LOG_NAME), required=True),
    "name": Parameter("The name of the group, or of the saved view.", TEXT, required=True),
    "tenant": Parameter("The tenant's name.", _whole(SLUG), required=True),
    "tile": Parameter(
        "`<L>/<N>[.p/<W>]` for hashes, `entries/<N>[.p/<W>]` for entries, as [tlog-tiles](https://c2sp.org/tlog-tiles) "
        "writes them. Its slashes need no encoding.",
        _whole(PATH_OF_TILE),
        required=True,
    ),
}


def tenant_is_in_header(route: Route) -> bool:
    """Whether operations must name the tenant there. Who asks only about the own credential may."""
    # The routes of tenants name the tenant in the path, or concern no single tenant, as those of operators' keys.
    elsewhere = ("/v1/tenants", "/v1/operators", "/v1/me")
    return OPERATIONS in route.roles and not route.path.startswith(elsewhere)


TENANT = Parameter(
    "The tenant that the call is about. Operations credentials must send it; from any other it is ignored.",
    _whole(SLUG),
)
TENANT_OR_NONE = Parameter(
    "The tenant that an operations credential asks about, or absent. From any other credential it is ignored.",
    _whole(SLUG),
)
ENCODING = Parameter("`gzip` where the body is compressed.", {"type": "string", "enum": ["gzip", "identity"]})
IF_NONE_MATCH = Parameter("The `ETag` of the document that you have.", TEXT)

_EQUAL = {
    "activity": "The activity's id. A `*` at the end makes it a prefix: `user.*`.",
    "variant": "The wording's name.",
    "category": "The category's label or its slug.",
    "component": "The component.",
    "status": "The outcome.",
    "actor": "Who acted: a username, your own id, a GUID, or an alias such as `System`.",
    "impersonator": "Who really acted, in the actor's name: a username, your own id, or a GUID.",
    "actor_type": "The kind of actor.",
    "group": "Who acted: a member of this group, as the group is now.",
    "user_type": "The actor's `user_type`.",
    "target": "`type:id`, or `user:username`. Finds what lies within the target too.",
    "ip": "The address that the actor came from, in any spelling, or a CIDR block such as `203.0.113.0/24`.",
    "source_type": "The source's type.",
    "origin": "Whether the activity is done by people or by the system.",
    "caused_by": "The id of the event that caused the event.",
    "session_id": "The actor's session.",
    "request_id": "The product's own request.",
    "credential": "Who sent the event: the id of an API key, or the GUID of a caller with a token.",
}


def _repeatable(name: str) -> dict[str, Parameter]:
    items = {**TEXT, "enum": list(CHOICES[name])} if name in CHOICES else TEXT
    schema = {"type": "array", "items": items}
    return {
        name: Parameter(f"{_EQUAL[name]} Repeated: any of these.", schema),
        f"{name}{NOT}": Parameter(f"Not equal: excludes what `{name}` finds. Repeated: none of these.", schema),
    }


ENVIRONMENT = Parameter("One environment. Absent: the credential's own, else the tenant's first.", TEXT)
FROM = Parameter("From this time on, inclusive.", MOMENT)
TO = Parameter("Up to this time, exclusive.", MOMENT)
QUERY: Mapping[str, Parameter] = {
    **{name: parameter for equality in EQUALITIES for name, parameter in _repeatable(equality).items()},
    "q": Parameter(
        "Text in details, activity, component, the target's id and name, or the names of actor and impersonator; "
        "without regard to case. Repeated: any of these.",
        {"type": "array", "items": TEXT},
    ),
    "environment": ENVIRONMENT,
    "from": FROM,
    "to": TO,
    "range": Parameter(
        "From 7 or 30 days or 12 calendar months back on. Excludes `from` and `to`.",
        {"type": "string", "enum": list(RANGES)},
    ),
    "sort": Parameter(
        "The order; with `-`, descending. Other than by time, up to 10,000 matching events can be sorted.",
        {"type": "string", "enum": list(SORTS), "default": SORTS[0]},
    ),
    "limit": Parameter("The most events of a page.", _limit(DEFAULT_EVENTS, MAX_EVENTS)),
    "cursor": Parameter("`next_cursor` of the page before. The other parameters must stay the same.", TEXT),
    "view": Parameter(
        "How events are shown: as native events, or in a profile's view.",
        {"type": "string", "enum": list(VIEWS), "default": VIEWS[0]},
    ),
    "tz": Parameter("The IANA time zone of the view's times.", {**TEXT, "default": "UTC"}),
    "with": Parameter(
        "`native`: beside a view's events, their native form. Needs a `view`.", {"type": "string", "enum": [NATIVE]}
    ),
}
COUNTING: Mapping[str, Parameter] = {
    **{name: QUERY[name] for name in (*STATS_SPAN, *STATS_FILTERS)},
    "by": Parameter(
        "What events are counted by. Twice: by one field and by the status.",
        {"type": "array", "items": {**TEXT, "enum": list(STATS_FIELDS)}},
    ),
    "interval": Parameter(
        "The length of the buckets, in UTC. Hours over at most 7 days, without `by` over 400; `none` for one bucket "
        "over the whole time.",
        {"type": "string", "enum": list(INTERVALS), "default": "day"},
    ),
    "top": Parameter(
        "The most values of the field by which is counted; the rest is summed up. Absent: all of them.",
        {"type": "integer", "minimum": 1, "maximum": MAX_TOP},
    ),
}
ABOUT_TARGET: Mapping[str, Parameter] = {
    "target": Parameter("`type:id`, or `user:username`.", TEXT, required=True),
    "environment": ENVIRONMENT,
    "from": FROM,
    "to": TO,
    "at": Parameter("The time of the change.", MOMENT, required=True),
}
OF_ENVIRONMENT: Mapping[str, Parameter] = {"environment": ENVIRONMENT}
OF_VIEW: Mapping[str, Parameter] = {
    "environment": ENVIRONMENT,
    "shared": Parameter(
        "`true`: only a shared view; `false`: only the caller's own. Absent: the caller's own, else a shared one.",
        {"type": "string", "enum": ["true", "false"]},
    ),
}
PROVING: Mapping[str, Parameter] = {
    "environment": ENVIRONMENT,
    "disclose": Parameter(
        "`true`: also the keys of the event's people.",
        {"type": "string", "enum": ["true", "false"], "default": "false"},
    ),
}
TRYING: Mapping[str, Parameter] = {
    "dry_run": Parameter(
        "`true`: says what the change would do, and does nothing.",
        {"type": "string", "enum": ["true", "false"], "default": "false"},
    ),
}
IN_EVERY_ENVIRONMENT: Mapping[str, Parameter] = {
    "environment": Parameter("One environment. Absent: each that the credential reaches.", TEXT)
}
OF_FEED: Mapping[str, Parameter] = {
    "after": Parameter(
        "How many entries of `log` you have read: `next` of the answer before. Beyond the log's end: 400.",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
    "limit": Parameter("The most entries that are looked at.", _limit(MAX_EVENTS, MAX_EVENTS)),
    "log": Parameter(
        "A log's name: `log` of the answer before, or the log of what only operations may read. Absent: the "
        "environment's current log. Where another log has been current before, `after` needs it.",
        _whole(LOG_NAME),
    ),
    "format": Parameter(
        "How events are shown: as in a stream of this format. Excludes `view`.",
        {"type": "string", "enum": list(FORMATS), "default": NATIVE},
    ),
}
PICKING: Mapping[str, Parameter] = {
    "environment": ENVIRONMENT,
    "prefix": Parameter("The beginning of a username, without regard to case. Absent: everybody.", {"type": "string"}),
    "q": Parameter(
        "The beginnings of any words of a username or name, in any order, without regard to case and to how letters "
        "are composed; or a GUID, which finds a forgotten person too. Excludes `prefix`. A request reads up to "
        f"{MAX_NAMES_READ:,} names, or for {MAX_MILLISECONDS:,} ms.",
        TEXT,
    ),
    "limit": Parameter("The most people of a page.", _limit(DEFAULT_PEOPLE, MAX_PEOPLE)),
    "cursor": Parameter("`next_cursor` of the page before, with the same `prefix` or `q`.", TEXT),
}
