"""What the routes of exports are sent, and what they answer."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from daybook.clock import Time
from daybook.jobs.job import JobDescription, Progress, Status
from daybook.search.parameters import SEARCH, SORTS, VIEWS

NOT_FILTERS = frozenset({"sort", "view", "tz", "with", "limit", "cursor"})
"""Parameters of a search that are fields of their own in an export, or mean nothing in it."""

SPAN_FILTERS = frozenset({"environment", "from", "to", "range"})
"""An export with no other filter can be complete: it reads the timeline, and names nobody."""

Values = str | list[str]

# For the schema only: `exports.form` checks these by the rules of a search.
_FILTERS = {"propertyNames": {"enum": [name for name in SEARCH if name not in NOT_FILTERS]}}
Filters = Annotated[dict[str, Values], Meta(extra_json_schema=_FILTERS)]
Sort = Annotated[str, Meta(extra_json_schema={"enum": list(SORTS)})]
View = Annotated[str, Meta(extra_json_schema={"enum": list(VIEWS)})]


class SentExport(Struct, forbid_unknown_fields=True):
    """What to export; absent: everything."""

    filters: Filters = {}
    """As in `GET /v1/events`; a list means or."""
    sort: Sort = "-occurred_at"
    format: Literal["csv", "ndjson"] = "csv"
    view: View | None = None
    """Absent: the view of the tenant's own profile."""
    tz: str = "UTC"
    """The IANA time zone of the view's times."""
    mark: bool = False
    """Whether the file begins with the UTF-8 mark (`EF BB BF`), which some spreadsheets want. For CSV alone."""
    complete: bool = False
    """Whether the file holds every event that had been received when this was asked. Such events are stored within half
    a minute. The export waits for that, and a minute longer because clocks differ. Only without filters other than
    `environment`, `from`, `to` and `range`.
    """
    evidence: bool = False
    """Whether a second file proves the first one: that its rows are genuine, and, without filters other than
    `environment`, `from`, `to` and `range`, that none is missing. Only in the order of time, and only for a CSV of the
    profile's own view or NDJSON of the view `native`. Events that only operations may read are not in such an export.
    """
    evidence_since: Annotated[int, Meta(ge=0)] | None = None
    """The size of a checkpoint that you kept: the evidence begins there, so that you need not trust the log for where
    it begins. 0: at the log's beginning. Where it is null, or the checkpoint was not signed six minutes before the span
    or earlier: at the newest one that was.
    """


class ExportDescription(Struct):
    id: str
    status: Status
    filename: str
    environment: str
    filters: list[str]
    """What was asked for, each as `name=value`: people by the name that they were called by last, several as `a|b`; of
    free text, addresses and ids only the filter's name.
    """
    sort: str
    format: Literal["csv", "ndjson"]
    view: str
    tz: str
    rows: int
    """Written so far, without the header."""
    bytes: int
    sha256: str | None
    """Of the whole file, once it is written."""
    progress: Progress
    """The share of the time span that is read; while a sorted file is merged, of its bytes."""
    created_at: Time
    finished_at: Time | None
    expires_at: Time | None
    """When the file may be deleted, or was."""
    download_url: str | None
    """Valid for 3,590 seconds; a new read gives a new one. Only in the answer of `GET /v1/exports/{export_id}`."""
    manifest_url: str | None
    evidence: Literal["waiting", "ready"] | None
    """Null where it was not asked for. It is ready once the export has succeeded."""
    evidence_url: str | None
    error: str | None
    """The reason for a failure."""


class ExportList(Struct):
    exports: list[ExportDescription]
    """Newest first: the 1,000 latest of 30 days, or fewer where they are more than 4 MB."""
    more: bool
    """Whether there may be older ones, which are not listed. Each can be read by its id."""


class JobList(Struct):
    jobs: list[JobDescription]
    """The 100 newest that requests of callers began, newest first."""
