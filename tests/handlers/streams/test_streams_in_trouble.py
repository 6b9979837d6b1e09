"""Streams that are slow, throttled or broken, and events of which no record can be made: neighbours notice nothing."""

import base64
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import SECOND
from daybook.delivery.sender import PutFailed
from daybook.events.canonical import canonical, decode
from daybook.events.packing import pack, unpack
from streams.fan_out import healthy_first
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness, destination, ids
from tests.support.tenant_log import TenantLog

THROTTLED = "ProvisionedThroughputExceededException"
NOT_ANSWERED = PutFailed("ReadTimeoutError", transient=True, timed_out=True)


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


def test_a_stream_that_does_not_answer_is_cut_off_at_once(log: TenantLog, publishing: StreamHarness) -> None:
    """Nothing more is sent to it, in this batch or the next, and it stays active."""
    publishing.set_up()
    sent = log.sent(*({"id": str(number)} for number in range(400)))
    sent += log.sent(*({"id": str(number)} for number in range(400, 700)))
    publishing.streams.faults["acme"] = [NOT_ANSWERED]
    assert publishing.publish(publishing.stream(sent)) == []
    assert publishing.streams.calls == [("acme", 500)]
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.slow_since_ms) == ("active", "SlowStream", log.now)
    assert publishing.pending() == 700
    later = log.sent({"id": "later"})
    assert publishing.publish(publishing.stream(later)) == []
    assert publishing.streams.calls == [("acme", 500)]
    assert publishing.pending() == 701


@pytest.mark.every_store
def test_three_slow_answers_within_a_minute_make_a_stream_slow(log: TenantLog, publishing: StreamHarness) -> None:
    """Whichever instances of the function noticed them. What was answered is delivered and not parked."""
    before = publishing.set_up()
    publishing.streams.milliseconds["acme"] = 600
    sent = log.sent(*({"id": str(number)} for number in range(4)))
    publishing.publish(publishing.stream(sent[:1]))
    log.now += 30 * SECOND
    stale = publishing.destinations.answered(before, [600], log.now, timed_out=False)  # it read the row long ago
    assert stale.slow_calls == (log.now - 30 * SECOND, log.now)
    publishing.publish(publishing.stream(sent[1:2]))
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.slow_calls) == ("active", "SlowStream", ())
    publishing.destinations.delivered(before, log.now)
    publishing.destinations.hindered(before, THROTTLED)
    assert publishing.destinations.answered(before, [600], log.now, timed_out=False) == stored == publishing.stored()
    publishing.publish(publishing.stream(sent[2:]))
    assert (publishing.pending(), len(publishing.streams.taken["acme"])) == (2, 2)


def test_slow_answers_that_are_rare_cut_off_nothing(log: TenantLog, publishing: StreamHarness) -> None:
    publishing.set_up()
    publishing.streams.milliseconds["acme"] = 600
    for one in log.sent(*({"id": str(number)} for number in range(6))):
        publishing.publish(publishing.stream([one]))
        log.now += 31 * SECOND
    assert (publishing.pending(), len(publishing.streams.taken["acme"])) == (0, 6)
    assert publishing.stored().last_error is None


@pytest.mark.every_store
def test_a_new_stream_is_not_slow(log: TenantLog, publishing: StreamHarness) -> None:
    """The slowness was the former stream's. A repeated setup of the same stream proves nothing."""
    slow = publishing.destinations.answered(publishing.set_up(), [], log.now, timed_out=True)
    same = publishing.destinations.choose(slow, slow.chosen, slow.generation)
    assert same is not None
    assert same.is_slow
    other = publishing.destinations.choose(slow, slow.chosen, "g-2")
    assert other is not None
    assert (other.is_slow, other.last_error) == (False, None)


@pytest.mark.parametrize("taken", [0, 1])
def test_a_throttled_record_makes_no_stream_failing(log: TenantLog, publishing: StreamHarness, taken: int) -> None:
    """What the stream does not take after one more try is parked, and the next batch is sent."""
    publishing.set_up()
    sent = log.sent(*({"id": str(number)} for number in range(4)))
    throttled = lambda place: THROTTLED if place >= taken else None  # noqa: E731  as a fault it reads best so
    publishing.streams.faults["acme"] = [throttled, lambda _: THROTTLED]
    assert publishing.publish(publishing.stream(sent[:3])) == []
    assert (publishing.stored().status, publishing.stored().last_error) == ("active", THROTTLED)
    assert publishing.pending() == 3 - taken
    log.now += 3 * SECOND
    assert publishing.publish(publishing.stream(sent[3:])) == []
    assert ids(publishing)[sent[3]] == 1
    assert publishing.stored().last_error is None


@pytest.mark.parametrize(
    "rest",
    [
        lambda _: "InternalFailure",
        PutFailed("InternalFailure", transient=True),
        PutFailed("AccessDeniedException", transient=False),
    ],
)
def test_a_stream_that_takes_something_stays_active(log: TenantLog, publishing: StreamHarness, rest: Any) -> None:
    """Whatever the error of the rest, which is parked. If the stream is broken, the next batch finds out."""
    publishing.set_up()
    sent = log.sent(*({"id": str(number)} for number in range(50)))
    publishing.streams.faults["acme"] = [lambda place: "InternalFailure" if place == 0 else None, rest]
    assert publishing.publish(publishing.stream(sent)) == []
    error = rest.error if isinstance(rest, PutFailed) else "InternalFailure"
    assert (publishing.stored().status, publishing.stored().last_error) == ("active", error)
    assert (publishing.pending(), len(publishing.streams.taken["acme"])) == (1, 49)


def test_throttling_by_sts_is_no_fault_of_the_stream(log: TenantLog, publishing: StreamHarness) -> None:
    """The events are parked, and its state does not change."""
    before = publishing.set_up()
    sent = log.sent({}, {})
    publishing.streams.faults["acme"] = [PutFailed("Throttling", transient=True, own=True)] * 2
    assert publishing.publish(publishing.stream(sent)) == []
    assert publishing.pending() == 2
    assert (publishing.stored().status, publishing.stored().last_error) == (before.status, None)


@pytest.mark.parametrize(
    "broken",
    [
        {"people": 5},
        {"people": [{"sealed": "no id"}]},
        {"people": [{"id": ["no text"], "sealed": ""}]},
        {"activity": None},
        {"target": {"type": "document", "name": 7}},
        {"actor": None},
    ],
)
def test_an_event_of_which_no_record_can_be_made_costs_the_others_nothing(
    log: TenantLog, publishing: StreamHarness, broken: dict[str, Any]
) -> None:
    """Whichever part of it is malformed."""
    publishing.set_up()
    sent = sorted(log.sent(*({"id": str(number)} for number in range(10))))
    event = publishing.stream(sent)
    image = event["Records"][4]["dynamodb"]["NewImage"]
    content = decode(unpack(base64.b64decode(image["z"]["B"])))
    image["z"] = {"B": base64.b64encode(pack(canonical(content | broken))).decode()}
    image.pop("by_target", None)
    assert publishing.publish(event) == []
    assert set(ids(publishing)) == set(sent) - {sent[4]}
    assert publishing.stored().status == "active"
    assert publishing.parked() == 1


def test_streams_in_trouble_come_last() -> None:
    """They wait for a thread behind the healthy ones, even if their events came first."""
    failed, slow = destination(last_error=THROTTLED), destination(slow_calls=(1,))
    fine, fine_too = destination(), destination("other")
    assert healthy_first([(failed, []), (fine, []), (slow, []), (fine_too, [])]) == [
        (fine, []),
        (fine_too, []),
        (failed, []),
        (slow, []),
    ]
