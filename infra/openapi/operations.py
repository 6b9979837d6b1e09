"""What each operation of the route table is for, takes and answers: the types are those that its function uses."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from console.sign_in import ConsoleConfig, SignedIn, SignInForm
from daybook.catalogue.description import ActivityDescription, CatalogueDescription
from daybook.events.decoding import MAX_EVENTS
from daybook.events.native import NativeEvent
from daybook.events.schema import SentEvent
from daybook.http.problem import Code
from daybook.jobs.job import JobDescription
from daybook.search.parameters import SEARCH
from exports.bodies import ExportDescription, ExportList, JobList, SentExport
from forget.operations import ForgettingReport
from infra.openapi.parameters import (
    ABOUT_TARGET,
    COUNTING,
    IN_EVERY_ENVIRONMENT,
    OF_ENVIRONMENT,
    OF_FEED,
    OF_VIEW,
    PICKING,
    PROVING,
    QUERY,
    TRYING,
    Parameter,
)
from infra.openapi.problems import Problems
from ingest.answers import SendReport
from ledger import proof as proofs
from ledger.alerts import AlertPage
from ledger.answers import EventProof, LogList
from ledger.feed_answers import FeedPage, FeedRecordPage
from ledger.feed_parameters import FEED
from ledger.stats_answers import Stats
from manage import actors
from manage.activity_definition import SentActivity
from manage.actors import ActorPage
from manage.catalogue import CatalogueMode
from manage.groups import GroupDescription, GroupList, Members
from manage.refused import RefusedReport
from manage.retention import HoldDescription, RetentionDescription, SentHold, SentRetention
from manage.retention_preview import RetentionPreview
from manage.views import ViewDescription, ViewForm, ViewList
from public.handler import Health
from query import operations as reads
from query.answers import EventPage, TargetAttribution, TargetSummary, TargetTime, ViewPage
from query.me import Me
from streams import operations
from streams.bodies import ReplayForm, StreamDescription, StreamForm, StreamTest
from tenants.key_bodies import CreatedKey, KeyList, KeyRotation, NewKey, NewOperatorsKey
from tenants.tenants import NewTenant, TenantChange, TenantDescription, TenantList


class EventBatch(Struct, forbid_unknown_fields=True):
    """Several events in one call."""

    events: Annotated[list[SentEvent], Meta(min_length=1, max_length=MAX_EVENTS)]


PAGE = str
"""A page for a browser. It and the three below are the answers that are no JSON."""
NOTE = Annotated[str, Meta(description="A signed note.")]
HASHES = bytes
FILE = Annotated[bytes, Meta(description="A file of the page.")]

Answers = Mapping[int, tuple[Any, ...]]
"""The types of an operation's answers by status; none: no content."""


class Operation(NamedTuple):
    tag: str
    summary: str
    answers: Answers
    problems: Mapping[int, tuple[Code, ...]] = {}
    """Its own, beside those that follow from its route, body and query."""
    body: tuple[type, ...] = ()
    body_is_needed: bool = True
    query: Mapping[str, Parameter] | None = None
    """None: the operation ignores its query."""
    has_location: bool = False
    is_of_log: bool = False
    """Whether its answers name a log."""
    note: str = ""
    meanings: Mapping[int, str] = {}
    """Of the answers' statuses, where there is more to say than their names do."""

    @property
    def types(self) -> list[Any]:
        return [*self.body, *(each for types in self.answers.values() for each in types)]


def _of(names: Sequence[str], meanings: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name: meanings[name] for name in names}


def _with(problems: Problems, status: int, *codes: Any) -> dict[int, tuple[Any, ...]]:
    return {**problems, status: (*problems.get(status, ()), *codes)}


READ: Problems = {
    400: ("too_long",),
    403: ("environment_denied",),
    500: ("unknown_format",),
    503: ("not_recorded",),
}
CHANGE: Problems = {403: ("environment_denied",), 503: ("not_recorded", "contended")}

EVENTS, TARGETS, PEOPLE, CATALOGUE = "Events", "Targets", "People and groups", "Catalogue"
VIEWS = "Saved views"
EXPORTS, SETTINGS, STREAMS, SERVICE = "Exports and jobs", "Settings", "Streams", "Service"
LEDGER = "Ledger"
TENANTS, OPERATORS = "Tenants and keys", "Operators' keys"

