"""Events accepted: read, judged, their people bound, written once, and answered one by one."""

from collections.abc import Callable
from typing import Any, NamedTuple

from daybook.caller import Caller
from daybook.canonical import leaf, unpack
from daybook.clock import Clock
from daybook.content import ContentWriter, Judged
from daybook.decoding import Sent, read_event
from daybook.derivation import DeploymentKeys
from daybook.identities import Contended, People, Sighting, distinct_people
from daybook.judgement import Judge
from daybook.problem import FieldError, Problem
from daybook.rejection import Rejected
from daybook.resolving import Identities
from daybook.stored import MOST_PACKED_BYTES, StoredEvent, partition_of, same_fingerprint, store_form
from daybook.storing import Append, EventStore, Kept, Key, Throttled
from daybook.tenant_catalogue import Catalogues
from daybook.tenants import TenantSettings

MOST_PEOPLE = 1_000
"""Distinct people that one request may name: each may be new, and is then written before any event."""


class Result(NamedTuple):
    """What became of one event: `stored`, `rejected` or, where the store was throttled throughout, `retry`."""

    status: str
    id: str | None = None
    leaf: bytes | None = None
    code: str | None = None
    errors: tuple[FieldError, ...] = ()


RETRY = Result("retry")
CONFLICT = Result(
    "rejected", code="id_conflict", errors=(FieldError("id", "another event was stored under this id and time"),)
)
TOO_LARGE = Result(
    "rejected", code="too_large", errors=(FieldError("", "what is stored of the event is more than an item holds"),)
)


class _Entry:
    """One event on its way; `result` is None until it is known."""

    def __init__(self) -> None:
        self.result: Result | None = None
        self.judged: Judged | None = None
        self.key: Key = ("", "")
        self.fingerprint = b""
        self.refusal: Result | None = None
        """What to answer if nothing stands under the event's id."""


class Ingest:
    """`keys` are the deployment's; `random_bytes` makes the ids of events that have none of their sender's."""

    def __init__(  # noqa: PLR0913  one for each thing that it takes to store an event
        self,
        *,
        events: EventStore,
        identities: Identities,
        catalogues: Catalogues,
        keys: DeploymentKeys,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        most_packed_bytes: int = MOST_PACKED_BYTES,
    ) -> None:
        self._events = events
        self._identities = identities
        self._catalogues = catalogues
        self._keys = keys
        self._clock = clock
        self._random = random_bytes
        self._most_packed_bytes = most_packed_bytes

    def store(
        self, settings: TenantSettings, caller: Caller, sent: Sent, remaining_seconds: Callable[[], float]
    ) -> list[Result]:
        """One result for each event sent, in order. What is `stored` is durable and in the next read of the timeline.

        Repeating a call whose events carry ids of the sender's own changes nothing and gives the same answer. Raises
        `Problem` 403 where an event names an environment that is not the caller's, 413 for over 1,000 people.
        """
        judge = Judge(settings, self._catalogues.of(settings), self._keys, self._clock(), self._random)
        entries = [self._read(raw, sent.levels, judge, caller) for raw in sent.events]
        # What is refused now is looked up before anything is written: it can only be a retry of an earlier call.
        self._look_up([entry for entry in entries if entry.refusal is not None])
        people = self._people(settings, entries)
        if people is not None:
            self._append(entries, judge, people, remaining_seconds)
        self._look_up(entries)
        return [entry.result or RETRY for entry in entries]

    def _read(self, raw: Any, levels: int, judge: Judge, caller: Caller) -> _Entry:
        entry = _Entry()
        try:
            received = read_event(raw, levels)
            environment = _environment(received.event.environment, judge.settings, caller)
            identified = judge.identify(received, environment)
        except Rejected as rejected:
            entry.result = _rejection(rejected)
            return entry
        entry.key = partition_of(judge.settings, environment, *identified), identified[0]
        entry.fingerprint = judge.fingerprint(received)
        try:
            entry.judged = judge.judge(received, environment, identified)
        except Rejected as rejected:
            # A retry is a retry, whatever catalogue and retention have become since its first try was stored.
            entry.refusal = _rejection(rejected)
            entry.result = entry.refusal if received.event.id is None else None
        return entry

    def _people(self, settings: TenantSettings, entries: list[_Entry]) -> People | None:
        """None where they could not be bound for now."""
        seen = [
            Sighting(mention.reference, entry.judged.occurred_ms, mention.name)
            for entry in entries
            if entry.judged
            for mention in entry.judged.mentions.all
        ]
        if distinct_people({sighting.reference for sighting in seen}) > MOST_PEOPLE:
            raise Problem(413, "too_many_people", f"A request names at most {MOST_PEOPLE} people.")
        try:
            return self._identities.resolve_seen(settings.tenant, seen, self._keys.gone)
        except (Contended, Throttled):
            return None

    def _append(
        self,
        entries: list[_Entry],
        judge: Judge,
        people: People,
        remaining_seconds: Callable[[], float],
    ) -> None:
        first: dict[Key, _Entry] = {}
        forms: list[StoredEvent] = []
        for entry in entries:
            # The same key twice would have the whole call refused; the second is looked up like any retry.
            if entry.judged is not None and first.setdefault(entry.key, entry) is entry:
                judged = entry.judged
                cast = people.at(judged.occurred_ms)
                writer = ContentWriter(judged, judge.settings, judge.profile, self._keys, cast)
                form = store_form(judged, writer, judge.settings, self._keys)
                if len(form.packed) <= self._most_packed_bytes:
                    forms.append(form)
                    continue
                # The store would refuse it with an error that fails its neighbours too.
                entry.judged, entry.refusal = None, TOO_LARGE
                del first[entry.key]
        appended = self._events.append(forms, remaining_seconds) if forms else {}
        for form in forms:
            if appended[form.partition, form.id] is Append.STORED:
                first[form.partition, form.id].result = Result("stored", form.id, form.leaf)
            elif appended[form.partition, form.id] is Append.THROTTLED:
                del first[form.partition, form.id]
        for entry in entries:
            if entry.judged is not None and entry.result is None and entry.key not in first:
                entry.result = RETRY

    def _look_up(self, entries: list[_Entry]) -> None:
        unknown = [entry for entry in entries if entry.result is None]
        try:
            kept = self._events.find({entry.key for entry in unknown}) if unknown else {}
        except Throttled:
            return
        for entry in unknown:
            entry.result = _compared(entry, kept.get(entry.key))


def _environment(named: str | None, settings: TenantSettings, caller: Caller) -> str:
    if named is not None and named not in settings.environments:
        raise Rejected("unknown_environment", FieldError("environment", "the tenant has no such environment"))
    return caller.environment_for(named, settings.environments[0])


def _compared(entry: _Entry, kept: Kept | None) -> Result | None:
    if kept is None:
        return entry.refusal
    if not same_fingerprint(kept.fingerprint, entry.fingerprint):
        return CONFLICT
    return Result("stored", entry.key[1], leaf(unpack(kept.packed)))


def _rejection(rejected: Rejected) -> Result:
    return Result("rejected", code=rejected.code, errors=rejected.errors)
