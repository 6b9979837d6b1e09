"""Events accepted: read, judged, their people bound, written once, and answered one by one."""

from collections.abc import Callable
from typing import Any, NamedTuple

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Contended, FieldError, Throttled
from daybook.events.acceptance import AcceptancePolicy
from daybook.events.canonical import leaf
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.decoding import Sent, read_event
from daybook.events.item import MAX_PACKED_BYTES, StoredEvent, partition_of, same_fingerprint, store_form
from daybook.events.packing import unpack
from daybook.events.rejected import Rejected
from daybook.events.store import Append, EventStore, Kept, Key
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.people.identities import People, Sighting, distinct_people
from daybook.people.resolver import Identities
from daybook.tenants.settings import TenantSettings

MAX_PEOPLE = 1_000
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
        self.accepted: AcceptedEvent | None = None
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
        max_packed_bytes: int = MAX_PACKED_BYTES,
    ) -> None:
        self._events = events
        self._identities = identities
        self._catalogues = catalogues
        self._keys = keys
        self._clock = clock
        self._random = random_bytes
        self._max_packed_bytes = max_packed_bytes

    def store(
        self, settings: TenantSettings, caller: Caller, sent: Sent, remaining_seconds: Callable[[], float]
    ) -> list[Result]:
        """One result for each event sent, in order. What is `stored` is durable and in the next read of the timeline.

        Repeating a call whose events carry ids of the sender's own changes nothing and gives the same answer. Raises
        `Problem` 403 where an event names an environment that is not the caller's, 413 for over 1,000 people.
        """
        policy = AcceptancePolicy(settings, self._catalogues.of(settings), self._keys, self._clock(), self._random)
        entries = [self._read(raw, sent.levels, policy, caller) for raw in sent.events]
        # What is refused now is looked up before anything is written: it can only be a retry of an earlier call.
        self._look_up([entry for entry in entries if entry.refusal is not None])
        people = self._people(settings, entries)
        if people is not None:
            self._append(entries, policy, people, remaining_seconds)
        self._look_up(entries)
        return [entry.result or RETRY for entry in entries]

    def _read(self, raw: Any, levels: int, policy: AcceptancePolicy, caller: Caller) -> _Entry:
        entry = _Entry()
        try:
            received = read_event(raw, levels)
            environment = _environment(received.event.environment, policy.settings, caller)
            identified = policy.identify(received, environment)
        except Rejected as rejected:
            entry.result = _rejection(rejected)
            return entry
        entry.key = partition_of(policy.settings, environment, *identified), identified[0]
        entry.fingerprint = policy.fingerprint(received)
        try:
            entry.accepted = policy.policy(received, environment, identified)
        except Rejected as rejected:
            # A retry is a retry, whatever catalogue and retention have become since its first try was stored.
            entry.refusal = _rejection(rejected)
            entry.result = entry.refusal if received.event.id is None else None
        return entry

    def _people(self, settings: TenantSettings, entries: list[_Entry]) -> People | None:
        """None where they could not be bound for now."""
        seen = [
            Sighting(mention.reference, entry.accepted.occurred_ms, mention.name)
            for entry in entries
            if entry.accepted
            for mention in entry.accepted.mentions.all
        ]
        if distinct_people({sighting.reference for sighting in seen}) > MAX_PEOPLE:
            raise Problem(413, "too_many_people", f"A request names at most {MAX_PEOPLE} people.")
        try:
            return self._identities.resolve_seen(settings.tenant, seen, self._keys.gone)
        except (Contended, Throttled):
            return None

    def _append(
        self,
        entries: list[_Entry],
        policy: AcceptancePolicy,
        people: People,
        remaining_seconds: Callable[[], float],
    ) -> None:
        first: dict[Key, _Entry] = {}
        forms: list[StoredEvent] = []
        for entry in entries:
            # The same key twice would have the whole call refused; the second is looked up like any retry.
            if entry.accepted is not None and first.setdefault(entry.key, entry) is entry:
                accepted = entry.accepted
                cast = people.at(accepted.occurred_ms)
                writer = ContentWriter(accepted, policy.settings, policy.profile, self._keys, cast)
                form = store_form(accepted, writer, policy.settings, self._keys)
                if len(form.packed) <= self._max_packed_bytes:
                    forms.append(form)
                    continue
                # The store would refuse it with an error that fails its neighbours too.
                entry.accepted, entry.refusal = None, TOO_LARGE
                del first[entry.key]
        appended = self._events.append(forms, remaining_seconds) if forms else {}
        for form in forms:
            if appended[form.partition, form.id] is Append.STORED:
                first[form.partition, form.id].result = Result("stored", form.id, form.leaf)
            elif appended[form.partition, form.id] is Append.THROTTLED:
                del first[form.partition, form.id]
        for entry in entries:
            if entry.accepted is not None and entry.result is None and entry.key not in first:
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
