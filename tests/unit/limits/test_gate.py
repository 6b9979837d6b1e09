"""Who is past a limit: the answer, the metric, the access log; and who is not limited."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from daybook.clock import MINUTE, SECOND
from daybook.errors import Throttled, UnknownTenant
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.serve import serve
from daybook.limits.allowance import Allowance
from daybook.limits.gate import Gate
from daybook.limits.known_limits import AGAIN_MS, KnownLimits
from daybook.observability import CALLS_LIMITED
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.limits import Limits
from tests.support.access_log import kept_access_log
from tests.support.calls import Context, answered, authorized, call, operations
from tests.support.usage import MemoryUsage

NOW = 30_000 * MINUTE + 18 * SECOND
CODES = {"acme": TenantCode("aaaaaa"), "other": TenantCode("bbbbbb")}


@dataclass
class GatedRoute:
    """A gate before one route, which consumes `units` at each call."""

    stored: Limits = field(default_factory=lambda: Limits(calls_a_minute=2))
    units: float = 0.0
    unread: type[Exception] | None = None
    throttled: bool = False
    calls: int = 0
    settings_read: int = 0
    now: int = NOW
    counted: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = lambda *what: self.counted.append(what)  # noqa: E731
        self.read = self.stored
        self.store = MemoryUsage()
        self.gate = Gate(
            Allowance(self.store, lambda: self.now, count), KnownLimits(self, lambda: self.now), self._meter, count
        )
        self._consumed = 0.0
        self._reads = self.gate.reads({"read_tenant": self._operation})
        self._sends = {"read_tenant": self.gate.calls(self._operation)}

    def call(self, tenant: str = "acme", *, sends: bool = False, by_operators: bool = False) -> dict[str, Any]:
        authorizer = operations() if by_operators else authorized("auditor", tenant=tenant)
        event = call("GET", "/v1/tenants/{tenant}", parameters={"tenant": tenant}, authorizer=authorizer)
        return serve(event, Context(), self._sends if sends else self._reads)

    def limits(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        """As last read."""
        if self.unread:
            raise self.unread
        return CODES[tenant], self.read

    def settings(self, tenant: Tenant) -> None:
        self.settings_read += 1
        if self.throttled:
            raise Throttled(tenant)
        self.read = self.stored

    def _operation(self, _: Request) -> Answer:
        self.calls += 1
        self._consumed += self.units
        return Answer(200, {})

    def _meter(self) -> float:
        units, self._consumed = self._consumed, 0.0
        return units


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    with kept_access_log() as lines:
        yield lines


def test_past_a_limit_the_answer_says_which_and_when_to_come_again(log: list[dict[str, Any]]) -> None:
    """The operation is not called. A metric and the access log show it. Other tenants are not concerned."""
    route = GatedRoute()
    assert [route.call()["statusCode"] for _ in range(3)] == [200, 200, 429]
    refused = route.call()
    assert refused["headers"]["Retry-After"] == "42"
    problem = answered(refused)
    assert (problem["code"], problem["status"]) == ("limit_reached", 429)
    assert "calls_a_minute, 2" in problem["detail"]
    assert route.counted == [(CALLS_LIMITED, 1)] * 2
    assert [(line["status"], line["tenant"], line["credential"]) for line in log[-2:]] == [(429, "acme", "k1")] * 2
    assert route.calls == 2
    assert route.call("other")["statusCode"] == 200


def test_a_raised_limit_helps_who_is_refused_within_seconds() -> None:
    """A refused call reads no settings. So they are read before it is refused, once in a few seconds."""
    route = GatedRoute()
    assert [route.call()["statusCode"] for _ in range(5)] == [200, 200, 429, 429, 429]
    assert route.settings_read == 1
    route.stored = Limits(calls_a_minute=4)
    route.throttled = True
    route.now += AGAIN_MS
    assert route.call()["statusCode"] == 429, "the limit that is known is in force while the store does not answer"
    route.throttled = False
    route.now += AGAIN_MS
    assert [route.call()["statusCode"] for _ in range(3)] == [200, 200, 429]


def test_what_reads_consume_refuses_the_next_read_and_no_event() -> None:
    """An auditor's searches never keep a product from sending."""
    route = GatedRoute(Limits(read_units_a_minute=4), units=2.5)
    assert [route.call()["statusCode"] for _ in range(3)] == [200, 200, 429]
    assert route.call(sends=True)["statusCode"] == 200


def test_operators_are_not_limited() -> None:
    """Neither do they use up what the tenant may."""
    route = GatedRoute()
    assert {route.call(by_operators=True)["statusCode"] for _ in range(9)} == {200}
    assert route.call()["statusCode"] == 200
    route.gate.events(CODES["acme"], Limits(events_a_day=1), _caller("operations"), 500)


@pytest.mark.parametrize("unread", [Throttled, UnknownTenant])
def test_where_limits_can_not_be_read_the_operation_says_why(unread: type[Exception]) -> None:
    """It reads the same settings."""
    route = GatedRoute(unread=unread)
    assert {route.call()["statusCode"] for _ in range(9)} == {200}


@pytest.mark.parametrize("limits", [Limits(events_a_second=1), Limits(events_a_day=60)])
def test_a_batch_counts_with_all_of_its_events(limits: Limits) -> None:
    """In the minute and in the day. Past either, none of them may be stored."""
    route = GatedRoute(limits)
    for number in (30, 30):
        route.gate.events(CODES["acme"], limits, _caller("producer"), number)
    with pytest.raises(Problem) as refused:
        route.gate.events(CODES["acme"], limits, _caller("producer"), 1)
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"]


def test_an_operation_that_fails_has_consumed_too() -> None:
    """Reading may be most of what it did."""
    route = GatedRoute(Limits(read_units_a_minute=1), units=3)

    def failing(request: Request) -> Answer:
        route._operation(request)  # noqa: SLF001  what it consumes
        raise Problem(422, "too_much_to_read", "Too much.")

    reads = route.gate.reads({"read_tenant": failing})
    event = call("GET", "/v1/tenants/{tenant}", parameters={"tenant": "acme"}, authorizer=authorized("auditor"))
    assert [serve(event, Context(), reads)["statusCode"] for _ in range(2)] == [422, 429]


def _caller(role: str) -> Any:
    return Request.from_gateway(call("POST", "/v1/events", authorizer=authorized(role)), Context()).caller
