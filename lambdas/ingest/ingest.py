"""Stores events: reads and checks them, resolves their people, writes each once and answers for each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Contended, FieldError, Throttled
from daybook.events.acceptance import AcceptancePolicy
from daybook.events.canonical import leaf
from daybook.events.content import AcceptedEvent, ContentWriter
from daybook.events.decoding import Sent, read_event
from daybook.events.item import MAX_PACKED_BYTES, StoredEvent, partition_of, same_fingerprint, store_form
from daybook.events.mentions import known_by_token
from daybook.events.packing import unpack
from daybook.events.rejected import Rejected, RejectionCode
from daybook.events.store import Append, EventStore, Kept, Key
from daybook.http.caller import Caller
from daybook.http.problem import Problem
from daybook.people.identities import People, Reference, Sighting, distinct_people
from daybook.people.resolver import Identities
from daybook.tenants.settings import TenantSettings

MAX_PEOPLE = 1_000
"""Distinct people that one request may name: each may be new, and new people are written before any event."""


class Result(NamedTuple):
    """The outcome for one event: `stored`, `rejected` or, if the store stayed throttled, `retry`."""

    status: str
    id: str | None = None
    leaf: bytes | None = None
    adjusted: Sequence[str] = ()
    code: RejectionCode | None = None
    errors: tuple[FieldError, ...] = ()


RETRY = Result("retry")
CONFLICT = Result(
    "rejected", code="id_conflict", errors=(FieldError("id", "another event with this id and time is stored already"),)
)
TOO_LARGE = Result(
    "rejected", code="too_large", errors=(FieldError("", "the stored form of the event does not fit in an item"),)
)


class _Entry:
    """One event of a request. `result` is None until it is known."""

    def __init__(self) -> None:
        self.result: Result | None = None
        self.accepted: AcceptedEvent | None = None
        self.key: Key = ("", "")
        self.fingerprint: bytes | None = None
        self.adjusted: Sequence[str] = ()
        self.refusal: Result | None = None
        """The answer if nothing is stored under the event's id."""


