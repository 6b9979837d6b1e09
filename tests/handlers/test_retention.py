"""Retention and the legal hold as they are set: in the very next read, in the log, and in the job that is asked for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from daybook.caller import Tenant
from daybook.clock import DAY, MINUTE, SECOND, format_time
from daybook.http import serve
from daybook.jobs import RESTAMP, Job, Status
from daybook.problem import Problem
from daybook.retention import DELAY_SECONDS, REQUEST_SECONDS
from daybook.storing import Throttled
from daybook.tenants import Hold, TenantSettings
from settings import handler as functions
from settings.retaining import Retaining
from tests.calls import Context, answered, authorized, call
from tests.conftest import Tables
from tests.ingesting import NOW
from tests.reading import problem_of
from tests.retaining import AGES, HOLD, RETENTION, Kept, kept_with_events


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> Kept:
    return kept_with_events(dynamodb, tables)


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
    assert done.progress == 1.0
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
    house.hold("Dispute 22-118")
    house.lift()
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
    house.work()
    house.lift()
    assert len(house.restamps.sent) == 1
    house.lift()
    assert len(house.restamps.sent) == len(house.recorded("legal-hold-lifted")) == 1
    assert house.ages() == [0, *(60 + age for age in AGES if age < 60)]
    house.work()
    assert house.stamped_days() == {120, 0}
    assert house.done("GET", HOLD) == {"active": False, "reason": None, "since": None, "job": None}


def test_the_reason_does_not_stand_in_the_clear(house: Kept) -> None:
    house.done("PUT", HOLD, {"reason": "Dispute with mike.mars"})
    assert "mike" not in str(house.dynamodb.scan(TableName=house.tables.control)["Items"])


def test_a_hold_hides_again_nothing_that_was_shown_and_shows_nothing_that_was_hidden(house: Kept) -> None:
    """Its edge is where reads began; a longer retention shows what is left, and it stays, however long the hold."""
    house.set_days(45)
    house.hold()
    assert house.ages() == [1, 20, 40]
    house.set_days(60)
    assert house.ages() == [1, 20, 40, 50]
    house.now += 30 * DAY
    assert house.ages() == [31, 50, 70, 80]
    house.work()
    assert {house.stamps_of()[each] for each in house.found(limit="500")} == {None}


def test_a_longer_retention_under_a_hold_does_not_let_it_move(house: Kept) -> None:
    """Shortened, held, and longer again: what the hold has shown for months is shown on."""
    house.set_days(30)
    house.hold()
    house.now += 60 * DAY
    house.set_days(90)
    assert house.ages() == [61, 80]
    house.now += 60 * DAY
    assert house.ages() == [121, 140]


@pytest.mark.parametrize("store", ["moto"], indirect=True)
@pytest.mark.parametrize(("profile", "days"), [("symbee", 45), ("enate", None)])
def test_a_hold_where_the_retention_is_fixed_or_for_ever(
    dynamodb: Any, tables: Tables, profile: str, days: int | None
) -> None:
    house = Kept(dynamodb, tables, profile=profile, retention_days=days)
    sent = house.sent({"activity": "x.y", "occurred_at": format_time(NOW - 44 * DAY)})
    house.hold()
    house.work()
    assert house.stamped_days() == {None}
    house.now += 30 * DAY
    assert house.found() == sent
    house.lift()
    assert house.found() == ([] if days else sent)
    (job,) = house.work()
    assert set(house.stamps_of(sent).values()) == ({-(-job.created_ms // SECOND)} if days else {None})


def test_a_hold_lifted_by_mistake_is_put_back(house: Kept) -> None:
    """As long as no job has stamped anything since, it holds what it held."""
    house.hold()
    house.work()
    house.now += 60 * DAY
    held = house.ages()
    house.lift()
    assert house.ages() == [61, 80]
    house.now += MINUTE
    house.hold("Not yet")
    assert house.ages() == held
    assert house.done("GET", HOLD)["since"] == format_time(house.now)
    house.work()
    assert house.stamped_days() == {None}
    house.lift()
    house.work()
    house.hold("Too late")
    assert house.ages() == [61, 80]


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_hold_is_not_put_back_over_a_job_that_runs(house: Kept) -> None:
    """An earlier one, say, which reads the settings anew: it may have stamped what was held."""
    house.hold()
    job = house.asked()
    house.now += 60 * DAY
    house.lift()
    house.jobs.claim(job.key, "claim", house.now, house.now + MINUTE)
    house.hold()
    assert house.ages() == [61, 80]


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_hold_is_not_put_back_when_a_job_may_begin_before_it_stands(house: Kept) -> None:
    """The lift's job begins after 90 s, and a request that sets a hold lasts up to 28."""
    house.hold()
    house.work()
    house.now += 60 * DAY
    house.lift()
    house.now += (DELAY_SECONDS - REQUEST_SECONDS) * SECOND
    house.hold()
    assert house.ages() == [61, 80]


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_setting_whose_job_got_lost_can_be_set_again(house: Kept) -> None:
    """Its message was given up, say: a day later the same setting asks for a job anew."""
    house.set_days(45)
    house.restamps.sent.clear()
    house.set_days(45)
    assert house.restamps.sent == []
    house.now += DAY
    house.set_days(45)
    house.work()
    assert house.stamped_days() <= {45, 0}


