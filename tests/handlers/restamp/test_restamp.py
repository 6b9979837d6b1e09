"""Re-stamps: what they cover, which of several settings wins, and what they cost."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.events_table.stamps import StampTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, SECOND
from daybook.errors import Throttled
from daybook.events.item import partition
from daybook.ids import occurred_ms
from daybook.jobs.job import JobSuperseded, Status
from daybook.jobs.restamp import DELAY_SECONDS, Restamp
from restamp.restamp import WRITTEN_WITHIN_MS
from tests.support.faulty_clients import failing
from tests.support.ingest import NOW, Sender
from tests.support.jobs import received
from tests.support.memory_stores import SettingsOf
from tests.support.retention import AGES, Kept, kept_with_events


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> Kept:
    return kept_with_events(dynamodb, tables)


class Client:
    """A DynamoDB client that records its calls, and lets a test act before an update."""

    def __init__(self, client: Any, before_update: Callable[[str], None] = lambda _: None) -> None:
        self._client = client
        self._before_update = before_update
        self.queries: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []

    def query(self, **request: Any) -> Any:
        self.queries.append(request)
        return self._client.query(**request)

    def update_item(self, **request: Any) -> Any:
        self._before_update(request["Key"]["sk"]["S"])
        self.updates.append(request)
        return self._client.update_item(**request)


class Late:
    """Holds up pages between being read and being written. The test writes them by calling `land`."""

    def __init__(self, stamps: StampTable) -> None:
        self._stamps = stamps
        self.land: list[Callable[[], bool]] = []

    def page(self, *arguments: Any) -> Any:
        return self._stamps.page(*arguments)

    def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
        self.land.append(lambda: self._stamps.stamp(lies_in, restamps, seconds_left))
        return True


@pytest.mark.every_store
def test_it_goes_over_every_partition_of_every_environment(dynamodb: Any, tables: Tables) -> None:
    log = Kept(dynamodb, tables, environments=("prod", "test"))
    for environment in ("prod", "test"):
        log.send_aged(*AGES, *AGES, environment=environment)
    assert len({item["pk"]["S"] for item in log.items()}) == 4
    log.set_days(45)
    log.work()
    assert log.stamped_days() == {45, 0}


def test_events_that_expired_long_ago_are_deleted_too(dynamodb: Any, tables: Tables) -> None:
    """DynamoDB's TTL does not delete what expired more than five years ago: it goes a day after the change."""
    log = Kept(dynamodb, tables, profile="enate", retention_days=None)
    (old,) = log.send_aged(8 * 365)
    log.set_days(400)
    log.now += 3 * MINUTE
    log.work()
    assert log.stamps_of([old]) == {old: (NOW + DAY) // SECOND}


def test_events_under_way_are_stamped_too(log: Kept) -> None:
    """A request may read the previous settings and store later; and events may be dated ahead, within the limit."""
    before = log.control.settings(log.tenant)
    log.send = Sender(log.wiring.replacing(control=SettingsOf(lambda _: before)))
    log.set_days(45)
    log.now += 56 * SECOND
    log.send_aged(89, 44, 0, -5 * MINUTE / DAY)
    log.work()
    assert log.stamped_days() == {45, 0}


def test_only_changed_stamps_are_written(log: Kept) -> None:
    """Events that left retention before keep their stamp. Events later than the job's were stored under its setting."""
    log.set_days(45)
    log.work()
    log.now += 10 * MINUTE
    ahead = log.send_aged(0)
    changes: list[Callable[[], Any]] = [lambda: log.set_days(60), log.hold]
    for change in changes:
        client = Client(log.dynamodb)
        log.stamps = StampTable(client, log.tables.events)
        change()
        job = log.asked()
        log.now += HOUR
        new = log.send_aged(0)
        log.run(job)
        touched = {request["Key"]["sk"]["S"] for request in client.updates}
        assert {(NOW - occurred_ms(each)) // DAY for each in touched if occurred_ms(each) < NOW} == {1, 20, 40, 50}
        assert touched >= set(ahead)
        assert not touched & set(new)
        highs = [request["ExpressionAttributeValues"][":high"]["S"] for request in client.queries]
        assert max(map(occurred_ms, highs)) == job.created_ms + DELAY_SECONDS * SECOND + 5 * MINUTE
        assert all(request["ConsistentRead"] for request in client.queries)


def test_events_expired_under_both_settings_are_left_alone(log: Kept) -> None:
    """Else each job would rewrite them with its own time; also the job after a hold, which reads everything."""
    log.set_days(45)
    log.work()
    stamps = {each: expires_at for each, expires_at in log.stamps_of().items() if occurred_ms(each) < NOW - 45 * DAY}
    log.now += HOUR
    for change in (lambda: log.set_days(30), log.hold, log.lift):
        change()
        log.now += HOUR
        log.work()
        assert log.stamps_of(list(stamps)) == stamps


def test_the_last_of_two_settings_wins(log: Kept) -> None:
    """The first one's job stops once the second one's runs. No event keeps the first one's stamp."""
    log.set_days(45)
    first = log.asked()
    worker = log.worker(page=2, step_ms=0)
    first = log.steps(first, worker, lambda: log.stamped_days() != {90})
    assert 90 in log.stamped_days()
    log.now += MINUTE
    log.set_days(60)
    second = log.asked()
    first = replace(first, checkpoint=worker.step(first, lambda: 900.0).checkpoint)  # the second job still waits
    log.jobs.claim(received(second), "claim", log.now, log.now)
    with pytest.raises(JobSuperseded):
        worker.step(first, lambda: 900.0)
    assert log.run(second).status is Status.SUCCEEDED
    assert log.stamped_days() == {60, 0}
    ended = log.run(log.jobs.job(first.key))
    assert (ended.status, ended.error) == (
        Status.CANCELLED,
        "The setting was changed again, and a later job applies that change.",
    )


def test_a_setting_each_minute_does_not_hold_up_a_job(log: Kept) -> None:
    """Each job waits a minute and a half. The first one goes on meanwhile, under the latest setting."""
    log.set_days(45)
    first = log.asked()
    worker = log.worker(page=1, step_ms=0)
    for days in itertools.cycle((46, 47)):
        step = worker.step(first, lambda: 900.0)
        if step.done:
            break
        first = replace(first, checkpoint=step.checkpoint)
        log.now += MINUTE
        log.set_days(days)
    assert {45, 90}.isdisjoint(log.stamped_days())
    log.work()
    last = log.control.settings(log.tenant).retention_days
    assert log.stamped_days() == {last, 0}


def test_a_hold_while_a_job_runs(log: Kept) -> None:
    """Visible events are kept. Hidden ones may expire, and neither job changes them any more."""
    log.set_days(45)
    first = log.asked()
    worker = log.worker(page=1, step_ms=0)
    first = log.steps(first, worker, lambda: log.stamped_days() != {90})
    log.hold()
    stamps = log.stamps_of()
    while not (step := worker.step(first, lambda: 900.0)).done:
        first = replace(first, checkpoint=step.checkpoint)
    log.run(log.asked())
    shown = set(log.found(limit="500"))
    for each, expires_at in log.stamps_of(list(stamps)).items():
        assert expires_at == (None if each in shown or occurred_ms(each) >= NOW else stamps[each])


def test_the_settings_are_read_for_each_page(log: Kept) -> None:
    """Also within a step: a change counts from the next page on."""
    log.set_days(45)
    job = log.asked()
    pages: list[str] = []

    class Changing(StampTable):
        def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
            done = super().stamp(lies_in, restamps, seconds_left)
            pages.append(lies_in)
            if len(pages) == 1:
                log.set_days(60)
            return done

    log.stamps = Changing(log.dynamodb, log.tables.events)
    log.worker(page=1).step(job, lambda: 900.0)
    assert len(pages) > 2
    assert 60 in log.stamped_days()
    assert 45 not in log.stamped_days()


def test_an_old_page_that_lands_after_the_new_job_changes_nothing(log: Kept) -> None:
    """The stamps that it has read have changed."""
    log.set_days(45)
    first = log.asked()
    late = Late(log.stamps)
    log.worker(stamps=late).step(first, lambda: 900.0)
    log.set_days(60)
    log.run(log.asked())
    stamps = log.stamps_of()
    assert len(late.land) > 1
    assert not any(land() for land in late.land)
    assert log.stamps_of() == stamps


def test_an_old_page_is_not_written_once_a_later_job_may_have_run(log: Kept) -> None:
    """A shorter retention and back: the later job leaves the stamps, which are those that the page has read."""
    log.set_days(45)
    first = log.asked()
    late = Late(log.stamps)
    log.worker(stamps=late).step(first, lambda: 900.0)
    log.set_days(90)
    log.now += WRITTEN_WITHIN_MS
    log.run(log.asked())
    assert late.land
    for land in late.land:
        with pytest.raises(Throttled):
            land()
    assert log.stamped_days() == {90}


def test_a_page_that_an_older_one_overtakes_is_read_again(log: Kept) -> None:
    """The older page is written between the read and the write of this one: neither stamp is right then."""
    late = Late(log.stamps)
    log.set_days(45)
    log.worker(stamps=late).step(log.asked(), lambda: 900.0)
    shown = {each for each in log.stamps_of() if occurred_ms(each) > NOW - 45 * DAY}
    landed: list[bool] = []

    class OvertakenStamps(StampTable):
        def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
            if shown & restamps.keys():
                landed.extend(land() for land in late.land)
                late.land.clear()
            return super().stamp(lies_in, restamps, seconds_left)

    log.set_days(60)
    job = log.asked()
    log.stamps = OvertakenStamps(log.dynamodb, log.tables.events)
    assert log.run(job).status is Status.SUCCEEDED
    assert True in landed
    assert log.stamped_days() == {60, 0}


def test_no_write_is_under_way_when_a_page_ends(log: Kept) -> None:
    """However it ends: where one write is throttled, it waits for all others."""
    ids = list(log.stamps_of(log.send_aged(*(number / 10 for number in range(100)))))
    (lies_in, *_) = {item["pk"]["S"] for item in log.items()}
    tried: list[str] = []
    lock = threading.Lock()

    def before_update(identifier: str) -> None:
        with lock:
            tried.append(identifier)
        if identifier == ids[0]:
            raise failing("ThrottlingException", "UpdateItem")

    stamps = StampTable(Client(log.dynamodb, before_update), log.tables.events)
    with pytest.raises(Throttled):
        stamps.stamp(lies_in, {each: Restamp(1, 2) for each in ids}, lambda: 1.0)
    assert sorted(tried) == sorted(ids)


def test_an_expired_event_does_not_come_back(log: Kept) -> None:
    """It is deleted between the read and the write: nothing of it is left, not even its keys."""
    gone: list[str] = []
    lock = threading.Lock()
    for number, change in enumerate((lambda: log.set_days(45), log.hold, log.lift)):
        change()
        lies_in = {item["sk"]["S"]: item["pk"] for item in log.items()}

        def expire(identifier: str, most: int = number, lies_in: dict[str, Any] = lies_in) -> None:
            with lock:
                if len(gone) > most:
                    return
                gone.append(identifier)
            key = {"pk": lies_in[identifier], "sk": {"S": identifier}}
            log.dynamodb.delete_item(TableName=log.tables.events, Key=key)

        log.stamps = StampTable(Client(log.dynamodb, expire), log.tables.events)
        log.work()
    assert len(gone) == 3
    assert not {item["sk"]["S"] for item in log.items()} & set(gone)


def test_only_the_time_of_deletion_changes(log: Kept) -> None:
    before = {item["sk"]["S"]: item for item in log.items()}
    log.set_days(45)
    log.work()
    after = {item["sk"]["S"]: item for item in log.items() if item["sk"]["S"] in before}
    assert {key: {**item, "expires_at": before[key]["expires_at"]} for key, item in after.items()} == before


@pytest.mark.parametrize("store", ["dynamodb-local"], indirect=True)
def test_a_stamp_is_one_write_unit_and_touches_no_index(log: Kept) -> None:
    """By the engine's own count, for events in all four indexes; for a changed, a removed and an added stamp."""
    target = {"type": "asset", "id": "a-1", "within": {"type": "site", "id": "s-1"}}
    ids = log.send_aged(1, 20, 40, target=target)
    assert all(
        {"by_actor", "by_activity", "by_target", "by_within"} <= set(item)
        for item in log.items()
        if item["sk"]["S"] in ids
    )
    spent: list[dict[str, Any]] = []
    read: list[float] = []

    class Counting:
        def update_item(self, **request: Any) -> Any:
            answer = log.dynamodb.update_item(**request, ReturnConsumedCapacity="INDEXES")
            spent.append(answer["ConsumedCapacity"])
            return answer

        def query(self, **request: Any) -> Any:
            answer = log.dynamodb.query(**request, ReturnConsumedCapacity="TOTAL")
            read.append(answer["ConsumedCapacity"]["CapacityUnits"])
            return answer

    log.stamps = StampTable(Counting(), log.tables.events)
    for change in (lambda: log.set_days(60), log.hold, log.lift):
        spent.clear()
        change()
        stored = len(log.items())
        log.work()
        assert 0 < len(spent) <= stored
        for each in spent:
            assert each["CapacityUnits"] == 1.0
            assert not [units for units in each.get("GlobalSecondaryIndexes", {}).values() if units["CapacityUnits"]]
    # A page is billed by the whole size of its events, though it reads only two attributes of them.
    read.clear()
    many = log.send_aged(*(30 + number / 10_000 for number in range(400)))
    pages = [log.stamps.page(partition(log.key(), shard), "", 500) for shard in (0, 1)]
    assert sum(map(len, pages)) > len(many)
    assert sum(read) == pytest.approx(_bytes(log.items()) / 4096, rel=0.05)


def _bytes(items: Sequence[Mapping[str, Any]]) -> int:
    """The size of items as DynamoDB counts it: names and values."""
    return sum(len(name) + len(next(iter(value.values()))) for item in items for name, value in item.items())


def test_a_job_of_a_deleted_tenant_fails_and_says_so(log: Kept) -> None:
    log.set_days(45)
    job = log.asked()
    log.dynamodb.delete_item(
        TableName=log.tables.control, Key={"pk": {"S": log.settings.code}, "sk": {"S": "settings"}}
    )
    assert log.run(job).error == "The tenant no longer exists."
