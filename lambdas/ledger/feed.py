"""The feed: a log's events in the order of its entries, each once, nothing late.

A poller keeps the log's name and a number. A log ends where another one has come in its place: the answer leads there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Raw

from daybook.batching import batched
from daybook.catalogue.aliases import Aliases
from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.catalogue.views import Shown, labels, show
from daybook.clock import HOUR, Clock
from daybook.crypto.sealing import Unsealing
from daybook.events.reader import Opened, people_of
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_parameter, not_found
from daybook.http.request import Answer, Request
from daybook.ids import occurred_ms
from daybook.ledger.entries import Entry
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log, LogKey, Logs
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import ResolvedQuery
from daybook.search.filters import Matcher
from daybook.search.merge import Bound
from daybook.search.parameters import NATIVE, Span, span_at
from daybook.search.scope import Scope
from daybook.search.search import Search
from daybook.self_audit.reads import Writing
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.self_audit.words import in_words
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from ledger import access
from ledger.feed_answers import FeedEvent, FeedPage, FeedPlace, FeedRecord, FeedRecordPage
from ledger.feed_entries import Events, Sealed, SealedReader
from ledger.feed_parameters import NARROWING, FeedParameters, read_feed_parameters

HEADER = "Daybook-Log"
"""Names the log that was read."""

READ_AT_ONCE = 100  # BatchGetItem's own limit


class Written(NamedTuple):
    """An event as it was asked for, in JSON."""

    event: bytes
    native: bytes | None = None
    """Beside a view, where that was asked for."""

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.event) + len(self.native or b"")


Shape = Callable[[Opened], Written]

StreamFormat = Callable[[Mapping[str, Any], str | None, Aliases], bytes]
"""Writes a native event as a stream of the format has it."""


class TenantStores(Protocol):
    """What reads one tenant's logs, events and people, and records it."""

    @property
    def logs(self) -> Logs: ...
    @property
    def appends(self) -> Appends: ...
    @property
    def sealed_events(self) -> Events: ...
    @property
    def search(self) -> Search: ...
    @property
    def person_keys(self) -> PersonKeys: ...
    @property
    def stream_formats(self) -> Mapping[str, StreamFormat]: ...
    @property
    def recorder(self) -> Recorder: ...


class _Narrowing(NamedTuple):
    """Which events the caller asks for."""

    span: Span
    matcher: Matcher

    def may_match(self, entry: Entry) -> bool:
        moment_ms = occurred_ms(entry.id)
        from_ms, to_ms = self.span
        return (from_ms is None or from_ms <= moment_ms) and (to_ms is None or moment_ms < to_ms)


class Feed:
    def __init__(
        self,
        *,
        control: SettingsReader,
        catalogues: Catalogues,
        stores_of: Callable[[TenantCode], TenantStores],
        clock: Clock,
        count: Callable[[str, int], None],
    ) -> None:
        self._control = control
        self._catalogues = catalogues
        self._stores_of = stores_of
        self._clock = clock
        self._count = count

    def read_feed(self, request: Request) -> Answer:
        parameters = read_feed_parameters(request.query)
        settings = self._control.settings(request.tenant)
        stores = self._stores_of(settings.code)
        environment, log, successor = _log(request, settings, stores, parameters)
        scope = Scope(settings, self._catalogues.of(settings), environment, request.caller)
        meaning = stores.search.meaning(scope, parameters.searched.filters)
        size = 0 if log is None else stores.appends.head(log).size
        headers = {} if log is None else {HEADER: log.name}
        ended = successor is not None and parameters.after >= size
        if parameters.after > size and not ended:
            message = f"the log has only {size} entries"
            raise Problem(400, "invalid_parameter", f"after: {message}", headers=headers)
        items, reached = ([], 0) if ended else self._items(stores, scope, parameters, meaning, log, size)
        self._record(stores, request, scope, meaning, log)
        goes_on_in = successor if ended else log
        place = FeedPlace(None if goes_on_in is None else goes_on_in.name, reached, size)
        return Answer(200, _page(parameters, items, place), headers)

    def _items(  # noqa: PLR0913, PLR0917  what is read, and how it is shown
        self,
        stores: TenantStores,
        scope: Scope,
        parameters: FeedParameters,
        meaning: ResolvedQuery,
        log: Log | None,
        size: int,
    ) -> tuple[list[tuple[Sealed, Written | None]], int]:
        """What is answered of the entries, and the index up to which they were looked at."""
        if log is None:
            return [], parameters.after
        now_ms = self._clock()
        narrowing = _Narrowing(
            span_at(parameters.searched, now_ms),
            Matcher(parameters.searched.filters, meaning, scope.caller.role),
        )
        reader = SealedReader(stores.sealed_events, scope.settings, scope.environment, now_ms, self._count)
        bounds = stores.search.bounds
        bound = Bound(self._clock, bounds)
        entries = stores.appends.read(log, parameters.after, min(parameters.after + parameters.limit, size))
        shape = _shape(stores, scope, parameters)
        items: list[tuple[Sealed, Written | None]] = []
        reached, answered = parameters.after, 0
        for some in batched(entries, READ_AT_ONCE):
            if reached > parameters.after and bound.reached:
                break
            read = reader.read([each for each in some if narrowing.may_match(each[1])])
            bound.count(sum(sealed.size for sealed in read))
            for sealed, written in _shown(stores, scope, narrowing.matcher, read, shape):
                answered += 0 if written is None else written.size
                if items and answered > bounds.answer_bytes:
                    return items, sealed.place
                items.append((sealed, written))
            reached = some[-1][0] + 1
        return items, reached

    def _record(
        self,
        stores: TenantStores,
        request: Request,
        scope: Scope,
        meaning: ResolvedQuery,
        log: Log | None,
    ) -> None:
        """Once an hour for each credential, log and narrowing. `after` and the form of the events are no question."""
        narrowed = {name: values for name, values in request.query.items() if name in NARROWING}
        writing = Writing.of(scope.key, scope.catalogue, meaning.named, stores.person_keys.of)
        filters = writing.filters(narrowed)
        params: dict[str, Any] = {"log": "" if log is None else log.name, "filters": filters}
        wording = ["Feed of the audit log read: ", *in_words(filters)]
        hidden = None if log is None or log.key.visibility == "all" else log.key.visibility
        question = [f"{name}={value}" for name, values in sorted(narrowed.items()) for value in sorted(set(values))]
        stores.recorder.record_once(
            scope.settings,
            scope.environment,
            request,
            AuditAction("feed-read", params, people=writing.people, visibility=hidden, wording=wording),
            question=[params["log"], *question],
            period_ms=HOUR,
        )


