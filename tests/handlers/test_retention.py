"""Retention and the legal hold: in the very next read, and in what is stored by a job that the last setting wins."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.stamps import StampTable
from daybook.clock import DAY, MINUTE, format_time
from daybook.event_id import occurred_ms
from daybook.jobs import Job, Runner, Status
from daybook.retention import DELAY_SECONDS
from daybook.storing import Throttled
from daybook.tenants import Layout
from restamp.restamping import Restamping
from tests.calls import answered
from tests.conftest import Tables
from tests.exporting import Killed, Mortal
from tests.ingesting import NOW
from tests.managing import ManagedHouse
from tests.reading import problem_of

RETENTION, HOLD = "/v1/settings/retention", "/v1/settings/legal-hold"
AGES = (1, 20, 40, 50, 70, 85)
SEEDS = 50


class Kept(ManagedHouse):
    """A CareAR tenant, 90 days, with events of several ages in two shards."""

    def __init__(self, dynamodb: Any, tables: Tables, **changed: Any) -> None:
        given = {"retention_days": 90, "layouts": (Layout(0, 2),), "profile": "carear"} | changed
        super().__init__(dynamodb, tables, **given)
        self.stamps = StampTable(dynamodb, tables.events)
        self.claims = iter(range(10**6))
        self.paused: list[float] = []

    def send_aged(self, *ages: int) -> list[str]:
        return self.sent(
            *({"activity": "experiences.add", "occurred_at": format_time(NOW - age * DAY)} for age in ages)
        )

    def ages(self) -> list[int]:
        """Of the events that a read shows."""
        return sorted((self.now - occurred_ms(each)) // DAY for each in self.found(limit="500"))

    def set_days(self, days: int | None) -> Any:
        return self.done("PUT", RETENTION, {"days": days})

    def worker(self, **changed: Any) -> Restamping:
        return Restamping(self.control, self.jobs, self.stamps, self.clock, self.paused.append, **changed)

    def run(self, job: Job, worker: Any = None, jobs: Any = None) -> Job:
        runner = Runner(
            jobs or self.jobs,
            self.restamps,
            worker or self.worker(),
            self.clock,
            lambda: f"claim-{next(self.claims)}",
            lambda _: None,
            most_attempts=10**6,
        )
        return runner.run(job.key, lambda: 900.0)

    def work(self) -> list[Job]:
        done = []
        while self.restamps.sent:
            job, _ = self.restamps.sent.pop(0)
            done.append(self.run(job))
        return done

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=self.tables.events, ConsistentRead=True)["Items"]
        return found

    def stamped_days(self) -> set[int | None]:
        """After how many days what is stored expires; None: never; 0: it has expired."""
        return {self._days(item) for item in self.items()}

    def _days(self, item: Mapping[str, Any]) -> int | None:
        if "expires_at" not in item:
            return None
        expires_ms = int(item["expires_at"]["N"]) * 1_000
        return 0 if expires_ms <= self.now else (expires_ms - occurred_ms(item["sk"]["S"])) // DAY


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> Kept:
    house = Kept(dynamodb, tables)
    house.send_aged(*AGES)
    return house


def test_shorter_hides_at_once_and_is_stamped_by_a_job(house: Kept) -> None:
    """Longer again shows what is still there."""
    assert house.done("GET", RETENTION) == {
        "days": 90,
        "default_days": 90,
        "min_days": 30,
        "max_days": 180,
        "configurable": True,
        "job": None,
    }
    assert house.ages() == list(AGES)
    answer = house.set_days(45)
    ((job, delay),) = house.restamps.sent
    assert (answer["days"], answer["job"], delay) == (45, job.id, DELAY_SECONDS)
    assert house.ages() == [1, 20, 40]
    (done,) = house.work()
    assert (done.status, done.processed) == (Status.SUCCEEDED, len(house.items()))
    assert house.stamped_days() == {45, 0}
    assert house.done("GET", RETENTION)["job"] is None
    house.set_days(60)
    assert house.ages() == [1, 20, 40, 50]
    house.work()
    assert house.stamped_days() == {60, 0}


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_key_of_one_environment_rules_none_of_them(house: Kept) -> None:
    """Retention and hold are of all environments; whoever reaches all of them may."""
    house.done("PUT", HOLD, {"reason": "Dispute"})
    house.restamps.sent.clear()
    calls: list[tuple[str, str, Any]] = [
        ("PUT", RETENTION, {"days": 120}),
        ("PUT", HOLD, {"reason": "Another one"}),
        ("DELETE", HOLD, None),
    ]
    before = house.control.settings(house.tenant)
    told = [house.recorded("retention"), house.recorded("legal-hold")]
    for method, path, body in calls:
        refused = house.manage(method, path, body, environment="prod")
        assert problem_of(refused) == (403, "environment_denied"), (method, path)
    assert house.control.settings(house.tenant) == before
    assert [house.recorded("retention"), house.recorded("legal-hold")] == told
    assert house.restamps.sent == []
    for method, path, body in calls:
        house.done(method, path, body)


def test_it_is_recorded(house: Kept) -> None:
    house.set_days(45)
    house.done("PUT", HOLD, {"reason": "Dispute 22-118"})
    house.done("DELETE", HOLD)
    details = [
        house.recorded(name)[0]["details"] for name in ("retention-changed", "legal-hold-set", "legal-hold-lifted")
    ]
    assert details == ["Retention changed from 90 to 45 days", "Legal hold set: Dispute 22-118", "Legal hold lifted"]


@pytest.mark.parametrize(("days", "code"), [(29, 422), (181, 422), (None, 422), ("60", 422), (True, 422), (1.5, 422)])
@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_what_the_profile_does_not_allow(house: Kept, days: Any, code: int) -> None:
    refused = house.manage("PUT", RETENTION, {"days": days})
    assert refused["statusCode"] == code
    assert answered(refused)["errors"][0]["path"] == "days"
    assert house.restamps.sent == []
    assert house.recorded("retention-changed") == []


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_what_the_profile_fixes(dynamodb: Any, tables: Tables) -> None:
    house = Kept(dynamodb, tables, profile="symbee", retention_days=45)
    assert house.done("GET", RETENTION)["configurable"] is False
    assert problem_of(house.manage("PUT", RETENTION, {"days": 45})) == (409, "retention_fixed")


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_for_ever_where_the_profile_says_so(dynamodb: Any, tables: Tables) -> None:
    house = Kept(dynamodb, tables, profile="enate", retention_days=None)
    house.sent({"activity": "work-item.opened"})
    house.set_days(400)
    house.work()
    assert house.stamped_days() == {400}
    house.set_days(None)
    house.work()
    assert house.stamped_days() == {None}


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_what_expired_long_ago_is_deleted_too(dynamodb: Any, tables: Tables) -> None:
    """DynamoDB's TTL deletes nothing whose time is more than five years past: it gets the job's own."""
    house = Kept(dynamodb, tables, profile="enate", retention_days=None)
    old = format_time(NOW - 8 * 365 * DAY)
    (identifier,) = house.sent({"activity": "work-item.opened", "occurred_at": old})
    house.set_days(400)
    house.now += 3 * MINUTE
    house.work()
    assert [item["expires_at"]["N"] for item in house.items() if item["sk"]["S"] == identifier] == [str(NOW // 1_000)]


def test_a_hold_stops_expiry_of_what_is_stored_too(house: Kept) -> None:
    """Reads start where they did, however much time passes; then it is lifted, and all is as the days say."""
    answer = house.done("PUT", HOLD, {"reason": "Dispute with mike.mars"})
    assert (answer["active"], answer["reason"], answer["since"]) == (True, "Dispute with mike.mars", format_time(NOW))
    house.work()
    assert house.stamped_days() == {None}
    house.now += 60 * DAY
    assert house.ages() == [60 + age for age in AGES]
    house.sent({"activity": "experiences.add"})
    assert house.stamped_days() == {None}
    assert problem_of(house.manage("PUT", RETENTION, {"days": 60})) == (409, "legal_hold")
    assert house.set_days(120)["days"] == 120
    assert house.done("PUT", HOLD, {"reason": "Another one"})["since"] == format_time(NOW)
    assert house.ages() == [0] + [60 + age for age in AGES]
    house.done("DELETE", HOLD)
    house.done("DELETE", HOLD)
    assert len(house.recorded("legal-hold-lifted")) == 1
    assert house.ages() == [0, *(60 + age for age in AGES if age < 60)]
    house.work()
    assert house.stamped_days() == {120, 0}
    assert house.done("GET", HOLD) == {"active": False, "reason": None, "since": None, "job": None}


def test_the_reason_does_not_stand_in_the_clear(house: Kept) -> None:
    house.done("PUT", HOLD, {"reason": "Dispute with mike.mars"})
    assert "mike" not in str(house.dynamodb.scan(TableName=house.tables.control)["Items"])


def test_of_two_settings_the_last_one_wins(house: Kept) -> None:
    """Set while the job of the first runs: that one ends, and no event keeps its stamp."""
    house.set_days(45)
    (first, _) = house.restamps.sent[0]
    worker = house.worker(page=2, step_ms=0)
    worker.step(first, lambda: 900.0)
    while house.stamped_days() == {90}:
        first = replace(first, checkpoint=worker.step(first, lambda: 900.0).checkpoint)
    assert 90 in house.stamped_days()
    house.now += MINUTE
    house.set_days(60)
    done = house.work()
    assert [job.status for job in done] == [Status.SUCCEEDED, Status.SUCCEEDED]
    assert done[0].processed == 0
    assert house.stamped_days() == {60, 0}


def test_a_hold_over_a_running_job(house: Kept) -> None:
    house.set_days(45)
    (first, _) = house.restamps.sent[0]
    house.worker(page=2, step_ms=0).step(first, lambda: 900.0)
    house.done("PUT", HOLD, {"reason": "Dispute"})
    house.work()
    assert house.stamped_days() == {None}


def test_a_restamp_that_nobody_comes_for_ends_none(house: Kept) -> None:
    """Its message could not be sent: the setting stays, and the job before has the last word."""
    house.set_days(45)
    house.now += MINUTE
    house.restamps.refusal = Throttled()
    assert house.manage("PUT", RETENTION, {"days": 60})["statusCode"] == 503
    house.work()
    assert house.stamped_days() == {45, 0}


def test_a_restamp_that_failed_is_shown(house: Kept) -> None:
    """Until one behind it has succeeded."""
    house.set_days(45)
    ((job, _),) = house.restamps.sent
    claimed = house.jobs.claim(job.key, "claim", NOW, NOW + MINUTE)
    house.jobs.save(replace(claimed, status=Status.FAILED, error="Why."), "claim")
    assert house.done("GET", RETENTION)["job"] == house.done("GET", HOLD)["job"] == job.id
    house.restamps.sent.clear()
    house.now += MINUTE
    house.set_days(45)
    house.work()
    assert house.done("GET", RETENTION)["job"] is None


def test_what_is_about_to_expire_is_stamped_first(house: Kept) -> None:
    """In all partitions before anything else, under the settings before; without any pause between pages."""
    soon = house.send_aged(*[89] * 4, 84)
    house.done("PUT", HOLD, {"reason": "Dispute"})
    ((job, _),) = house.restamps.sent
    worker = house.worker(page=3, step_ms=0)
    checkpoint: Mapping[str, Any] = {}
    while not checkpoint.get("window"):
        checkpoint = worker.step(replace(job, checkpoint=checkpoint), lambda: 900.0).checkpoint
    kept = {item["sk"]["S"] for item in house.items() if "expires_at" not in item}
    assert len({item["pk"]["S"] for item in house.items() if item["sk"]["S"] in soon}) > 1
    assert kept >= set(soon)
    assert {(NOW - occurred_ms(each)) // DAY for each in kept} == {84, 85, 89}
    assert house.paused == []
    house.work()
    assert house.stamped_days() == {None}
    assert house.paused


def test_settings_in_a_row_keep_what_any_of_them_let_expire(house: Kept) -> None:
    """A longer retention over one that has not been stamped yet: both edges are urgent."""
    house.set_days(45)
    house.set_days(60)
    edges = [job.ask["edges_ms"] for job, _ in house.restamps.sent]
    assert edges == [[NOW - 90 * DAY], [NOW - 90 * DAY, NOW - 45 * DAY]]
    house.work()
    house.set_days(90)
    ((job, _),) = house.restamps.sent
    assert job.ask["edges_ms"] == [NOW - 60 * DAY]


def test_an_expired_event_does_not_come_back(house: Kept) -> None:
    """Deleted between being read and being stamped: nothing is left of it, not even its keys."""
    gone: list[str] = []

    class Expiring:
        def update_item(self, **request: Any) -> Any:
            if not gone:
                gone.append(request["Key"]["sk"]["S"])
                house.dynamodb.delete_item(TableName=request["TableName"], Key=request["Key"])
            return house.dynamodb.update_item(**request)

        def __getattr__(self, name: str) -> Any:
            return getattr(house.dynamodb, name)

    house.stamps = StampTable(Expiring(), house.tables.events)
    house.set_days(45)
    house.work()
    assert gone
    assert not {item["sk"]["S"] for item in house.items()} & set(gone)
    assert house.stamped_days() == {45, 0}


def test_nothing_of_an_event_changes_but_when_it_expires(house: Kept) -> None:
    before = {item["sk"]["S"]: item for item in house.items()}
    house.set_days(45)
    house.work()
    after = {item["sk"]["S"]: item for item in house.items() if item["sk"]["S"] in before}
    assert {key: {**item, "expires_at": before[key]["expires_at"]} for key, item in after.items()} == before


@pytest.mark.parametrize("store", ["dynamodb-local"], indirect=True)
def test_a_stamp_is_one_write_unit_and_touches_no_index(house: Kept) -> None:
    """As the engine counts it, of events that stand in three indexes."""
    spent: list[dict[str, Any]] = []

    class Counting:
        def update_item(self, **request: Any) -> Any:
            answer = house.dynamodb.update_item(**request, ReturnConsumedCapacity="INDEXES")
            spent.append(answer["ConsumedCapacity"])
            return answer

        def __getattr__(self, name: str) -> Any:
            return getattr(house.dynamodb, name)

    house.stamps = StampTable(Counting(), house.tables.events)
    house.set_days(45)
    house.work()
    assert len(spent) == len(house.items())
    for each in spent:
        assert each["CapacityUnits"] == 1.0
        assert not {
            name: units for name, units in each.get("GlobalSecondaryIndexes", {}).items() if units["CapacityUnits"]
        }


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_killed_restamp_is_as_an_undisturbed_one(dynamodb: Any, tables: Tables) -> None:
    """50 seeds, killed at random points: every event has the stamp of the last setting."""
    house = Kept(dynamodb, tables, profile="jiffy", retention_days=365)
    house.sent(
        *(
            {"activity": f"some.thing-{number}", "occurred_at": format_time(NOW - number * MINUTE)}
            for number in range(40)
        )
    )
    kills = 0
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311
        odds = chance.choice([0.01, 0.05, 0.1])
        days = 300 + seed
        house.set_days(days)
        ((job, _),) = house.restamps.sent
        house.restamps.sent.clear()
        while True:
            worker = replace(house.worker(page=7, step_ms=0), stamps=Mortal(house.stamps, chance, odds))
            try:
                job = house.run(job, worker, Mortal(house.jobs, chance, odds))
            except Killed:
                kills += 1
                house.now += 15 * MINUTE
                continue
            break
        assert job.status is Status.SUCCEEDED
        assert house.stamped_days() == {days}, seed
    assert kills > SEEDS / 2
