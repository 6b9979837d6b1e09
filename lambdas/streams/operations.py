"""A tenant's admin sets up a stream, reads its state, tests it and asks for replays.

Daybook makes the external id; the customer never chooses it. A role that requires this id admits Daybook only for this
tenant and environment, so no other tenant can point Daybook at the role (the confused deputy problem). The id is
derived, so that the customer can read it and put it into the role before setting up the stream.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from msgspec import to_builtins

from daybook.clock import MINUTE, Clock, format_time
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.crypto.keys import DeploymentKeys
from daybook.delivery.destination import OFF, Destination, StreamChoice
from daybook.delivery.records import InsertedEvent, Records
from daybook.delivery.sender import RecordSender, SendResult
from daybook.errors import Contended
from daybook.events.item import partition_of
from daybook.http import forms
from daybook.http.environments import environment_of
from daybook.http.problem import Problem, bad_field, bad_parameter, not_found
from daybook.http.request import Answer, Request
from daybook.ids import occurred_ms
from daybook.jobs.job import REPLAY, TooManyJobs, describe, new_job
from daybook.jobs.store import JobQueue, JobStore, submit
from daybook.self_audit.recorder import AuditAction, Recorder
from daybook.tenant import EnvironmentKey
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from streams.bodies import ReplayForm, StreamDescription, StreamForm, StreamTest
from streams.form import stream_choice
from streams.replay_ask import ReplayAsk

PARAMETERS = ("environment",)
TEST_SECONDS = 10.0
MAX_REPLAYS = 3
LATEST_MS = 5 * MINUTE
"""How far a product's clock may be ahead of ours. A replay ends there at the latest."""
INTERNAL_ERROR = "InternalError"
_MAX_TRIES = 8


class Destinations(Protocol):
    def one(self, environment: EnvironmentKey) -> Destination | None: ...

    def create(self, destination: Destination) -> bool:
        """Returns False if a destination exists already."""

    def choose(self, destination: Destination, chosen: StreamChoice, generation: str) -> Destination | None:
        """Returns None if the stored destination is a different one by now."""

    def remove(self, environment: EnvironmentKey) -> None: ...

    def delivered(self, destination: Destination, now_ms: int) -> None: ...

    def answered(
        self, destination: Destination, calls_ms: Sequence[int], now_ms: int, *, timed_out: bool
    ) -> Destination: ...

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def mended(self, destination: Destination, now_ms: int) -> Destination: ...


class Parked(Protocol):
    def pending(self, destination: Destination) -> tuple[int, bool]:
        """Returns how many events wait for the stream, and whether the number is exact."""


class Drains(Protocol):
    def hurry(self, destination: Destination, now_ms: int) -> None:
        """Has what is parked drained within a minute."""


class Events(Protocol):
    def read(self, keys: Sequence[tuple[str, str]]) -> Sequence[InsertedEvent]: ...


