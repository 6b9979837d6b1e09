"""A tenant whose admin sets retention and legal hold, and whose events' stamps can be told apart."""

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND, format_time
from daybook.errors import Throttled
from daybook.ids import HIGHEST_ID, occurred_ms
from daybook.jobs.job import Job
from daybook.jobs.restamp import Restamp
from daybook.jobs.runner import Runner
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.settings import Layout, TenantSettings
from restamp.restamp import RestampWork
from tests.support.ingest import NOW
from tests.support.jobs import received
from tests.support.managed_log import ManagedLog

RETENTION, HOLD = "/v1/settings/retention", "/v1/settings/legal-hold"


class MemoryStamps:
    """The events' stamps in memory. The contract tests compare it with the table."""

    def __init__(self) -> None:
        self.stamps: dict[tuple[str, str], int | None] = {}
        self._ids: dict[str, list[str]] = {}

    def store(self, lies_in: str, identifier: str, expires_at: int | None) -> None:
        assert (lies_in, identifier) not in self.stamps
        self.stamps[lies_in, identifier] = expires_at
        insort(self._ids.setdefault(lies_in, []), identifier)

    def delete(self, lies_in: str, identifier: str) -> None:
        del self.stamps[lies_in, identifier]
        self._ids[lies_in].remove(identifier)

    def page(self, lies_in: str, last: str, limit: int, up_to: str = HIGHEST_ID) -> list[tuple[str, int | None]]:
        ids = self._ids.get(lies_in, [])
        start = bisect_right(ids, last)
        return [(each, self.stamps[lies_in, each]) for each in ids[start : start + limit] if each <= up_to]

    def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
        if seconds_left() <= 0:
            raise Throttled
        bore = [
            (lies_in, identifier) in self.stamps and self.stamps[lies_in, identifier] == restamp.seen
            for identifier, restamp in restamps.items()
        ]
        for (identifier, restamp), as_seen in zip(restamps.items(), bore, strict=True):
            if as_seen:
                self.stamps[lies_in, identifier] = restamp.then
        return all(bore)


class MemoryControl:
    """The settings of one tenant. `before_change` is called before a change is written."""

    def __init__(self, settings: TenantSettings) -> None:
        self.now = settings
        self.before_change: Callable[[], None] = lambda: None

    def settings(self, tenant: Tenant) -> TenantSettings:
        assert tenant == self.now.tenant
        return self.now

    def settings_of(self, code: TenantCode) -> TenantSettings:
        assert code == self.now.code
        return self.now

    def change_tenant(self, tenant: TenantCode, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings:
        assert tenant == self.now.code
        self.before_change()
        self.now = change(self.now)
        return self.now


class Kept(ManagedLog):
    """A CareAR tenant with a retention of 90 days and two shards in one environment."""

    def __init__(self, dynamodb: Any, tables: Tables, **changed: Any) -> None:
        given: dict[str, Any] = {
            "retention_days": 90,
            "layouts": (Layout(0, 2),),
            "environments": ("prod",),
            "profile": "carear",
        } | changed
        super().__init__(dynamodb, tables, **given)
        self.stamps: Any = self.wiring.stamps
        self.claims = iter(range(10**6))
        self.paused: list[float] = []
        self.sent_ids: frozenset[str] = frozenset()

    def send_aged(self, *ages: float, **changed: Any) -> list[str]:
        return self.sent(*(self.aged(age, **changed) for age in ages))

    def aged(self, age: float, **changed: Any) -> dict[str, Any]:
        return {"activity": "experiences.add", "occurred_at": format_time(self.now - int(age * DAY)), **changed}

    def ages(self) -> list[int]:
        """The ages in days of the events that a read shows."""
        return sorted((self.now - occurred_ms(each)) // DAY for each in self.found(limit="500"))

    def set_days(self, days: int | None) -> Any:
        return self.done("PUT", RETENTION, {"days": days})

    def hold(self, reason: str = "Dispute 22-118") -> Any:
        return self.done("PUT", HOLD, {"reason": reason})

    def lift(self) -> None:
        self.done("DELETE", HOLD)

    def worker(self, **changed: Any) -> RestampWork:
        given: dict[str, Any] = {"stamps": self.stamps} | changed
        return RestampWork(self.control, self.jobs, clock=self.clock, pause=self.pause, **given)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += int(seconds * SECOND)

    def run(self, job: Job, worker: Any = None, jobs: Any = None) -> Job:
        """Runs the job until it has ended."""
        runner = Runner(
            jobs or self.jobs,
            self.restamps,
            worker or self.worker(),
            self.clock,
            lambda: f"claim-{next(self.claims)}",
            lambda _: None,
            max_attempts=10**6,
        )
        return runner.run(received(job), lambda: 900.0)

    def asked(self) -> Job:
        """Takes the only queued job off the queue."""
        ((job, _),) = self.restamps.sent
        self.restamps.sent.clear()
        return job

    def work(self) -> list[Job]:
        """Takes all queued jobs off the queue."""
        done = []
        while self.restamps.sent:
            job, _ = self.restamps.sent.pop(0)
            done.append(self.run(job))
        return done

    def steps(self, job: Job, worker: RestampWork, until: Callable[[], bool]) -> Job:
        """The job after so many steps."""
        while not until():
            step = worker.step(job, lambda: 900.0)
            assert not step.done
            job = replace(job, checkpoint=step.checkpoint, processed=step.processed, progress=step.progress)
        return job

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=self.tables.events, ConsistentRead=True)["Items"]
        return found

    def stamps_of(self, ids: Sequence[str] | None = None) -> dict[str, int | None]:
        """When these events expire, in whole seconds. By default for all events."""
        return {
            item["sk"]["S"]: int(item["expires_at"]["N"]) if "expires_at" in item else None
            for item in self.items()
            if ids is None or item["sk"]["S"] in ids
        }

    def stamped_days(self) -> set[int | None]:
        """The days after which stored events leave retention, which is a day before they may be deleted. None means
        never, 0 means that they have left it.
        """
        return {self._days(*each) for each in self.stamps_of().items()}

    def _days(self, identifier: str, expires_at: int | None) -> int | None:
        if expires_at is None:
            return None
        left_ms = expires_at * 1_000 - DAY
        return 0 if left_ms <= self.now + 1_000 else (left_ms - occurred_ms(identifier)) // DAY


AGES = (1, 20, 40, 50, 70, 85)


def kept_with_events(dynamodb: Any, tables: Tables) -> Kept:
    """Events of several ages."""
    log = Kept(dynamodb, tables)
    assert log.now == NOW
    log.send_aged(*AGES)
    return log
