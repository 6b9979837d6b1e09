"""What limits cost a call: processor time before and after, the units of reports, and of asking what reads consume."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse

from benchmarks.measuring import ROUNDS, Row
from daybook.aws.read_meter import ReadMeter
from daybook.clock import MINUTE
from daybook.http.request import Answer, Request
from daybook.limits.allowance import Allowance
from daybook.limits.gate import Gate
from daybook.limits.known_limits import KnownLimits
from daybook.tenant import Tenant, TenantCode
from daybook.tenants.limits import DEFAULTS, Limits
from tests.support.calls import Context, authorized, call
from tests.support.usage import MemoryUsage

CALLS = DEFAULTS["calls_a_minute"]
READS = 500


class OneTenant:
    """The same limits whoever asks."""

    def settings(self, tenant: Tenant) -> None:
        """No limit is reached here, so none is read again."""
        raise AssertionError(tenant)

    def limits(self, tenant: Tenant) -> tuple[TenantCode, Limits]:  # noqa: ARG002  the form of a store
        return TenantCode("aaaaaa"), Limits()


KNOWN = KnownLimits(OneTenant(), lambda: 0)


def rows() -> Iterator[Row]:
    usage = MemoryUsage()
    allowance = Allowance(usage, lambda: 1_000 * MINUTE, lambda *_: None)
    gate = Gate(allowance, KNOWN, ReadMeter().take, lambda *_: None)
    limited = gate.reads({"search_events": _nothing})["search_events"]
    event = call("GET", "/v1/events", authorizer=authorized("auditor"))
    request = Request.from_gateway(event, Context())
    _per_call(lambda: limited(request), CALLS - 1)
    yield Row(
        f"write units that {CALLS:,} calls of one tenant in a minute cost, one instance; of 14 calls",
        f"{usage.reports}; {_reports_of(14)}",
        "60; 0",
    )
    before, after = [], []
    for _ in range(ROUNDS):
        before.append(_per_call(lambda: _nothing(request), 10_000))
        fresh = Gate(
            Allowance(MemoryUsage(), lambda: 1_000 * MINUTE, lambda *_: None),
            KNOWN,
            ReadMeter().take,
            lambda *_: None,
        ).reads({"search_events": _nothing})["search_events"]
        after.append(_per_call(lambda: fresh(request), 10_000))  # noqa: B023  called in this turn alone
    added = statistics.median(after) - statistics.median(before)
    yield Row("processor time that limits add to a call", f"{added * 1e6:.0f} µs", "50 µs")
    plain, metered = _client(), _client(ReadMeter())
    costs = {"plain": list[float](), "metered": list[float]()}
    for _ in range(ROUNDS):
        for name, client in (("plain", plain), ("metered", metered)):
            costs[name].append(_per_call(lambda: _get(client), READS))  # noqa: B023  called in this turn alone
    was, is_now = (statistics.median(costs[name]) for name in ("plain", "metered"))
    yield Row(
        "processor time of one read with botocore: without asking what it consumes, and with",
        f"{was * 1e6:.0f}, {is_now * 1e6:.0f} µs: {is_now / was:.2f} times",
        "1.1 times",
    )


def _nothing(_: Request) -> Answer:
    return Answer(200)


def _reports_of(calls: int) -> int:
    usage = MemoryUsage()
    allowance = Allowance(usage, lambda: 0, lambda *_: None)
    gate = Gate(allowance, KNOWN, lambda: 0.0, lambda *_: None)
    limited = gate.calls(_nothing)
    request = Request.from_gateway(call("GET", "/v1/events", authorizer=authorized("auditor")), Context())
    for _ in range(calls):
        limited(request)
    return usage.reports


def _per_call(function: Callable[[], Any], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - started) / times


def _client(meter: ReadMeter | None = None) -> Any:
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}
    session = botocore.session.get_session()
    if meter:
        meter.watch(session)
    client = session.create_client("dynamodb")
    client.meta.events.register("before-send.dynamodb.*", lambda request, **_: _Answered(request))
    return client


def _get(client: Any) -> None:
    client.get_item(TableName="t", Key={"pk": {"S": "a"}, "sk": {"S": "b"}}, ConsistentRead=True)


class _Answered(AWSResponse):  # type: ignore[misc]  # botocore carries no types
    def __init__(self, request: Any) -> None:
        super().__init__("https://dynamodb.us-east-1.amazonaws.com", 200, {}, None)
        consumed = ',"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.0}' if b"TOTAL" in request.body else ""
        self._content = f'{{"Item":{{"pk":{{"S":"a"}},"sk":{{"S":"b"}}}}{consumed}}}'.encode()