def _log(
    request: Request, settings: TenantSettings, stores: TenantStores, parameters: FeedParameters
) -> tuple[str, Log | None, Log | None]:
    """The environment and the log that the call is about, and the log that came in its place.

    The log is None where nothing was appended yet. Raises `Problem` 400, 403, 404.
    """
    named = parameters.searched.environment
    logs = stores.logs.of(settings.code)
    if parameters.log is None:
        environment = environment_of(request, settings, named)
        key = LogKey(settings.environment_key(environment), "all")
        of_key = [log for log in logs if log.key == key]
        if parameters.after and len(of_key) > 1:
            raise bad_parameter("log", "must be given with after, because a new log has begun: give the answer's log")
        return environment, of_key[-1] if of_key else None, None
    log = access.log_named(parameters.log, logs, settings, request.caller)
    environment = access.environment_of(settings, log)
    if named is not None and environment_of(request, settings, named) != environment:
        raise not_found("log")
    later = (each for each in logs if each.key == log.key and each.generation > log.generation)
    return environment, log, next(later, None)


def _shown(
    stores: TenantStores, scope: Scope, matcher: Matcher, read: Sequence[Sealed], shape: Shape
) -> Iterator[tuple[Sealed, Written | None]]:
    """The events that match, written; and what is gone or missing, of which nobody can tell whether it would match."""
    candidates = [
        sealed
        for sealed in read
        if sealed.content is None or (matcher.may_see(sealed.content) and matcher.matches_clear(sealed.content))
    ]
    contents = [sealed.content for sealed in candidates if sealed.content is not None]
    keys = stores.person_keys.of(scope.key, (guid for content in contents for guid in people_of(content)))
    # By the tenant's name in the content: it is part of what was sealed, and may have changed since.
    names = {content["tenant"] for content in contents}
    unsealing = {name: Unsealing(name, scope.environment) for name in names}
    aliases = scope.catalogue.profile.aliases
    for sealed in candidates:
        if sealed.content is None:
            yield sealed, None
            continue
        opened = Opened(sealed.content, keys, unsealing[sealed.content["tenant"]])
        if not matcher.needs_opening or matcher.matches_opened(opened, opened.native(aliases)):
            yield sealed, shape(opened)


def _shape(stores: TenantStores, scope: Scope, parameters: FeedParameters) -> Shape:
    aliases, encode = scope.catalogue.profile.aliases, msgspec.json.Encoder().encode
    if parameters.view != NATIVE:
        view, zone, tenant_name = profile(parameters.view), parameters.searched.zone, scope.settings.name
        with_native = parameters.searched.with_native

        def in_view(opened: Opened) -> Written:
            native = opened.native(aliases)
            row = show(Shown(native, opened.alias(aliases), tenant_name, aliases, view, zone))
            return Written(encode(row), encode(native) if with_native else None)

        return in_view
    if parameters.format == NATIVE:
        return lambda opened: Written(encode(opened.native(aliases)))
    write = stores.stream_formats[parameters.format]
    return lambda opened: Written(write(opened.native(aliases), opened.alias(aliases), aliases))


def _page(
    parameters: FeedParameters, items: Sequence[tuple[Sealed, Written | None]], place: FeedPlace
) -> FeedPage | FeedRecordPage:
    if parameters.view == NATIVE and parameters.format == NATIVE:
        return FeedPage([FeedEvent(**_fields(*item)) for item in items], *place)
    records = [FeedRecord(**_fields(*item)) for item in items]
    if parameters.view == NATIVE:
        return FeedRecordPage(records, *place)
    return FeedRecordPage(records, *place, labels(profile(parameters.view)))


def _fields(sealed: Sealed, written: Written | None) -> Mapping[str, Any]:
    if written is not None:
        native = {} if written.native is None else {"native": Raw(written.native)}
        return {"index": sealed.place, "event": Raw(written.event), **native}
    if sealed.gone is not None:
        return {"index": sealed.place, "gone": sealed.gone}
    return {"index": sealed.place, "missing": sealed.entry.id}
