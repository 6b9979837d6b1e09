"""Restamp jobs against the settings, with any settings, events, runs, kills and delays in any order."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daybook.clock import DAY, MINUTE, SECOND
from daybook.events.item import partition
from daybook.http.serve import serve
from daybook.ids import event_id, occurred_ms
from daybook.jobs.job import RESTAMP, Job, JobBusy, Status
from daybook.jobs.message import Postponed
from daybook.jobs.restamp import DELAY_SECONDS
from daybook.jobs.runner import Runner
from daybook.ledger.tampering import Times, modified
from daybook.tenants.settings import Layout
from manage.retention import RetentionOperations
from manage.retention_preview import Previews
from restamp.restamp import RestampWork
from tests.support.calls import Context, authorized, call
from tests.support.exports import Killed
from tests.support.ingest import KEYS, NOW, seeded_bytes
from tests.support.ingest import settings as tenant_settings
from tests.support.jobs import MemoryJobs, MemoryQueue, received
from tests.support.retention import HOLD, RETENTION, MemoryControl, MemoryStamps

ANSWER_MS = 28 * SECOND
DAYS = (30, 45, 60, 400, None)
"""The retentions that are set. Events are near their edges."""

Action = tuple[Any, ...]

slow = st.sampled_from([0, 0, ANSWER_MS])
actions = st.one_of(
    st.tuples(st.just("days"), st.sampled_from(DAYS), slow),
    st.tuples(st.just("hold"), slow),
    st.tuples(st.just("lift"), slow),
    st.tuples(
        st.just("event"),
        st.sampled_from([-5 * MINUTE, 0, DAY, *(days * DAY for days in (29, *DAYS[:-1], 44, 50, 61, 399, 3_000))]),
        st.sampled_from([-1, 0, 1, DAY]),
        st.booleans(),
        st.integers(0, 1),
    ),
    st.tuples(st.just("time"), st.sampled_from([1, 20 * SECOND, 100 * SECOND, DAY // 2, 20 * DAY, 90 * DAY])),
    st.tuples(st.just("run"), st.sampled_from([1, 2, 3, 5, 8, 13, 1_000])),
    st.tuples(st.just("fail")),
    st.tuples(st.just("expire")),
    st.tuples(st.just("stall"), st.sampled_from(DAYS), st.sampled_from([20 * SECOND, 100 * SECOND])),
)


@dataclass
class World:
    """One tenant, its events' stamps and its jobs, in memory."""

    now: int = NOW
    stamps: MemoryStamps = field(default_factory=MemoryStamps)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    slow_ms: int = 0
    calls_left: int = 10**9
    """The calls to the store of stamps until the worker is killed."""
    stalled: Any = None
    """Called between the read of a page and its write."""

    def __post_init__(self) -> None:
        self.control = MemoryControl(
            tenant_settings("enate", retention_days=60, environments=("prod",), layouts=(Layout(0, 2),))
        )
        self.control.before_change = self._pass_slowly
        chance = seeded_bytes()
        self.identity = seeded_bytes(2)
        self.retaining = RetentionOperations(
            self.control,
            self.jobs,
            self.queue,
            lambda *_, **__: None,
            KEYS,
            lambda: self.now,
            chance,
            Previews(lambda _: pytest.fail("no dry run here"), lambda: self.now),
        )
        self.before = self.control.now
        self.changed_ms = -ANSWER_MS
        self.claims = iter(range(10**9))
        self.stored: dict[tuple[str, str], int] = {}
        self.gone: list[tuple[str, str]] = []
        self.stamped: list[tuple[tuple[str, str], int | None, int | None]] = []
        """Every change of a stamp: of which event, from what, to what."""

    def _pass_slowly(self) -> None:
        self.now += self.slow_ms

    # The worker's view of the store. Each call may kill it.

    def page(self, *arguments: Any) -> Any:
        self._may_be_killed()
        return self.stamps.page(*arguments)

    def stamp(self, *arguments: Any) -> bool:
        stalled, self.stalled = self.stalled, None
        if stalled is not None:
            stalled()
        self._may_be_killed()
        before = dict(self.stamps.stamps)
        done = self.stamps.stamp(*arguments)
        now = self.stamps.stamps
        self.stamped += [(key, seen, now[key]) for key, seen in before.items() if now[key] != seen]
        self._may_be_killed()
        return done

    def _may_be_killed(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Killed

    # The actions.

    def put(self, method: str, path: str, body: Any, slow_ms: int = 0) -> None:
        self.slow_ms = slow_ms
        before, asked = self.control.now, len(self.queue.sent)
        event = call(method, path, body, authorizer=authorized("admin"))
        operations = {
            "set_retention": self.retaining.set_retention,
            "set_hold": self.retaining.set_hold,
            "lift_hold": self.retaining.lift_hold,
        }
        answer = serve(event, Context(), operations)
        assert answer["statusCode"] in (200, 204, 409)
        if self.control.now != before:
            self.before, self.changed_ms = before, self.now
        assert len(self.queue.sent) - asked <= 1

    def days(self, days: int | None, slow_ms: int) -> None:
        self.put("PUT", RETENTION, {"days": days}, slow_ms)

    def hold(self, slow_ms: int) -> None:
        self.put("PUT", HOLD, {"reason": "Dispute"}, slow_ms)

    def lift(self, slow_ms: int) -> None:
        self.put("DELETE", HOLD, None, slow_ms)

    def event(self, age_ms: int, more_ms: int, late: bool, shard: int) -> None:
        """An event under the current settings, or under the previous ones while such a request may still be running."""
        under = self.before if late and self.now - self.changed_ms <= ANSWER_MS else self.control.now
        moment = self.now - age_ms - more_ms
        if under.oldest_accepted(self.now, None) <= moment <= self.now + 5 * MINUTE:
            identifier = event_id(moment, self.identity(16))
            place = partition(under.environment_key("prod"), shard)
            self.stamps.store(place, identifier, under.expires_at(moment))
            self.stored[place, identifier] = self.now

    def time(self, passed_ms: int) -> None:
        self.now += passed_ms

    def work_until(self, moment: int) -> None:
        """Time passes, and each job runs as soon as it is due. A killed worker's job comes back after 15 minutes."""
        while self.queue.sent and (due := self.queue.sent[0][0].created_ms + DELAY_SECONDS * SECOND) <= moment:
            self.now = max(self.now, due)
            waiting = len(self.queue.sent)
            self.run()
            if len(self.queue.sent) == waiting:
                self.now += 15 * MINUTE
        self.now = max(self.now, moment)

    def expire(self) -> None:
        """What DynamoDB's TTL does at any time it likes."""
        for key, expires_at in list(self.stamps.stamps.items()):
            if expires_at is not None and expires_at * SECOND <= self.now:
                self.stamps.delete(*key)
                self.gone.append(key)

    def _due(self) -> list[Job]:
        return [job for job, _ in self.queue.sent if job.created_ms + DELAY_SECONDS * SECOND <= self.now]

    def run(self, calls: int = 10**9) -> None:
        """Runs the first job that is due, with a worker that is killed after this number of calls."""
        for job in self._due()[:1]:
            self.calls_left = calls
            worker = RestampWork(self.control, self.jobs, self, lambda: self.now, self._pause, page=2, step_ms=0)
            runner = Runner(
                self.jobs,
                MemoryQueue(),
                worker,
                lambda: self.now,
                lambda: f"claim-{next(self.claims)}",
                self._pause,
                max_attempts=10**9,
            )
            try:
                ended = runner.run(received(job), lambda: 900.0).status.has_ended
            except (Killed, Postponed):
                ended = False
            finally:
                self.calls_left = 10**9
            if ended:
                self.queue.sent = [each for each in self.queue.sent if each[0].id != job.id]

    def _pause(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    def fail(self) -> None:
        """A job that fails for reasons of its own."""
        for job in self._due()[:1]:
            try:
                claimed = self.jobs.claim(received(job), "failing", self.now, self.now)
            except JobBusy:
                return
            if not claimed.status.has_ended:
                self.jobs.save(
                    Job(**{**claimed.__dict__, "status": Status.FAILED, "finished_ms": self.now}), "failing", self.now
                )
            self.queue.sent = [each for each in self.queue.sent if each[0].id != job.id]

    def stall(self, days: int | None, passed_ms: int) -> None:
        """Between the read of a page and its write, another retention is set, time passes, and its job runs."""

        def meanwhile() -> None:
            self.days(days, 0)
            self.time(passed_ms)
            waiting, self.queue.sent = self.queue.sent, self.queue.sent[1:]
            self.run()
            self.queue.sent = [waiting[0], *self.queue.sent]

        if self._due():
            self.stalled = meanwhile
            self.run()
            self.stalled = None

    def settle(self) -> None:
        """Runs all jobs to their end, and requests failed ones again."""
        self.now += DAY
        while self._due():
            self.run()
        newest = next(iter(self.jobs.jobs(self.control.now.code, RESTAMP)), None)
        if newest is not None and newest.status is Status.FAILED:
            self.days(self.control.now.retention_days, 0)
            self.settle()

    def check(self) -> None:
        kept, now = self.control.now, self.now // SECOND
        for (_, identifier), expires_at in self.stamps.stamps.items():
            moment = occurred_ms(identifier)
            wanted = kept.expires_at(moment)
            if wanted is None or (wanted > now and kept.hold is None):
                assert expires_at == wanted, (self.now - moment) / DAY
            elif kept.hold is None:
                assert expires_at is not None
                assert wanted <= expires_at <= now
        for key, seen, then in self.stamped:
            times = Times(occurred_ms(key[1]), self.stored[key])
            assert modified(stamped(seen), stamped(then), times, kept) is None


def stamped(expires_at: int | None) -> dict[str, Any]:
    """An event's image in the stream."""
    return {"z": {"B": "AQ=="}} | ({} if expires_at is None else {"expires_at": {"N": str(expires_at)}})


RUN, SOON = ("run", 1_000), ("time", 100 * SECOND)


@given(st.lists(actions, max_size=40))
@example([("days", 30, ANSWER_MS), ("event", -5 * MINUTE, 0, True, 0)]).via("stored last under the setting before")
@example(
    [
        *(("days", None, 0), SOON, RUN, ("event", 3_000 * DAY, 0, False, 0), ("days", 400, 0), ("hold", 0)),
        *(SOON, RUN, RUN, ("lift", 0)),
    ]
).via("hidden by a hold without a stamp")
@example([("event", 60 * DAY, 0, False, 0), ("hold", 0)]).via("on the edge of a hold")
@example([("event", DAY, 0, False, 0), ("days", 30, 0), SOON, ("stall", 60, 100 * SECOND)]).via(
    "an old page after a job that found all right"
)
@example(
    [
        *(("days", 400, 0), ("event", 60 * DAY, 0, True, 0), ("time", 1), ("days", 30, 0), ("hold", 0)),
        *(("time", 20 * DAY), RUN, RUN, RUN, ("lift", 0)),
    ]
).via("stamped for a deletion before it was shown again, and hidden by a hold")
@example(
    [
        *(("days", 400, 0), ("event", 60 * DAY, 0, True, 0), ("time", 1), ("days", 30, 0), ("time", 20 * DAY)),
        *(("fail",), ("fail",)),
    ]
).via("stamped for a deletion before it was shown again, and jobs that are days late")
@settings(max_examples=300)
def test_every_event_ends_with_the_stamp_of_the_settings(happened: list[Action]) -> None:
    """What the stamps say that are over may differ, but not whether they are over. To whoever judges the changes by the
    settings' history, much later too, none of them looks like tampering.
    """
    world = World()
    for name, *arguments in happened:
        getattr(world, name)(*arguments)
    world.settle()
    world.check()


changes = st.one_of(
    st.tuples(st.just("days"), st.sampled_from(DAYS), slow),
    st.tuples(st.just("hold"), slow),
    st.tuples(st.just("lift"), slow),
    st.tuples(st.just("run"), st.sampled_from([1, 3, 8])),
    st.tuples(st.just("stall"), st.sampled_from(DAYS), st.sampled_from([20 * SECOND, 100 * SECOND])),
    st.tuples(
        st.just("event"),
        st.sampled_from([0, *(days * DAY for days in (29, 30, 44, 45, 59))]),
        st.sampled_from([0, 1, DAY // 2]),
        st.just(True),
        st.integers(0, 1),
    ),
)
HALF = DAY // 2 - 200 * SECOND
waits = st.sampled_from([0, 0, MINUTE, 100 * SECOND, HALF, DAY // 2, DAY, DAY + MINUTE, 15 * DAY, 31 * DAY])
SHOWN_FOR_A_MINUTE = [
    (("days", 30, 0), HALF),
    (("days", 60, 0), MINUTE),
    (("days", 30, 0), 0),
    (("hold", 0), DAY // 2 + 150 * SECOND),
]
LEFT_UNDER_HOLD = [(("hold", 0), 90 * DAY), (("lift", 0), HALF), (("hold", 0), DAY)]


@given(st.lists(st.tuples(changes, waits), min_size=1, max_size=12))
@example(LEFT_UNDER_HOLD).via("a hold set again within half a day")
@example(SHOWN_FOR_A_MINUTE).via("a hold over what was shown again for a minute")
@settings(max_examples=300)
def test_nothing_is_deleted_before_the_settings_allow_it(steps: list[tuple[Action, int]]) -> None:
    """As long as jobs are done within half a day: no deletion comes before the moment that the history says."""
    world = World()
    for age in range(60):
        world.event(age * DAY + DAY // 3, 0, late=False, shard=age % 2)
    for (name, *arguments), wait in steps:
        getattr(world, name)(*arguments)
        world.work_until(world.now + wait)
        world.expire()
        for key in world.gone:
            earliest = world.control.now.may_be_gone_from(occurred_ms(key[1]), world.stored[key])
            assert earliest is not None
            assert earliest <= world.now


def test_what_a_hold_has_held_is_there_when_it_is_set_again() -> None:
    world = World()
    for age in range(60):
        world.event(age * DAY + DAY // 3, 0, late=False, shard=age % 2)
    for (name, *arguments), wait in LEFT_UNDER_HOLD:
        getattr(world, name)(*arguments)
        world.work_until(world.now + wait)
        world.expire()
    assert len(world.stamps.stamps) == 60