OPERATIONS: Mapping[str, Operation] = {
    "console": Operation(
        SERVICE,
        "The console's page",
        {200: (PAGE,), 304: (), 308: ()},
        has_location=True,
        meanings={308: "The page is at the address without the slash at its end."},
    ),
    "console_file": Operation(
        SERVICE,
        "A file of the console's page",
        {200: (FILE,), 304: ()},
        {404: ("not_found",)},
        note="The page names its files.",
    ),
    "read_console_config": Operation(
        SERVICE,
        "Where people sign in at the console",
        {200: (ConsoleConfig,)},
        {503: ("issuer_unavailable",)},
    ),
    "sign_in": Operation(
        SERVICE,
        "Exchange the code of the OIDC issuer for a token",
        {200: (SignedIn,)},
        {404: ("not_found",), 422: ("sign_in_refused",), 503: ("issuer_unavailable",)},
        body=(SignInForm,),
        note="The console's page calls it: authorization code with PKCE, `S256`.",
    ),
    "health": Operation(SERVICE, "Whether the service answers", {200: (Health,)}),
    "openapi": Operation(SERVICE, "This document", {200: (dict[str, Any],), 304: ()}),
    "send_events": Operation(
        EVENTS,
        "Send one event, or up to 500",
        {201: (SendReport,), 207: (SendReport,), 422: (SendReport,), 503: (SendReport,)},
        {403: ("environment_denied",), 413: ("too_many_people",), 500: ("unknown_format",)},
        body=(SentEvent, EventBatch),
        note="A repeat of an event with an `id` is harmless: it is answered as the first try was.",
        meanings={
            201: "All events are stored.",
            207: "Some events are stored, the others are rejected.",
            422: "No event is stored.",
            503: "Events whose status is `retry` may not be stored: send them again.",
        },
    ),
    "search_events": Operation(
        EVENTS,
        "Search events",
        {200: (EventPage, ViewPage)},
        {
            **_with(READ, 400, "cursor_mismatch", "too_many_values", "unknown_group", "unknown_view", "unknown_zone"),
            422: ("too_many_people", "too_many_to_sort"),
        },
        query=_of(SEARCH, QUERY),
        note="A repeated parameter means or; different parameters mean and.",
    ),
    "read_event": Operation(EVENTS, "Read one event", {200: (NativeEvent,)}, READ, query=_of(reads.EVENT, QUERY)),
    "read_proof": Operation(
        LEDGER,
        "Read the proof of one event",
        {200: (EventProof,)},
        _with(READ, 404, "not_sealed_yet"),
        query=_of(proofs.PARAMETERS, PROVING),
        note="An event is appended to its log some seconds after it was stored, and is proved once a head of the log "
        "that covers it is signed. The call asks for such a head. With `disclose=true` the answer has the keys that "
        "open all sealed fields of the event's people in this one event. That is recorded, and a later forgetting "
        "lists it.",
    ),
    "read_feed": Operation(
        LEDGER,
        "Read events in the order of the log, each once",
        {200: (FeedPage, FeedRecordPage)},
        {
            **_with(READ, 400, "too_many_values", "unknown_group", "unknown_view", "unknown_zone"),
            422: ("too_many_people",),
        },
        query=_of(FEED, {**QUERY, **OF_FEED}),
        note="Begin without both, then send each answer's `log` and `next` as `log` and `after`: a number means "
        "nothing in another log. The header `Daybook-Log` names the log that was read. Where that one has ended and "
        "nothing is left of it, the answer names the log that came in its place, and 0. Filters narrow what "
        "is answered, and `next` still counts all entries.",
        is_of_log=True,
    ),
    "list_alerts": Operation(
        LEDGER,
        "List the alerts, newest first",
        {200: (AlertPage,)},
        {400: ("cursor_mismatch", "too_long"), 403: ("environment_denied",)},
        query={**_of(("environment",), IN_EVERY_ENVIRONMENT), "cursor": QUERY["cursor"]},
    ),
    "read_stats": Operation(
        LEDGER,
        "Count events",
        {200: (Stats,)},
        {
            **READ,
            400: (*READ[400], "too_many_values"),
            422: ("cannot_count", "too_many_buckets", "too_many_people", "too_much_to_read"),
            503: (*READ[503], "contended", "not_counted_yet"),
        },
        query=COUNTING,
        note="The numbers are exact: every event that the log has, each once. It has an event some seconds after it "
        "was stored. `from` and `to` are widened to whole intervals; nothing before retention's edge is counted.",
    ),
    "list_logs": Operation(
        LEDGER,
        "List the logs that the caller may read",
        {200: (LogList,)},
        query={},
        note="`/v1/logs/<name>` is the prefix of a log as [tlog-tiles](https://c2sp.org/tlog-tiles) uses the word.",
    ),
    "read_checkpoint": Operation(
        LEDGER,
        "Read the newest signed head of a log",
        {200: (NOTE,)},
        query={},
        note="A [checkpoint](https://c2sp.org/tlog-checkpoint).",
    ),
    "read_tile": Operation(
        LEDGER,
        "Read a tile of a log's hashes, or a bundle of its entries",
        {200: (HASHES,)},
        query={},
        note="Nothing beyond the newest checkpoint is served. A tile never changes, so it may be kept for ever. "
        "Bundles are compressed for callers that accept gzip.",
    ),
    "read_me": Operation(
        SERVICE,
        "Read what your credential is, and what it may read",
        {200: (Me,)},
        {404: ("not_found",)},
        query={},
        note="Operations name a tenant in `Daybook-Tenant`, or none: then what is about a tenant is null.",
    ),
    "read_catalogue": Operation(CATALOGUE, "Read the catalogue", {200: (CatalogueDescription,)}, query={}),
    "put_activity": Operation(
        CATALOGUE,
        "Add an activity of the tenant's own, or change it, for events from now on",
        {200: (ActivityDescription,)},
        _with(
            CHANGE,
            422,
            "reserved_activity",
            "reserved_component",
            "too_many_activities",
            "too_many_categories",
            "catalogue_too_large",
        ),
        body=(SentActivity,),
    ),
    "take_back_activity": Operation(CATALOGUE, "Take back an activity of the tenant's own", {204: ()}, CHANGE),
    "set_catalogue_mode": Operation(
        CATALOGUE,
        "Set whether events may have activities that the catalogue lacks",
        {200: (CatalogueMode,)},
        CHANGE,
        body=(CatalogueMode,),
    ),
    "read_stream": Operation(
        STREAMS,
        "Read an environment's stream, or the external id for a new one",
        {200: (StreamDescription,)},
        {403: ("environment_denied",)},
        query=_of(operations.PARAMETERS, QUERY),
    ),
    "set_stream": Operation(
        STREAMS,
        "Publish every event from now on in a Kinesis stream",
        {200: (StreamDescription,)},
        CHANGE,
        body=(StreamForm,),
        query=_of(operations.PARAMETERS, QUERY),
    ),
    "remove_stream": Operation(
        STREAMS,
        "Remove the stream: publish no more events",
        {200: (StreamDescription,)},
        CHANGE,
        query=_of(operations.PARAMETERS, QUERY),
    ),
    "test_stream": Operation(
        STREAMS,
        "Send one test record now",
        {200: (StreamTest,)},
        CHANGE,
        query=_of(operations.PARAMETERS, QUERY),
    ),
    "replay_stream": Operation(
        STREAMS,
        "Publish the events of a span of time again, by a job",
        {202: (JobDescription,)},
        {**CHANGE, 422: ("invalid_time",), 429: ("too_many_replays",)},
        body=(ReplayForm,),
        query=_of(operations.PARAMETERS, QUERY),
        has_location=True,
    ),
    "read_retention": Operation(SETTINGS, "Read the retention", {200: (RetentionDescription,)}),
    "set_retention": Operation(
        SETTINGS,
        "Set the retention, of stored events too",
        {200: (RetentionDescription, RetentionPreview)},
        {**CHANGE, 409: ("legal_hold", "retention_fixed"), 422: ("too_many_changes",)},
        body=(SentRetention,),
        query=TRYING,
        note="With `dry_run=true` nothing is changed or recorded: the answer is how many events would be hidden.",
    ),
    "read_hold": Operation(SETTINGS, "Read the legal hold", {200: (HoldDescription,)}),
    "set_hold": Operation(
        SETTINGS,
        "Set a legal hold, or change its reason",
        {200: (HoldDescription,)},
        {**CHANGE, 422: ("too_many_changes",)},
        body=(SentHold,),
    ),
    "lift_hold": Operation(SETTINGS, "Lift the legal hold", {204: ()}, CHANGE),
    "read_target": Operation(
        TARGETS,
        "Read when a target was last changed, and by whom",
        {200: (TargetSummary,)},
        {**READ, 422: ("too_many_people", "too_much_to_read")},
        query=_of(reads.TARGET, ABOUT_TARGET),
    ),
    "read_target_time": Operation(
        TARGETS,
        "Read how long a target was worked on, and by whom",
        {200: (TargetTime,)},
        {**READ, 422: ("too_many_people", "too_much_to_read")},
        query=_of(reads.TARGET_TIME, ABOUT_TARGET),
    ),
    "read_target_attribution": Operation(
        TARGETS,
        "Read who could have made a change that names nobody",
        {200: (TargetAttribution,)},
        {**READ, 422: ("too_many_people", "too_much_to_read")},
        query=_of(reads.TARGET_ATTRIBUTION, ABOUT_TARGET),
    ),
    "list_actors": Operation(
        PEOPLE,
        "Find people by the beginning of a username or of a word",
        {200: (ActorPage,)},
        {400: ("cursor_mismatch",), 403: ("environment_denied",)},
        query=_of(actors.PARAMETERS, PICKING),
    ),
    "forget_person": Operation(
        PEOPLE,
        "Forget a person",
        {200: (ForgettingReport,)},
        {**CHANGE, 409: ("several_people",)},
        query=IN_EVERY_ENVIRONMENT,
    ),
    "list_groups": Operation(
        PEOPLE,
        "List an environment's groups",
        {200: (GroupList,)},
        {403: ("environment_denied",)},
        query=OF_ENVIRONMENT,
    ),
    "read_group": Operation(
        PEOPLE,
        "Read a group",
        {200: (GroupDescription,)},
        {403: ("environment_denied",), 422: ("invalid_length", "invalid_value")},
        query=OF_ENVIRONMENT,
    ),
    "put_group": Operation(
        PEOPLE,
        "Create a group of people, or replace it",
        {200: (GroupDescription,)},
        _with(CHANGE, 422, "too_many_groups", "too_many_people"),
        query=OF_ENVIRONMENT,
        body=(Members,),
    ),
    "remove_group": Operation(
        PEOPLE,
        "Remove a group",
        {204: ()},
        _with(CHANGE, 422, "invalid_length", "invalid_value"),
        query=OF_ENVIRONMENT,
    ),
    "list_views": Operation(
        VIEWS,
        "List the saved views that the caller sees",
        {200: (ViewList,)},
        {403: ("environment_denied",)},
        query=OF_ENVIRONMENT,
        note="A view is a search with a name. It belongs to the credential that saved it, or is shared with every "
        "reader of the environment.",
    ),
    "read_view": Operation(
        VIEWS,
        "Read a saved view",
        {200: (ViewDescription,)},
        {403: ("environment_denied",), 422: ("invalid_length", "invalid_value")},
        query=OF_VIEW,
    ),
    "put_view": Operation(
        VIEWS,
        "Save a view, or replace it",
        {200: (ViewDescription,)},
        _with(
            CHANGE,
            422,
            *("invalid_parameter", "too_long", "too_many_people", "too_many_values", "too_many_views"),
            *("unknown_view", "unknown_zone"),
        ),
        query=OF_ENVIRONMENT,
        body=(ViewForm,),
        note="Saving a shared view needs the role `admin` or `operations`, and is recorded.",
    ),
    "remove_view": Operation(
        VIEWS,
        "Remove a saved view",
        {204: ()},
        _with(CHANGE, 422, "invalid_length", "invalid_value"),
        query=OF_VIEW,
    ),
    "list_refused": Operation(
        EVENTS,
        "List what was refused of the events sent in the last seven days",
        {200: (RefusedReport,)},
        {403: ("environment_denied",)},
        query=IN_EVERY_ENVIRONMENT,
        note="Counts by hour, code, activity and key, and the last 100 events. Of their values there is only the type "
        "and the length, so that nobody is named in them.",
    ),
    "create_export": Operation(
        EXPORTS,
        "Ask for an export of what is stored now",
        {202: (ExportDescription,)},
        {
            **CHANGE,
            422: (
                *("cursor_mismatch", "invalid_parameter", "too_long", "too_many_values"),
                *("too_many_people", "unknown_group", "unknown_view", "unknown_zone"),
            ),
            429: ("too_many_exports",),
        },
        body=(SentExport,),
        body_is_needed=False,
        has_location=True,
    ),
    "list_exports": Operation(
        EXPORTS, "List the exports, newest first", {200: (ExportList,)}, {400: ("unknown_parameter",)}
    ),
    "read_export": Operation(
        EXPORTS,
        "Read an export, with addresses of its files once it has succeeded, its evidence among them",
        {200: (ExportDescription,)},
        {503: ("not_recorded",)},
    ),
    "cancel_export": Operation(
        EXPORTS, "Cancel an export, or delete its files", {204: ()}, {503: ("not_recorded", "contended")}
    ),
    "list_jobs": Operation(
        EXPORTS,
        "List the jobs that callers' requests began, newest first",
        {200: (JobList,)},
        {400: ("unknown_parameter",)},
        note="At most 100, each for 30 days. `restamp` follows a change of the retention or of a legal hold, and "
        "`sweep` a forgetting.",
    ),
    "read_job": Operation(EXPORTS, "Read how far a job is", {200: (JobDescription,)}),
    "create_tenant": Operation(
        TENANTS,
        "Create a tenant",
        {201: (TenantDescription,)},
        {409: ("tenant_taken",), 422: ("invalid_time",), 503: ("not_recorded",)},
        body=(NewTenant,),
        has_location=True,
    ),
    "list_tenants": Operation(TENANTS, "List all tenants", {200: (TenantList,)}),
    "read_tenant": Operation(TENANTS, "Read a tenant", {200: (TenantDescription,)}),
    "change_tenant": Operation(
        TENANTS,
        "Change a tenant",
        {200: (TenantDescription,)},
        {422: ("invalid_time",), 503: ("not_recorded", "contended")},
        body=(TenantChange,),
    ),
    "create_key": Operation(
        TENANTS,
        "Create an API key, which is shown this once",
        {201: (CreatedKey,)},
        {**_with(CHANGE, 422, "invalid_time", "too_many_keys"), 403: ("environment_denied", "reserved_tenant")},
        body=(NewKey,),
    ),
    "list_keys": Operation(
        TENANTS, "List the API keys, without their secrets; expired ones included", {200: (KeyList,)}
    ),
    "revoke_key": Operation(TENANTS, "Revoke an API key", {204: ()}, CHANGE),
    "rotate_key": Operation(
        TENANTS,
        "Replace an API key by a new one, which is shown this once",
        {201: (CreatedKey,)},
        {**CHANGE, 409: ("key_expired", "key_replaced"), 422: ("too_many_keys",)},
        body=(KeyRotation,),
        note="The new key has the old one's role, environment and label, and lasts as long as that was made to last. "
        "The old one stays valid for `overlap_seconds`, but not longer than it would have. A key is rotated once, and "
        "while it is valid.",
    ),
    "create_operators_key": Operation(
        OPERATORS,
        "Create an operators' key, which is shown this once",
        {201: (CreatedKey,)},
        {403: ("environment_denied",), 422: ("invalid_time", "too_many_keys"), 503: ("not_recorded", "contended")},
        body=(NewOperatorsKey,),
        note="What is done with operators' keys is recorded in the log of the tenant `daybook`.",
    ),
    "list_operators_keys": Operation(
        OPERATORS, "List the operators' keys, without their secrets; expired ones included", {200: (KeyList,)}
    ),
    "revoke_operators_key": Operation(
        OPERATORS,
        "Revoke an operators' key",
        {204: ()},
        {403: ("environment_denied",), 404: ("not_found",), 503: ("not_recorded", "contended")},
    ),
}
