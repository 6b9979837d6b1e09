"""Random calls of tenants over several instances with clocks apart and a store that fails, against the exact sums.

What a tenant used is counted here call by call. The limits must hold it between two bounds: below its limit it is never
refused, and beyond it no more is admitted than what the instances hold, what a failing store lost, and one call each.
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.clock import MINUTE
from daybook.limits.allowance import PAUSE_MS, Allowance, LimitReached, credit
from daybook.tenant import TenantCode
from daybook.tenants.limits import CALLS, EVENTS, EVENTS_A_DAY, READ_UNITS, Limits, Resource
from tests.support.usage import MemoryUsage

INSTANCES = 4
TENANTS = (TenantCode("aaaaaa"), TenantCode("bbbbbb"))
MAX_AMOUNT = 20
Use = tuple[TenantCode, Resource, int]
"""A tenant's resource in a span, as the clock of the instance tells it."""


class LosingUsage(MemoryUsage):
    """Some additions fail: made or not, their answer is lost."""

    def __init__(self, fates: list[str]) -> None:
        super().__init__()
        self._fates = fates
        self.lost: Counter[Use] = Counter()

    def add(self, code: TenantCode, resource: Resource, span: int, amount: int) -> int:
        fate = self._fates[self.reports % len(self._fates)]
        if fate == "refused":
            self.reports += 1
            self.lost[code, resource, span] += amount
            raise ConnectionError
        total = super().add(code, resource, span, amount)
        if fate == "unanswered":
            raise ConnectionError
        return total


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, INSTANCES - 1),
            st.sampled_from(TENANTS),
            st.sampled_from([CALLS, EVENTS, EVENTS_A_DAY, READ_UNITS]),
            st.integers(1, MAX_AMOUNT),
            st.sampled_from([0, 0, 0, 0, 1, 700, PAUSE_MS, MINUTE]),  # ms until the call
            st.integers(1, 40),  # how often, one after the other
        ),
        max_size=60,
    ),
    st.tuples(*[st.integers(-90_000, 90_000)] * INSTANCES),
    st.lists(st.sampled_from(["stored", "stored", "stored", "refused", "unanswered"]), min_size=1, max_size=9),
    st.builds(Limits, st.integers(1, 1_000), st.integers(1, 16), st.integers(1, 1_000), st.integers(1, 1_000)),
)
def test_no_tenant_below_its_limit_is_refused_and_none_goes_far_beyond(
    calls: list[tuple[int, TenantCode, Resource, int, int, int]],
    apart: tuple[int, ...],
    fates: list[str],
    limits: Limits,
) -> None:
    now = [100 * 86_400_000]
    store = LosingUsage(fates)
    failures: Counter[int] = Counter()
    instances = [
        Allowance(store, lambda a=a: now[0] + a, lambda *_, i=i: failures.update([i]))  # type: ignore[misc]
        for i, a in enumerate(apart)
    ]
    used: Counter[Use] = Counter()
    paused: Counter[Use] = Counter()  # admitted while an instance did not report
    for number, code, resource, amount, wait_ms, times in calls:
        now[0] += wait_ms
        instance = instances[number]
        for _ in range(times):
            use = (code, resource, (now[0] + apart[number]) // resource.span_ms)
            failed_before = failures[number]
            try:
                if resource is READ_UNITS:
                    instance.check(code, limits, resource)
                    instance.charge(code, limits, resource, amount)
                else:
                    instance.take(code, limits, resource, amount)
            except LimitReached:
                assert used[use] >= resource.budget(limits), "a tenant below its limit is never refused"
            else:
                used[use] += amount
                if failures[number] > failed_before or instance._paused_until > now[0] + apart[number]:  # noqa: SLF001  the model has no clock of its own
                    paused[use] += amount
    for use, amount in used.items():
        resource = use[1]
        held = INSTANCES * (credit(resource, limits) + MAX_AMOUNT)
        most = resource.budget(limits) + held + store.lost[use] + paused[use]
        assert amount <= most, "nobody uses more than the limit and what the instances hold"
