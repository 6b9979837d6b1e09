"""`GET /v1/stats`: how many events there are, exact at every moment, however long the log is."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from daybook.catalogue.aliases import ACTOR_TYPES, Aliases, shown_name
from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import MINUTE, Clock, format_time
from daybook.crypto.keys import DeploymentKeys
from daybook.http.environments import environment_of
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log, Logs, current
from daybook.ledger.questions import CannotCount, Values, plan
from daybook.ledger.statistics import Asked, CountReader, NotCountedYet, Statistics, Sums, TooMuchToCount
from daybook.people.key_cache import PersonKeys
from daybook.people.latest_names import latest_names
from daybook.people.lookup import IdentityReader, Named, resolve
from daybook.self_audit.reads import Writing
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.self_audit.words import in_words
from daybook.tenant import EnvironmentKey, TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from ledger.stats_answers import Stats, buckets, split, told_apart
from ledger.stats_parameters import StatsParameters, cannot_count, read_stats_parameters

MAX_BUCKETS = 10_000
"""1 MB of an answer."""

MAX_ACTORS = 1_000
"""Whose names are looked up for one answer."""

_BEHIND = "The statistics of this log are behind; operators are told. Try again."


class CountedStores(Protocol):
    """What counts one tenant's events, names its people and records."""

    @property
    def logs(self) -> Logs: ...
    @property
    def appends(self) -> Appends: ...
    @property
    def counts(self) -> CountReader: ...
    @property
    def identities(self) -> IdentityReader: ...
    @property
    def person_keys(self) -> PersonKeys: ...
    @property
    def recorder(self) -> Recorder: ...


class StatsReads:
    def __init__(
        self,
        *,
        control: SettingsReader,
        catalogues: Catalogues,
        keys: DeploymentKeys,
        stores_of: Callable[[TenantCode], CountedStores],
        clock: Clock,
    ) -> None:
        self._control = control
        self._catalogues = catalogues
        self._keys = keys
        self._stores_of = stores_of
        self._clock = clock

    def read_stats(self, request: Request) -> Answer:
        now_ms = self._clock()
        settings = self._control.settings(request.tenant)
        parameters = read_stats_parameters(request.query, now_ms)
        environment = environment_of(request, settings, parameters.environment)
        scope = _Scope(settings, environment, request.caller.role, self._stores_of(settings.code))
        name_key = self._keys.of(settings.code, settings.secret).name
        named = resolve(scope.stores.identities, scope.key, scope.aliases, parameters.filters.names, name_key)
        sums, to_ms = scope.sums(parameters, named, now_ms)
        answer = _answer(scope, parameters, sums, to_ms)
        self._record(request, scope, named)
        return Answer(200, answer)

    def _record(self, request: Request, scope: "_Scope", named: Mapping[str, Named]) -> None:
        """Once a minute for each caller and question: dashboards ask the same again and again."""
        catalogue = self._catalogues.of(scope.settings)
        writing = Writing.of(scope.key, catalogue, named, scope.stores.person_keys.of)
        filters = writing.filters(request.query)
        wording = ["Statistics of the audit log viewed: ", *in_words(filters)]
        action = AuditAction("statistics-viewed", {"filters": filters}, people=writing.people, wording=wording)
        question = [text for name in sorted(request.query) for text in (name, *sorted(request.query[name]))]
        scope.stores.recorder.record_once(
            scope.settings, scope.environment, request, action, question=question, period_ms=MINUTE
        )


@dataclass(frozen=True)
class _Scope:
    """Whose events are counted."""

    settings: TenantSettings
    environment: str
    role: str
    stores: CountedStores

    @property
    def key(self) -> EnvironmentKey:
        return self.settings.environment_key(self.environment)

    @property
    def aliases(self) -> Aliases:
        return profile(self.settings.profile).aliases

    def sums(self, parameters: StatsParameters, named: Mapping[str, Named], now_ms: int) -> tuple[Sums, int]:
        """The sums, and where they end. Raises `Problem`."""
        from_ms, to_ms = parameters.whole(self.settings.retention_edge(now_ms), now_ms)
        to_ms = max(from_ms, to_ms)
        try:
            asked = Asked(plan(parameters.question, named), parameters.interval, from_ms, to_ms)
            return Statistics(self.stores.appends, self.stores.counts).sums(self._logs(), asked), to_ms
        except CannotCount as reason:
            raise cannot_count(str(reason)) from None
        except TooMuchToCount:
            detail = "Too many counts answer this question: ask about a shorter time."
            raise Problem(422, "too_much_to_read", detail) from None
        except NotCountedYet:
            raise Problem(503, "not_counted_yet", _BEHIND, headers={"Retry-After": "60"}) from None

    def _logs(self) -> list[Log]:
        """What only operations may read has a log of its own. A log that came before the current one is not counted:
        the sweep appends its events to the current one.
        """
        return [
            log
            for log in current(self.stores.logs.of(self.settings.code))
            if log.key.environment == self.key and log.key.visibility in ("all", self.role)
        ]

    def names(self, actors: Collection[str]) -> Mapping[str, str]:
        """People by their latest name, the forgotten and those without one by their GUID; types by the alias."""
        if len(actors) > MAX_ACTORS:
            raise Problem(422, "too_many_buckets", f"There are over {MAX_ACTORS:,} actors: give top.")
        people = [actor for actor in actors if actor not in ACTOR_TYPES]
        called = latest_names(self.stores.identities, self.key, people)
        names = {guid: shown_name(name, self.aliases) for guid, name in called.items()}
        types = {actor: self.aliases.of(actor) or actor for actor in actors if actor in ACTOR_TYPES}
        return told_apart({actor: names.get(actor) or types.get(actor) or actor for actor in actors})


def _answer(scope: _Scope, parameters: StatsParameters, sums: Sums, to_ms: int) -> Stats:
    by = parameters.question.by
    kept, rest = split(sums.numbers, by, parameters.top)
    if len(kept) + len(rest) > MAX_BUCKETS:
        detail = f"The answer has over {MAX_BUCKETS:,} buckets: give top, or a longer interval."
        raise Problem(422, "too_many_buckets", detail)
    place = by.index("actor") if "actor" in by else None
    names = {} if place is None else scope.names({where.values[place] for where in kept})

    def shown(values: Values) -> list[str]:
        return [names[value] if at == place else value for at, value in enumerate(values)]

    return Stats(
        interval=parameters.interval_name,
        by=list(by),
        from_=format_time(sums.from_ms),
        to=format_time(max(sums.from_ms, to_ms)),
        buckets=buckets(kept, rest, parameters.interval, shown),
        total=sums.numbers.total(),
    )