@dataclass(frozen=True)
class StreamOperations:
    settings: SettingsReader
    destinations: Destinations
    parked: Parked
    drains: Drains
    events: Events
    records: Records
    sender: RecordSender
    recorder: Recorder
    jobs: JobStore
    queue: JobQueue
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def read(self, request: Request) -> Answer:
        settings, environment = self._environment(request)
        key = settings.environment_key(environment)
        return Answer(200, self._shown(settings, environment, self.destinations.one(key)))

    def set(self, request: Request) -> Answer:
        settings, environment = self._environment(request)
        chosen = stream_choice(forms.read_form(request, StreamForm))
        self._record(settings, environment, request, AuditAction("stream-changed", {"stream_arn": chosen.stream_arn}))
        for _ in range(_MAX_TRIES):
            after = self._changed(settings, environment, chosen)
            if after is not None:
                if after.drain_due_ms is not None:
                    self.drains.hurry(after, self.clock())
                return Answer(200, self._shown(settings, environment, after))
        raise Contended(settings.code)

    def remove(self, request: Request) -> Answer:
        """Drops the parked events too: removing the stream means that no more events are wanted."""
        settings, environment = self._environment(request)
        key = settings.environment_key(environment)
        before = self.destinations.one(key)
        if before is not None:
            self._record(
                settings, environment, request, AuditAction("stream-removed", {"stream_arn": before.chosen.stream_arn})
            )
            self.destinations.remove(key)
        return Answer(200, self._shown(settings, environment, None))

    def test(self, request: Request) -> Answer:
        """Sends the record of the test itself and returns the result."""
        settings, environment = self._environment(request)
        key = settings.environment_key(environment)
        destination = self.destinations.one(key)
        if destination is None:
            raise not_found("stream")
        action = AuditAction("stream-tested", {"stream_arn": destination.chosen.stream_arn})
        event_id = self._record(settings, environment, request, action)
        partition = partition_of(settings, environment, event_id, occurred_ms(event_id))
        asked = replace(destination, chosen=replace(destination.chosen, include_audit_log=True))
        written = self.records.of(asked, self.events.read([(partition, event_id)]))
        started = self.clock()
        sent = self.sender.send(asked, written.records, lambda: TEST_SECONDS - (self.clock() - started) / 1_000)
        delivered = bool(written.records) and not sent.left and not sent.refused
        self._note(destination, sent, delivered=delivered)
        tested = StreamTest(
            delivered=delivered,
            error=sent.error or sent.refusal or (None if written.records else "Unreadable"),
            event_id=event_id,
            milliseconds=self.clock() - started,
            record=written.records[0].data.decode() if written.records else None,
        )
        return Answer(200, tested)

    def replay(self, request: Request) -> Answer:
        """Starts a replay of the events that occurred at or after `from` and before `to`."""
        settings, environment = self._environment(request)
        key = settings.environment_key(environment)
        sent = forms.read_form(request, ReplayForm)
        from_ms, to_ms = forms.moment("from", sent.from_), forms.moment("to", sent.to)
        # Events stored during the replay are delivered anyway, and a replay could never catch up with them.
        to_ms = min(to_ms, self.clock() + LATEST_MS)
        if from_ms >= to_ms:
            raise bad_field("from", "must be before to and not in the future")
        destination = self.destinations.one(key)
        if destination is None:
            raise not_found("stream")
        ask = ReplayAsk(
            environment=settings.environments.index(environment),
            from_ms=from_ms,
            to_ms=to_ms,
            subscription=destination.subscription,
            stream_arn=destination.chosen.stream_arn,
            format=destination.chosen.format,
            include_audit_log=destination.chosen.include_audit_log,
        )
        job = new_job(
            tenant=settings.code,
            kind=REPLAY,
            ask=to_builtins(ask),
            now_ms=self.clock(),
            random_bytes=self.random_bytes,
        )
        span = {"from": format_time(from_ms), "to": format_time(to_ms)}
        # Checked before recording: a rejected request has changed nothing.
        if len(self.jobs.active(settings.code, REPLAY)) >= MAX_REPLAYS:
            raise _too_many()
        self._record(settings, environment, request, AuditAction("stream-replayed", span))
        try:
            submit(job, self.jobs, self.queue, max_active=MAX_REPLAYS)
        except TooManyJobs:
            raise _too_many() from None
        return Answer(202, describe(job, settings), {"Location": f"/v1/jobs/{job.id}"})

    def _environment(self, request: Request) -> tuple[TenantSettings, str]:
        settings = self.settings.settings(request.tenant)
        for name, values in request.query.items():
            if name not in PARAMETERS:
                raise bad_parameter(name, "unknown query parameter", "unknown_parameter")
            if len(set(values)) > 1:
                raise bad_parameter(name, "may be given only once")
        named = request.query.get("environment", [None])[0]
        return settings, environment_of(request, settings, named)

    def _record(self, settings: TenantSettings, environment: str, request: Request, action: AuditAction) -> str:
        return self.recorder.record(settings, environment, request, action)

    def _changed(self, settings: TenantSettings, environment: str, chosen: StreamChoice) -> Destination | None:
        """Returns None if another call changed the destination in between. It must then be read again."""
        key = settings.environment_key(environment)
        before = self.destinations.one(key)
        generation = str(uuid.uuid4())
        if before is None:
            external_id = self._external_id(settings, environment)
            made = Destination(key, chosen, external_id, settings.profile, str(uuid.uuid4()), generation)
            return made if self.destinations.create(made) else None
        if (before.chosen.stream_arn, before.chosen.role_arn) == (chosen.stream_arn, chosen.role_arn):
            # An admin who repeats the setup may have repaired something, so the next batch may try at once.
            generation = before.generation
        return self.destinations.choose(before, chosen, generation)

    def _note(self, destination: Destination, sent: SendResult, *, delivered: bool) -> None:
        """A failed test makes the stream failing, or slow. A successful test makes a failing one active again."""
        now_ms = self.clock()
        self.destinations.answered(destination, sent.calls_ms, now_ms, timed_out=sent.timed_out)
        if sent.error is not None and sent.blames_the_stream and not destination.is_failing:
            self.destinations.failed(destination, sent.error, now_ms)
        elif delivered and destination.is_failing:
            self.drains.hurry(self.destinations.mended(destination, now_ms), now_ms)
        elif delivered:
            self.destinations.delivered(destination, now_ms)

    def _external_id(self, settings: TenantSettings, environment: str) -> str:
        keys = self.keys.of(settings.code, settings.secret)
        return tag(keys.external_id, length_prefixed("external id", settings.environment_key(environment))).hex()

    def _shown(self, settings: TenantSettings, environment: str, destination: Destination | None) -> StreamDescription:
        chosen = None if destination is None else destination.chosen
        pending, is_exact = (0, True) if destination is None else self.parked.pending(destination)
        return StreamDescription(
            environment=environment,
            stream_arn=None if chosen is None else chosen.stream_arn,
            role_arn=None if chosen is None else chosen.role_arn,
            format=None if chosen is None else chosen.format,
            include_audit_log=chosen is not None and chosen.include_audit_log,
            external_id=self._external_id(settings, environment) if destination is None else destination.external_id,
            status=OFF if destination is None else destination.status,
            last_delivered_at=_time(None if destination is None else destination.last_delivered_ms),
            failing_since=_time(None if destination is None else destination.failing_since_ms),
            last_error=None if destination is None else _error(destination),
            pending=pending,
            pending_is_exact=is_exact,
            given_up=0 if destination is None else destination.given_up,
        )


def _too_many() -> Problem:
    detail = f"A tenant may have at most {MAX_REPLAYS} replays at a time."
    return Problem(429, "too_many_replays", detail, headers={"Retry-After": "60"})


def _error(destination: Destination) -> str | None:
    """While there are events of which Daybook can make no record, that is the error of a stream that has no other."""
    return destination.last_error or (INTERNAL_ERROR if destination.broken_due_ms is not None else None)


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else format_time(milliseconds)
