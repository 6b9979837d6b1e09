"""Changes of retention and legal hold: their effect on the very next read, the log, and the requested job."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from msgspec.json import encode

from daybook.aws.wiring import Tables, Wiring
from daybook.clock import DAY, MINUTE, SECOND, format_time
from daybook.crypto.generations import read_secret
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Throttled
from daybook.http.problem import Problem
from daybook.http.serve import serve
from daybook.jobs.job import RESTAMP, Job, Status
from daybook.jobs.restamp import DELAY_SECONDS
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.settings import MAX_HISTORY, Hold, TenantSettings
from infra.operate.rotate_keys import rotated
from manage.retention import MAX_WITH_HOLD
from tests.support.calls import Context, answered, authorized, call
from tests.support.ingest import NOW, SECRET
from tests.support.jobs import received
from tests.support.retention import AGES, HOLD, RETENTION, Kept, kept_with_events
from tests.support.tenant_log import problem_of


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> Kept:
    return kept_with_events(dynamodb, tables)


def test_shorter_hides_at_once_and_is_stamped_by_a_job(log: Kept) -> None:
    """A longer retention again shows what is still stored."""
    assert log.done("GET", RETENTION) == {
        "days": 90,
        "default_days": 90,
        "min_days": 30,
        "max_days": 180,
        "configurable": True,
        "job": None,
    }
    assert log.ages() == list(AGES)
    answer = log.set_days(45)
    ((job, delay),) = log.restamps.sent
    assert (answer["days"], answer["job"], delay) == (45, job.id, DELAY_SECONDS)
    assert log.ages() == [1, 20, 40]
    (done,) = log.work()
    assert (done.status, done.processed) == (Status.SUCCEEDED, len(log.items()))
    assert done.progress == 1.0
    assert log.stamped_days() == {45, 0}
    assert log.done("GET", RETENTION)["job"] is None
    log.set_days(60)
    assert log.ages() == [1, 20, 40, 50]
    log.work()
    assert log.stamped_days() == {60, 0}


def test_a_key_for_one_environment_cannot_change_settings(log: Kept) -> None:
    """Retention and hold apply to all environments. A key for all of them may change them."""
    log.done("PUT", HOLD, {"reason": "Dispute"})
    log.restamps.sent.clear()
    calls: list[tuple[str, str, Any]] = [
        ("PUT", RETENTION, {"days": 120}),
        ("PUT", HOLD, {"reason": "Another one"}),
        ("DELETE", HOLD, None),
    ]
    before = log.control.settings(log.tenant)
    told = [log.recorded("retention"), log.recorded("legal-hold")]
    for method, path, body in calls:
        refused = log.manage(method, path, body, environment="prod")
        assert problem_of(refused) == (403, "environment_denied"), (method, path)
    assert log.control.settings(log.tenant) == before
    assert [log.recorded("retention"), log.recorded("legal-hold")] == told
    assert log.restamps.sent == []
    for method, path, body in calls:
        log.done(method, path, body)


def test_it_is_recorded(log: Kept) -> None:
    log.set_days(45)
    log.hold("Dispute 22-118")
    log.lift()
    details = [
        log.recorded(name)[0]["details"] for name in ("retention-changed", "legal-hold-set", "legal-hold-lifted")
    ]
    assert details == ["Retention changed from 90 to 45 days", "Legal hold set: Dispute 22-118", "Legal hold lifted"]


def test_a_change_of_the_retention_is_in_the_log_of_each_environment(log: Kept) -> None:
    """Each log has to explain what is gone from it."""
    log.set_days(45)
    for environment in log.settings.environments:
        events = log.page({"environment": environment, "activity": "audit-log.retention-changed"})["events"]
        assert [event["details"] for event in events] == ["Retention changed from 90 to 45 days"]


@pytest.mark.parametrize(("days", "code"), [(29, 422), (181, 422), (None, 422), ("60", 422), (True, 422), (1.5, 422)])
def test_what_the_profile_does_not_allow(log: Kept, days: Any, code: int) -> None:
    refused = log.manage("PUT", RETENTION, {"days": days})
    assert refused["statusCode"] == code
    assert answered(refused)["errors"][0]["path"] == "days"
    assert log.restamps.sent == []
    assert log.recorded("retention-changed") == []


def test_what_the_profile_fixes(dynamodb: Any, tables: Tables) -> None:
    log = Kept(dynamodb, tables, profile="symbee", retention_days=45)
    assert log.done("GET", RETENTION)["configurable"] is False
    assert problem_of(log.manage("PUT", RETENTION, {"days": 45})) == (409, "retention_fixed")


def test_for_ever_where_the_profile_says_so(dynamodb: Any, tables: Tables) -> None:
    log = Kept(dynamodb, tables, profile="enate", retention_days=None)
    log.sent({"activity": "work-item.opened"})
    log.set_days(400)
    log.work()
    assert log.stamped_days() == {400}
    log.set_days(None)
    log.work()
    assert log.stamped_days() == {None}


def test_a_hold_stops_expiry_of_what_is_stored_too(log: Kept) -> None:
    """Reads keep their beginning, however much time passes. After the hold is lifted, the days of retention apply."""
    answer = log.done("PUT", HOLD, {"reason": "Dispute with mike.mars"})
    assert (answer["active"], answer["reason"], answer["since"]) == (True, "Dispute with mike.mars", format_time(NOW))
    log.work()
    assert log.stamped_days() == {None}
    log.now += 60 * DAY
    assert log.ages() == [60 + age for age in AGES]
    log.sent({"activity": "experiences.add"})
    assert log.stamped_days() == {None}
    assert problem_of(log.manage("PUT", RETENTION, {"days": 60})) == (409, "legal_hold")
    assert log.set_days(120)["days"] == 120
    assert log.done("PUT", HOLD, {"reason": "Another one"})["since"] == format_time(NOW)
    assert log.ages() == [0] + [60 + age for age in AGES]
    log.work()
    log.lift()
    assert len(log.restamps.sent) == 1
    log.lift()
    assert len(log.restamps.sent) == len(log.recorded("legal-hold-lifted")) == 1
    assert log.ages() == [0, *(60 + age for age in AGES if age < 60)]
    log.work()
    assert log.stamped_days() == {120, 0}
    assert log.done("GET", HOLD) == {"active": False, "reason": None, "since": None, "job": None}


def test_the_reason_is_stored_sealed(log: Kept) -> None:
    log.done("PUT", HOLD, {"reason": "Dispute with mike.mars"})
    assert "mike" not in str(log.dynamodb.scan(TableName=log.tables.control)["Items"])


def test_the_reason_outlives_rotations_of_the_keys(log: Kept) -> None:
    """A hold may last longer than any job or cursor, so its reason is sealed under a permanent key of the tenant."""
    log.hold("Dispute with mike.mars")
    secret = read_secret(SECRET)
    for day in range(3):
        secret = read_secret(encode(rotated(secret, (), log.now + day * DAY, lambda: "s" * 64)))
    keys = DeploymentKeys(encode(rotated(secret, (), log.now + 9 * DAY, lambda: "s" * 64)))
    assert keys.jobs.numbered(0) is None
    answer = serve(
        call("GET", HOLD, authorizer=authorized("admin")),
        Context(),
        log.operations_over(log.managing.replacing(keys=keys)),
    )
    assert answered(answer)["reason"] == "Dispute with mike.mars"


def test_a_hold_hides_again_nothing_that_was_shown_and_shows_nothing_that_was_hidden(log: Kept) -> None:
    """Its edge is where reads began. A longer retention shows what is left, for as long as the hold lasts."""
    log.set_days(45)
    log.hold()
    assert log.ages() == [1, 20, 40]
    log.set_days(60)
    assert log.ages() == [1, 20, 40, 50]
    log.now += 30 * DAY
    assert log.ages() == [31, 50, 70, 80]
    log.work()
    assert {log.stamps_of()[each] for each in log.found(limit="500")} == {None}


def test_a_longer_retention_under_a_hold_does_not_let_it_move(log: Kept) -> None:
    """Shortened, held, then longer again: what the hold has shown for months stays visible."""
    log.set_days(30)
    log.hold()
    log.now += 60 * DAY
    log.set_days(90)
    assert log.ages() == [61, 80]
    log.now += 60 * DAY
    assert log.ages() == [121, 140]


@pytest.mark.parametrize(("profile", "days"), [("symbee", 45), ("enate", None)])
def test_a_hold_where_the_retention_is_fixed_or_for_ever(
    dynamodb: Any, tables: Tables, profile: str, days: int | None
) -> None:
    log = Kept(dynamodb, tables, profile=profile, retention_days=days)
    sent = log.sent({"activity": "x.y", "occurred_at": format_time(NOW - 44 * DAY)})
    log.hold()
    log.work()
    assert log.stamped_days() == {None}
    log.now += 30 * DAY
    assert log.found() == sent
    log.lift()
    assert log.found() == ([] if days else sent)
    (job,) = log.work()
    assert set(log.stamps_of(sent).values()) == ({-(-(job.created_ms + DAY) // SECOND)} if days else {None})


@pytest.mark.every_store
def test_a_hold_lifted_by_mistake_is_put_back(log: Kept) -> None:
    """Within half a day, the new hold keeps what the old one kept, also after the job of the mistake."""
    log.hold()
    log.work()
    log.now += 60 * DAY
    held = log.ages()
    log.lift()
    log.work()
    assert log.ages() == [61, 80]
    assert min(filter(None, log.stamps_of().values())) * SECOND >= log.now + DAY
    log.now += DAY // 2 - MINUTE
    log.hold("Not yet")
    assert log.ages() == held
    assert log.done("GET", HOLD)["since"] == format_time(log.now)
    log.work()
    assert log.stamped_days() == {None}
    log.lift()
    log.now += DAY // 2
    log.hold("Too late")
    assert log.ages() == [61, 80]


@pytest.mark.large
def test_the_history_of_the_settings_is_bounded(log: Kept) -> None:
    """Within two days. A hold can be set longer, and always be lifted. Nothing is recorded that is not done."""
    for number in range(MAX_HISTORY - 1):
        changed = partial(TenantSettings.with_retention, days=30 + number % 2, now_ms=log.now)
        log.control.change_tenant(log.settings.code, changed)
    log.set_days(60)
    assert len(log.control.settings(log.tenant).history) == MAX_HISTORY
    log.set_days(60)
    told = len(log.recorded("retention-changed"))
    assert problem_of(log.manage("PUT", RETENTION, {"days": 45})) == (422, "too_many_changes")
    assert len(log.recorded("retention-changed")) == told
    log.hold()
    log.lift()
    for _ in range((MAX_WITH_HOLD - MAX_HISTORY) // 2 - 1):
        log.control.change_tenant(log.settings.code, lambda now: now.with_hold("sealed", log.now))
        log.control.change_tenant(log.settings.code, lambda now: now.without_hold(log.now))
    assert problem_of(log.manage("PUT", HOLD, {"reason": "Once more"})) == (422, "too_many_changes")
    assert len(log.recorded("legal-hold-set")) == 1
    log.now += 2 * DAY
    log.set_days(45)
    log.hold()
    assert len(log.control.settings(log.tenant).history) == MAX_HISTORY


def test_a_hold_can_be_lifted_after_any_number_of_changes(log: Kept) -> None:
    """As a hold that could be set and not lifted would stay for ever."""

    def often(now: TenantSettings) -> TenantSettings:
        for _ in range(MAX_WITH_HOLD):
            now = now.with_hold("", log.now).without_hold(log.now)
        return now.with_hold("", log.now)

    log.control.change_tenant(log.settings.code, often)
    log.lift()
    assert log.control.settings(log.tenant).hold is None
    assert len(log.recorded("legal-hold-lifted")) == 1


def test_a_setting_whose_job_got_lost_can_be_set_again(log: Kept) -> None:
    """For example because its message was discarded: a day later the same setting requests a new job."""
    log.set_days(45)
    log.restamps.sent.clear()
    log.set_days(45)
    assert log.restamps.sent == []
    log.now += DAY
    log.set_days(45)
    log.work()
    assert log.stamped_days() <= {45, 0}


def test_no_job_where_nothing_changes(log: Kept) -> None:
    """The same days, or another reason for a current hold, are recorded but need no job."""
    log.set_days(90)
    log.set_days(45)
    log.set_days(45)
    assert len(log.restamps.sent) == 1
    log.work()
    log.set_days(45)
    log.hold("One")
    log.hold("Another")
    assert len(log.restamps.sent) == 1
    assert log.done("GET", HOLD)["reason"] == "Another"
    assert (len(log.recorded("retention")), len(log.recorded("legal-hold"))) == (4, 2)


def test_a_restamp_without_a_message_ends_no_other(log: Kept) -> None:
    """Its message could not be sent: the setting stays, and the previous job decides."""
    log.set_days(45)
    log.now += MINUTE
    log.restamps.refusal = Throttled()
    assert log.manage("PUT", RETENTION, {"days": 60})["statusCode"] == 503
    log.work()
    assert log.stamped_days() == {45, 0}


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_restamp_that_broke_off_is_shown(log: Kept, status: Status) -> None:
    """Until a later one has succeeded. The same setting requests it again, and it completes the work."""
    log.set_days(45)
    job = log.asked()
    claimed = log.jobs.claim(received(job), "claim", NOW, NOW + MINUTE)
    log.jobs.save(replace(claimed, status=status, error="Why."), "claim", NOW)
    assert log.done("GET", RETENTION)["job"] == log.done("GET", HOLD)["job"] == job.id
    log.now += MINUTE
    log.set_days(45)
    log.work()
    assert log.done("GET", RETENTION)["job"] is None
    assert log.stamped_days() == {45, 0}


class Racing:
    """Something else changes the settings just before this request does."""

    def __init__(self, log: Kept, happens: Callable[[TenantSettings], TenantSettings]) -> None:
        self._log = log
        self._happens = happens

    def settings(self, tenant: Tenant) -> TenantSettings:
        return self._log.control.settings(tenant)

    def change_tenant(self, code: TenantCode, change: Callable[[TenantSettings], TenantSettings]) -> TenantSettings:
        self._log.control.change_tenant(code, self._happens)
        return self._log.control.change_tenant(code, change)


def put_by(wiring: Wiring, log: Kept, path: str, body: Any) -> dict[str, Any]:
    event = call("PUT", path, body, authorizer=authorized("admin"))
    return serve(event, Context(), log.operations_over(wiring))


def test_a_concurrent_hold_wins(log: Kept) -> None:
    """A shorter retention is refused. A longer one must be tried again: its job was requested without the hold."""
    held = lambda now: replace(now, hold=Hold(NOW, NOW - 90 * DAY, "sealed"))  # noqa: E731
    racing = log.managing.replacing(control=Racing(log, held))
    assert problem_of(put_by(racing, log, RETENTION, {"days": 45})) == (409, "legal_hold")
    log.control.change_tenant(log.settings.code, lambda now: replace(now, hold=None))
    assert problem_of(put_by(racing, log, RETENTION, {"days": 120})) == (503, "contended")
    assert log.control.settings(log.tenant).retention_days == 90


def test_a_concurrent_change_that_affects_no_stamp_is_ignored(log: Kept) -> None:
    """The catalogue's mode, or the very same setting whose response was lost."""
    for days, happens in ((45, lambda now: replace(now, mode="strict")), (60, lambda now: now.with_retention(60, NOW))):
        racing = log.managing.replacing(control=Racing(log, happens))
        assert put_by(racing, log, RETENTION, {"days": days})["statusCode"] == 200


@pytest.mark.parametrize(("path", "body"), [(RETENTION, {"days": 45}), (HOLD, {"reason": "Dispute"})])
def test_a_setting_that_cannot_be_recorded_is_not_made(log: Kept, path: str, body: Any) -> None:
    """The record comes first, then the job, then the setting."""
    before = log.control.settings(log.tenant)

    def unrecorded(*_: Any, **__: Any) -> None:
        raise Problem(503, "not_recorded", "Try again.")

    answer = put_by(log.managing.replacing(record=unrecorded), log, path, body)
    assert problem_of(answer) == (503, "not_recorded")
    assert log.restamps.sent == []
    assert log.control.settings(log.tenant) == before

    class Watching:
        def put(self, job: Job, max_active: int | None = None) -> None:
            assert log.control.settings(log.tenant) == before
            log.jobs.put(job, max_active)

        def __getattr__(self, name: str) -> Any:
            return getattr(log.jobs, name)

    assert put_by(log.managing.replacing(jobs=Watching()), log, path, body)["statusCode"] == 200
    assert len(log.jobs.jobs(log.settings.code, RESTAMP)) == 1
