"""500 tenants in one batch, of which 40 are down, 40 throttled and 40 slow, and one has rows of no use."""

from collections import Counter
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, SECOND
from daybook.delivery.sender import PutFailed
from daybook.observability import DRAINS_OVERDUE, STREAMS_FAILING, STREAMS_SLOW, UNREADABLE
from tests.support.ingest import NOW
from tests.support.streams import StreamHarness, ids
from tests.support.tenant_log import TenantLog

NAMES = [f"t-{number:03}" for number in range(500)]
BROKEN, THROTTLED, SLOW, MALFORMED = NAMES[:40], NAMES[40:80], NAMES[80:120], NAMES[120]
HEALTHY = NAMES[121:]

pytestmark = pytest.mark.parametrize("store", ["memory"], indirect=True)


@pytest.fixture
def logs(dynamodb: Any, tables: Tables) -> dict[str, TenantLog]:
    return {name: TenantLog(dynamodb, tables, tenant=name) for name in NAMES}


class Parallel(StreamHarness):
    """The waits of its threads do not add up."""

    def sleep(self, seconds: float) -> None:
        """Takes no time."""


@pytest.fixture
def publishing(logs: dict[str, TenantLog]) -> StreamHarness:
    made = Parallel(logs[NAMES[0]])
    for name in NAMES:
        made.set_up(tenant=name)
    return made


def states(publishing: StreamHarness, names: list[str]) -> Counter[tuple[str, bool, int]]:
    """How many are in which status, slow, and with how many pending events."""
    found = [publishing.stored(name) for name in names]
    return Counter(
        (each.status, each.is_slow, publishing.pending(name)) for each, name in zip(found, names, strict=True)
    )


def test_500_tenants_in_one_batch(logs: dict[str, TenantLog], publishing: StreamHarness) -> None:
    """Each healthy tenant has each event once, without a wait. Whatever is in trouble is in its own state, waits apart,
    and gets everything when it is over. One that is down or slow is not tried again by new events.
    """
    streams = publishing.streams
    first = {name: logs[name].sent({"id": "1"})[0] for name in NAMES}
    event = _troubled(publishing, first[MALFORMED])
    assert publishing.publish(event) == []
    assert all(ids(publishing, name) == {first[name]: 1} for name in HEALTHY)
    assert states(publishing, HEALTHY) == {("active", False, 0): len(HEALTHY)}
    assert states(publishing, BROKEN) == {("failing", False, 1): 40}
    assert states(publishing, THROTTLED) == {("active", False, 1): 40}
    assert states(publishing, SLOW) == {("active", True, 1): 40}
    assert states(publishing, [MALFORMED]) == {("active", False, 1): 1}
    assert publishing.counted[UNREADABLE] == 1

    streams.calls.clear()
    second = {name: logs[name].sent({"id": "2"})[0] for name in NAMES}
    assert publishing.publish(publishing.stream(second.values())) == []
    assert {name for name, _ in streams.calls} == {*NAMES} - {*BROKEN, *SLOW}
    assert all(ids(publishing, name) == {first[name]: 1, second[name]: 1} for name in HEALTHY)

    publishing.log.now = NOW + 3 * MINUTE
    publishing.queue.messages.clear()  # all are lost
    publishing.wake()
    assert {name: publishing.gauges[name] for name in (STREAMS_FAILING, STREAMS_SLOW, DRAINS_OVERDUE)} == {
        STREAMS_FAILING: 40,
        STREAMS_SLOW: 40,
        DRAINS_OVERDUE: 121,
    }
    assert len(publishing.queue.messages) == 121
    while publishing.queue.messages:
        publishing.retry()
        if len(publishing.queue.messages) == 40 and not any(_pending(publishing, THROTTLED + SLOW)):
            break  # those that are down ask again and again
    assert states(publishing, BROKEN) == {("failing", False, 2): 40}
    assert states(publishing, THROTTLED) == {("active", False, 0): 40}
    assert states(publishing, SLOW) == {("active", True, 0): 40}

    for name in BROKEN:
        streams.mend(name)
    publishing.log.now += 20 * MINUTE
    for _ in range(2):
        publishing.wake()
        while publishing.queue.messages:
            publishing.retry()
        publishing.log.now += 30 * SECOND
    assert all(ids(publishing, name) == {first[name]: 1, second[name]: 1} for name in NAMES)
    assert not any(_pending(publishing, NAMES))
    assert states(publishing, NAMES) == {("active", False, 0): 460, ("active", True, 0): 40}


def _troubled(publishing: StreamHarness, malformed: str) -> dict[str, Any]:
    """Lets the troubles begin. Returns the batch with the malformed row."""
    for name in BROKEN:
        publishing.streams.break_down(name)
    for name in THROTTLED:
        publishing.streams.faults[name] = [lambda _: "ProvisionedThroughputExceededException"] * 2
    for name in SLOW:
        publishing.streams.faults[name] = [PutFailed("ReadTimeoutError", transient=True, timed_out=True)]
    event = publishing.stream()
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    next(image for image in images if image["sk"]["S"] == malformed)["z"] = {"B": "AQAA"}
    return event


def _pending(publishing: StreamHarness, names: list[str]) -> list[int]:
    return [publishing.pending(name) for name in names]
