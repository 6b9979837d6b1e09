"""A dry run says how many events another retention would hide, and changes nothing."""

from typing import Any

import pytest

from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, format_time
from daybook.search.merge import Bounds
from tests.support.counted_log import append_stored
from tests.support.retention import RETENTION, Kept
from tests.support.tenant_log import problem_of

DRY = {"dry_run": "true"}
WORK = {"activity": "work-item.opened"}


def preview(log: Kept, days: int | None, role: str = "admin") -> dict[str, Any]:
    told: dict[str, Any] = log.done("PUT", RETENTION, {"days": days}, role, query=DRY)
    return told


def aged(log: Kept, days: int, ms: int = 0, **changed: Any) -> dict[str, Any]:
    """An event that leaves a retention of so many days in `ms`."""
    return {**WORK, "occurred_at": format_time(log.now - days * DAY + ms), **changed}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> Kept:
    log = Kept(dynamodb, tables, profile="enate", retention_days=90, environments=("prod", "test"))
    log.now += 17 * MINUTE
    return log


@pytest.mark.every_store
def test_it_is_what_the_next_read_would_hide(log: Kept) -> None:
    """To the millisecond at both edges, in every environment: by counts, and by reading what lies in parts of hours."""
    log.sent(
        *(aged(log, 90, ms) for ms in (0, 1, 50 * MINUTE, HOUR, 9 * DAY)),
        *(aged(log, 60, ms) for ms in (-3 * DAY, -HOUR, -MINUTE, -1, 0, MINUTE)),
        aged(log, 70, environment="test"),
        aged(log, 75, activity="api.called"),
        {**WORK, "details": "now"},
    )
    append_stored(log)
    before = [log.control.settings(log.tenant), log.recorded("retention"), log.restamps.sent.copy()]
    shown = {environment: log.found(environment=environment, limit="500") for environment in ("prod", "test")}
    told = preview(log, 60)
    assert told == {"hides": 10, "exact": True, "oldest_after": format_time(log.now - 60 * DAY)}
    assert preview(log, 60, OPERATIONS)["hides"] == 11
    assert preview(log, 90) == {"hides": 0, "exact": True, "oldest_after": format_time(log.now - 90 * DAY)}
    assert preview(log, 120)["hides"] == 0
    assert preview(log, None) == {"hides": 0, "exact": True, "oldest_after": None}
    assert [log.control.settings(log.tenant), log.recorded("retention"), log.restamps.sent] == before
    log.set_days(60)
    left = sum(len(log.found(environment=environment, limit="500")) for environment in shown)
    assert sum(map(len, shown.values())) - left == told["hides"]


def test_it_says_when_it_is_not_exact(log: Kept) -> None:
    """An hour with more events than a search reads is left out, and counts that are gone are not made up."""
    log.sent(*(aged(log, 60, ms) for ms in (-2 * DAY, -HOUR * 30, -1)))
    append_stored(log)
    small = log.managing.replacing(search_bounds=Bounds(read_bytes=1))
    log.operations = log.operations_over(small)
    log.sent(aged(log, 60, -2))
    assert preview(log, 60) == {"hides": 2, "exact": False, "oldest_after": format_time(log.now - 60 * DAY)}
    log.operations = log.operations_over(log.managing)
    assert preview(log, 60)["exact"]
    (current,) = [each for each in log.wiring.logs.of(log.settings.code) if log.wiring.appends.head(each).size]
    log.wiring.fold.run(current)
    log.wiring.counts.prune(current, log.now - 62 * DAY + HOUR)
    assert not preview(log, 60)["exact"]


def test_it_is_checked_like_the_change(log: Kept) -> None:
    """Whoever may not change the retention, or not to these days, learns nothing."""
    for days in (29, 3_651, "60"):
        assert problem_of(log.manage("PUT", RETENTION, {"days": days}, query=DRY))[0] == 422
    assert problem_of(log.manage("PUT", RETENTION, {"days": 60}, query=DRY, environment="prod"))[0] == 403
    assert problem_of(log.manage("PUT", RETENTION, {"days": 60}, "auditor", query=DRY))[0] == 403
    log.hold()
    assert problem_of(log.manage("PUT", RETENTION, {"days": 60}, query=DRY)) == (409, "legal_hold")
    for query in ({"dry_run": "yes"}, {"dryrun": "true"}):
        assert log.manage("PUT", RETENTION, {"days": 60}, query=query)["statusCode"] == 400