class Ingest:
    """`random_bytes` makes the ids of events whose sender gave none."""

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
        """One result for each event, in order. A `stored` event is durable and in the next read of the timeline.

        Repeating a call whose events have senders' ids changes nothing and gives the same answer. Raises `Problem` 403
        if an event names an environment that is not the caller's, 413 for more than 1,000 people.
        """
        keys = self._keys.of(settings.code, settings.secret)
        policy = AcceptancePolicy(
            settings,
            self._catalogues.of(settings),
            keys,
            sender=caller.credential,
            now_ms=self._clock(),
            random_bytes=self._random,
        )
        entries = [self._read(raw, sent.levels, policy, caller) for raw in sent.events]
        # A refused event is looked up before anything is written: it can only be a retry of an earlier call.
        self._look_up([entry for entry in entries if entry.refusal is not None])
        sender = known_by_token(caller.user, keys.address) if caller.user else None
        people = self._people(settings, entries, sender, policy.now_ms)
        if people is not None:
            self._append(entries, policy, people, sender, remaining_seconds)
        self._look_up(entries)
        return [entry.result or RETRY for entry in entries]

    def _read(self, raw: Any, levels: int, policy: AcceptancePolicy, caller: Caller) -> _Entry:
        entry = _Entry()
        try:
            received = read_event(raw, levels)
        except Rejected as rejected:
            entry.result = _rejection(rejected)
            return entry
        entry.adjusted = received.adjusted
        faults: list[Rejected] = []
        environment, identified = "", ("", policy.now_ms)
        try:
            environment = _environment(received.event.environment, policy.settings, caller)
            identified = policy.identify(received, environment)
            entry.key = partition_of(policy.settings, environment, *identified), identified[0]
            entry.fingerprint = policy.fingerprint(received)
        except Rejected as rejected:
            faults.append(rejected)
        try:
            entry.accepted = policy.accept(received, environment, identified, entry.fingerprint)
        except Rejected as rejected:
            faults.append(rejected)
        if not faults and entry.accepted is not None:
            entry.adjusted = entry.accepted.adjusted
            return entry
        entry.accepted = None
        entry.refusal = _rejection(Rejected.all_of(faults))
        # A retry counts as one even if the catalogue or retention has changed since its first try was stored.
        entry.result = entry.refusal if entry.fingerprint is None else None
        return entry

    def _people(
        self, settings: TenantSettings, entries: list[_Entry], sender: Reference | None, now_ms: int
    ) -> dict[str, People] | None:
        """Whom the events name, and who sends them, by environment. None if they could not be resolved for now."""
        seen: dict[str, list[Sighting]] = {}
        for entry in entries:
            if (accepted := entry.accepted) is not None:
                seen.setdefault(accepted.environment, []).extend(
                    Sighting(mention.reference, accepted.occurred_ms, mention.name) for mention in accepted.mentions.all
                )
        if sum(distinct_people({one.reference for one in some}) for some in seen.values()) > MAX_PEOPLE:
            raise Problem(413, "too_many_people", f"A request names at most {MAX_PEOPLE} people.")
        senders = [Sighting(sender, now_ms)] if sender else []
        keys = self._keys.of(settings.code, settings.secret)
        try:
            return {
                environment: self._identities.resolve_seen(
                    settings.environment_key(environment), [*some, *senders], keys
                )
                for environment, some in seen.items()
            }
        except (Contended, Throttled):
            return None

    def _append(
        self,
        entries: list[_Entry],
        policy: AcceptancePolicy,
        people: Mapping[str, People],
        sender: Reference | None,
        remaining_seconds: Callable[[], float],
    ) -> None:
        keys = self._keys.of(policy.settings.code, policy.settings.secret)
        first: dict[Key, _Entry] = {}
        forms: list[StoredEvent] = []
        for entry in entries:
            # The store refuses a call with the same key twice, so the second event is looked up like any retry.
            if entry.accepted is not None and first.setdefault(entry.key, entry) is entry:
                accepted = entry.accepted
                if sender:
                    guid = people[accepted.environment].at(policy.now_ms)[sender].guid
                    accepted = msgspec.structs.replace(accepted, sender=guid)
                known = people[accepted.environment].at(accepted.occurred_ms)
                cast = [known[mention.reference] for mention in accepted.mentions.all]
                writer = ContentWriter(
                    accepted, policy.settings, policy.profile, keys, people=cast, random_bytes=self._random
                )
                form = store_form(accepted, writer, policy.settings, keys)
                if len(form.packed) <= self._max_packed_bytes:
                    forms.append(form)
                    continue
                # The store would refuse it with an error that fails the other events of the call too.
                entry.accepted, entry.refusal = None, TOO_LARGE
                del first[entry.key]
        appended = self._events.append(forms, remaining_seconds) if forms else {}
        for form in forms:
            if appended[form.partition, form.id] is Append.STORED:
                entry = first[form.partition, form.id]
                entry.result = Result("stored", form.id, form.leaf, entry.adjusted)

    def _look_up(self, entries: list[_Entry]) -> None:
        """Finds out about events without a result: repeats, and those whose last try had no answer."""
        unknown = [entry for entry in entries if entry.result is None]
        try:
            kept = self._events.find({entry.key for entry in unknown}) if unknown else {}
        except Throttled:
            return
        for entry in unknown:
            entry.result = _compared(entry, kept.get(entry.key))


def _environment(named: str | None, settings: TenantSettings, caller: Caller) -> str:
    if named is not None and named not in settings.environments:
        raise Rejected("unknown_environment", FieldError("environment", "is not an environment of the tenant"))
    return caller.environment_for(named, settings.environments)


def _compared(entry: _Entry, kept: Kept | None) -> Result | None:
    if kept is None:
        return entry.refusal
    # Without a sender's id the key is random, so what is stored is our own earlier try.
    if entry.fingerprint is not None and not (
        kept.fingerprint is not None and same_fingerprint(kept.fingerprint, entry.fingerprint)
    ):
        return CONFLICT
    return Result("stored", entry.key[1], leaf(unpack(kept.packed)), entry.adjusted)


def _rejection(rejected: Rejected) -> Result:
    return Result("rejected", code=rejected.code, errors=rejected.errors)
