"""What one instance knows of a tenant's limits, and when it reports."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from daybook.clock import DAY, HOUR, MINUTE, SECOND
from daybook.limits.allowance import PAUSE_MS, Allowance, LimitReached, credit
from daybook.observability import LIMITS_UNAVAILABLE
from daybook.tenant import TenantCode
from daybook.tenants.limits import CALLS, EVENTS, EVENTS_A_DAY, READ_UNITS, Limits
from tests.support.usage import MemoryUsage

ACME, OTHER = TenantCode("aaaaaa"), TenantCode("bbbbbb")
LIMITS = Limits(calls_a_minute=1_000)


@dataclass
class Fleet:
    """Instances over one store, with one clock."""

    store: MemoryUsage = field(default_factory=MemoryUsage)
    now: int = 100 * DAY + 10 * HOUR + 12 * SECOND
    counted: list[tuple[str, int]] = field(default_factory=list)

    def instance(self) -> Allowance:
        return Allowance(self.store, lambda: self.now, lambda *what: self.counted.append(what))


def admitted(instance: Allowance, times: int, **changed: Any) -> int:
    """How many of so many calls."""
    given = {"code": ACME, "limits": LIMITS, "resource": CALLS, "amount": 1, **changed}
    found = 0
    for _ in range(times):
        try:
            instance.take(**given)
        except LimitReached:
            continue
        found += 1
    return found


def test_the_limit_is_exact_on_one_instance_until_the_minute_ends() -> None:
    """The tenant then begins anew. Another one was never concerned."""
    fleet = Fleet()
    instance = fleet.instance()
    assert admitted(instance, 1_300) == 1_000
    reports = fleet.store.reports
    assert admitted(instance, 10) == 0
    assert fleet.store.reports == reports, "who is through is remembered"
    assert admitted(instance, 10, code=OTHER) == 10
    fleet.now += MINUTE
    assert admitted(instance, 10) == 10


def test_small_limits_are_exact_over_all_instances() -> None:
    """Below fifty a minute, each call is reported before it is admitted."""
    fleet = Fleet()
    instances = [fleet.instance() for _ in range(10)]
    assert sum(admitted(instances[number % 10], 1, limits=Limits(calls_a_minute=7)) for number in range(100)) == 7


def test_few_calls_cost_no_report_and_many_cost_about_fifty() -> None:
    """A report costs a write unit and some milliseconds, on one call of many."""
    fleet = Fleet()
    assert admitted(fleet.instance(), 14, limits=Limits()) == 14
    assert fleet.store.reports == 0
    assert admitted(fleet.instance(), 1_000) == 1_000
    assert 50 <= fleet.store.reports <= 56


@pytest.mark.parametrize(
    ("resource", "least"), [(CALLS, 240), (EVENTS, 1_200), (EVENTS_A_DAY, 1_200), (READ_UNITS, 2_400)]
)
def test_an_instance_holds_a_fiftieth_of_a_minutes_limit(resource: Any, least: int) -> None:
    """Of the day as many as of the second, unless a day has few."""
    assert credit(resource, Limits()) == least
    assert credit(EVENTS_A_DAY, Limits(events_a_day=500)) == 10
    assert credit(resource, Limits(1, 1, 1, 1)) == 1


def test_who_is_past_the_day_waits_for_midnight_utc() -> None:
    """And who is past the minute for its end."""
    fleet = Fleet()
    instance = fleet.instance()
    for resource, seconds in ((CALLS, 48), (EVENTS_A_DAY, 14 * 3_600 - 12)):
        limits = Limits(calls_a_minute=1, events_a_day=1)
        instance.take(ACME, limits, resource, 1)
        with pytest.raises(LimitReached) as reached:
            instance.take(ACME, limits, resource, 1)
        assert (reached.value.retry_after_seconds, reached.value.limit) == (seconds, 1)


def test_a_call_is_never_refused_for_its_own_size() -> None:
    """A batch over a minute's limit could never be sent. The next one waits."""
    instance = Fleet().instance()
    limits = Limits(events_a_second=1)
    instance.take(ACME, limits, EVENTS, 500)
    with pytest.raises(LimitReached):
        instance.take(ACME, limits, EVENTS, 1)


def test_a_higher_limit_lets_a_tenant_in_at_once() -> None:
    """What is remembered is the sum, and not that the tenant was through."""
    instance = Fleet().instance()
    assert admitted(instance, 5, limits=Limits(calls_a_minute=3)) == 3
    assert admitted(instance, 5, limits=Limits(calls_a_minute=100)) == 5


def test_what_was_read_is_counted_afterwards() -> None:
    """The call that goes past the limit has answered; the next is refused before it reads."""
    instance = Fleet().instance()
    limits = Limits(read_units_a_minute=5_000)
    for _ in range(2):
        instance.check(ACME, limits, READ_UNITS)
        instance.charge(ACME, limits, READ_UNITS, 2_530)
    with pytest.raises(LimitReached):
        instance.check(ACME, limits, READ_UNITS)


def test_a_store_that_fails_admits_and_is_asked_again_after_a_pause() -> None:
    """With a metric for each failure. Each instance goes on with what it knows, and reports nothing twice."""
    fleet = Fleet()
    fleet.store.broken = True
    instances = [fleet.instance() for _ in range(3)]
    assert [admitted(instance, 700) for instance in instances] == [700] * 3
    assert fleet.counted == [(LIMITS_UNAVAILABLE, 1)] * 3
    assert admitted(instances[0], 700) == 300, "one instance has seen all of the limit"
    fleet.store.broken = False
    fleet.now += PAUSE_MS
    assert admitted(instances[1], 1) == 1
    lost = 1
    assert fleet.store.sums[ACME, "calls_a_minute", fleet.now // MINUTE] == 701 - lost


def test_past_minutes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tenants an instance meets, it remembers those of the present span."""
    monkeypatch.setattr("daybook.limits.allowance.MAX_ACCOUNTS", 10)
    fleet = Fleet()
    instance = fleet.instance()
    for number in range(100):
        instance.take(TenantCode(f"t{number}"), LIMITS, CALLS, 1)
        fleet.now += 10 * SECOND
    assert len(instance._accounts) <= 10  # noqa: SLF001  what it remembers is not to be seen otherwise