def test_no_job_where_nothing_changes(house: Kept) -> None:
    """The same days again, another reason for a hold that is on: recorded, and that is all."""
    house.set_days(90)
    house.set_days(45)
    house.set_days(45)
    assert len(house.restamps.sent) == 1
    house.work()
    house.set_days(45)
    house.hold("One")
    house.hold("Another")
    assert len(house.restamps.sent) == 1
    assert house.done("GET", HOLD)["reason"] == "Another"
    assert (len(house.recorded("retention")), len(house.recorded("legal-hold"))) == (4, 2)


def test_a_restamp_that_nobody_comes_for_ends_none(house: Kept) -> None:
    """Its message could not be sent: the setting stays, and the job before has the last word."""
    house.set_days(45)
    house.now += MINUTE
    house.restamps.refusal = Throttled()
    assert house.manage("PUT", RETENTION, {"days": 60})["statusCode"] == 503
    house.work()
    assert house.stamped_days() == {45, 0}


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_restamp_that_broke_off_is_shown(house: Kept, status: Status) -> None:
    """Until one behind it has succeeded, which the same setting asks for once more, and which does what it left."""
    house.set_days(45)
    job = house.asked()
    claimed = house.jobs.claim(job.key, "claim", NOW, NOW + MINUTE)
    house.jobs.save(replace(claimed, status=status, error="Why."), "claim", NOW)
    assert house.done("GET", RETENTION)["job"] == house.done("GET", HOLD)["job"] == job.id
    house.now += MINUTE
    house.set_days(45)
    house.work()
    assert house.done("GET", RETENTION)["job"] is None
    assert house.stamped_days() == {45, 0}


class Racing:
    """Something else happens to the settings just before they are changed."""

    def __init__(self, house: Kept, happens: Callable[[TenantSettings], TenantSettings]) -> None:
        self._house = house
        self._happens = happens

    def settings(self, tenant: Tenant) -> TenantSettings:
        return self._house.control.settings(tenant)

    def change_tenant(self, tenant: Tenant, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings:
        self._house.control.change_tenant(tenant, self._happens)
        return self._house.control.change_tenant(tenant, change)


def put_by(retaining: Retaining, house: Kept, path: str, body: Any) -> dict[str, Any]:
    event = call("PUT", path, body, authorizer=authorized("admin"))
    return serve(event, Context(), functions.operations(house.cataloguing, retaining))


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_a_hold_set_at_the_same_time_is_not_outrun(house: Kept) -> None:
    """Neither by a shorter retention, nor by any setting that its job was not asked for: try again."""
    held = lambda now: replace(now, hold=Hold(NOW, NOW - 90 * DAY, "sealed"))  # noqa: E731
    racing = replace(house.retaining, store=Racing(house, held))
    assert problem_of(put_by(racing, house, RETENTION, {"days": 45})) == (409, "legal_hold")
    house.control.change_tenant(house.tenant, lambda now: replace(now, hold=None))
    assert problem_of(put_by(racing, house, RETENTION, {"days": 120})) == (503, "contended")
    assert house.control.settings(house.tenant).retention_days == 90


@pytest.mark.parametrize("store", ["moto"], indirect=True)
def test_what_comes_between_and_changes_no_stamp_is_nothing(house: Kept) -> None:
    """The catalogue's mode, or the very same setting, whose answer was lost."""
    for days, happens in ((45, lambda now: replace(now, mode="strict")), (60, lambda now: now.keeping(60, NOW))):
        racing = replace(house.retaining, store=Racing(house, happens))
        assert put_by(racing, house, RETENTION, {"days": days})["statusCode"] == 200


@pytest.mark.parametrize("store", ["moto"], indirect=True)
@pytest.mark.parametrize(("path", "body"), [(RETENTION, {"days": 45}), (HOLD, {"reason": "Dispute"})])
def test_what_can_not_be_recorded_is_not_set(house: Kept, path: str, body: Any) -> None:
    """The record comes first, then the job, then the setting."""
    before = house.control.settings(house.tenant)

    def unrecorded(*_: Any) -> None:
        raise Problem(503, "not_recorded", "Try again.")

    answer = put_by(replace(house.retaining, record=unrecorded), house, path, body)
    assert problem_of(answer) == (503, "not_recorded")
    assert house.restamps.sent == []
    assert house.control.settings(house.tenant) == before

    class Watching:
        def put(self, job: Job, most_active: int | None = None) -> None:
            assert house.control.settings(house.tenant) == before
            house.jobs.put(job, most_active)

        def __getattr__(self, name: str) -> Any:
            return getattr(house.jobs, name)

    assert put_by(replace(house.retaining, jobs=Watching()), house, path, body)["statusCode"] == 200
    assert len(house.jobs.jobs(house.tenant, RESTAMP)) == 1
