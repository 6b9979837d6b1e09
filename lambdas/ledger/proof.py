"""The proof of one event: what of it is in the log, and that the log's signed head covers it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from msgspec import UNSET

from daybook.clock import Clock, parse_time
from daybook.events.canonical import leaf
from daybook.events.reader import people_of
from daybook.events.store import EventStore
from daybook.http.problem import Problem, bad_parameter
from daybook.http.request import Answer, Request
from daybook.ledger.checkpoints import parse
from daybook.ledger.entries import Entry, encode
from daybook.ledger.logs import Log, LogKey, visibility_of
from daybook.ledger.merkle import inclusion_path, leaf_hash, verify_inclusion
from daybook.ledger.proofs import proof_text
from daybook.ledger.signing import SignedCheckpoint
from daybook.people.disclosures import DisclosedEvent, DisclosingStore, disclose
from daybook.search.one_event import FoundEvent, find_event
from daybook.search.parameters import given_once
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from ledger.access import LogStores, environment_of, tree_of
from ledger.answers import DisclosedPerson, EventProof

PARAMETERS = ("environment", "disclose")

RETRY_SECONDS = 10
"""An event is appended some seconds after it was stored, and a head is signed soon after it was asked for."""


class ProofStores(LogStores, Protocol):
    """What reads and records one tenant's events, and reads its logs."""

    @property
    def events(self) -> EventStore: ...
    @property
    def recorder(self) -> Recorder: ...
    @property
    def identities(self) -> DisclosingStore: ...


class Sealed(NamedTuple):
    """Where an event is in a log, and a checkpoint that covers it."""

    log: Log
    place: int
    """The index of its entry."""
    entry: Entry
    checkpoint: SignedCheckpoint


class Proofs:
    def __init__(
        self,
        *,
        control: SettingsReader,
        stores_of: Callable[[TenantCode], ProofStores],
        ask_to_sign: Callable[[Log, int], None],
        clock: Clock,
    ) -> None:
        self._control = control
        self._stores_of = stores_of
        self._ask_to_sign = ask_to_sign
        self._clock = clock

    def read_proof(self, request: Request) -> Answer:
        parameters = given_once(request.query, *PARAMETERS)
        disclosing = _is_disclosing(parameters.get("disclose"))
        settings = self._control.settings(request.tenant)
        stores = self._stores_of(settings.code)
        found = find_event(stores.events, request, settings, parameters.get("environment"), self._clock())
        sealed = self._sealed(stores, settings.code, found)
        proof = proof_of(stores, sealed)
        people = self._disclosed(stores, settings, request, found) if disclosing else UNSET
        if people is UNSET:
            action = AuditAction("viewed", {"event": found.id}, variant="proof").about(found.content)
            stores.recorder.record(settings, environment_of(settings, sealed.log), request, action)
        return Answer(
            200,
            EventProof(
                event_id=found.id,
                canonical=found.canonical,
                leaf=leaf(found.canonical).hex(),
                index=sealed.place,
                entry=encode(sealed.entry),
                proof=proof,
                people=people,
            ),
        )

    def _disclosed(
        self, stores: ProofStores, settings: TenantSettings, request: Request, found: FoundEvent
    ) -> list[DisclosedPerson]:
        """The keys of the event's people, once it is recorded that they are handed out."""
        content = found.content
        event = DisclosedEvent(content["tenant"], content["environment"], found.id, people_of(content))
        action = AuditAction("people-disclosed", {"event": event.id, "people": list(event.people)}).about(content)
        record = stores.recorder.record(settings, event.environment, request, action)
        keys = disclose(stores.identities, found.environment, event, record)
        return [DisclosedPerson(guid, keys[guid]) for guid in event.people if guid in keys]

    def _sealed(self, stores: LogStores, code: TenantCode, found: FoundEvent) -> Sealed:
        """In the current log, or in one before it that was signed when it had the event.

        Raises `Problem` 404 while the event is not appended, and while no signed head covers it: then asks for one.
        """
        key = found.id, parse_time(found.content["received_at"])
        of = LogKey(found.environment, visibility_of(found.content))
        newest_first = [log for log in stores.logs.of(code) if log.key == of][::-1]
        for log in newest_first:
            appended = stores.appends.found(log, [key])
            if key not in appended:
                continue
            index, entry = appended[key]
            checkpoint = stores.checkpoints.covering(log, index)
            if checkpoint is not None:
                return Sealed(log, index, entry, checkpoint)
            self._ask_to_sign(log, index + 1)
        raise Problem(
            404,
            "not_sealed_yet",
            "No signed head of the log covers the event yet; try again.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def proof_of(stores: LogStores, sealed: Sealed) -> str:
    """The proof's text. Raises `BrokenTree` rather than give one that no verifier accepts."""
    log, index, entry, checkpoint = sealed
    read = partial(tree_of(stores, log).beside, checkpoint.edge)
    path = inclusion_path(index, checkpoint.size, read)
    root = parse(checkpoint.note.rpartition("\n\n")[0] + "\n").root
    if not verify_inclusion(leaf_hash(encode(entry)), index, checkpoint.size, path, root):
        raise BrokenTree(f"entry {index} is not in the signed tree of {checkpoint.size} of the log {log.name}")
    return proof_text(index, path, checkpoint.note)


def _is_disclosing(value: str | None) -> bool:
    """Raises `Problem` 400."""
    if value not in (None, "true", "false"):
        raise bad_parameter("disclose", "must be true or false")
    return value == "true"


class BrokenTree(Exception):  # noqa: N818  a fact about stored rows
    """The stored tree does not give the root that was signed."""
