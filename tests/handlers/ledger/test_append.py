"""A batch of the events table's stream is appended, and nothing in it holds up the rest."""

import base64
import copy
import random
import time
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY
from daybook.errors import Throttled
from daybook.events.canonical import canonical, leaf
from daybook.events.item import MAX_PACKED_BYTES
from daybook.events.packing import pack, unpack
from daybook.events.reader import content_of
from daybook.ledger.log import Append
from daybook.ledger.logs import Log
from daybook.observability import LEDGER_PARKED, LEDGER_POISON
from tests.support.appending import Appending
from tests.support.tenant_log import TenantLog


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables, "enate")


@pytest.fixture
def appending(log: TenantLog) -> Appending:
    return Appending(log)


def packed_in(record: dict[str, Any]) -> bytes:
    return base64.b64decode(record["dynamodb"]["NewImage"]["z"]["B"])


def key_of(record: dict[str, Any]) -> tuple[str, str]:
    image = record["dynamodb"]["NewImage"]
    return image["pk"]["S"], image["sk"]["S"]


def test_each_event_is_appended_to_the_log_of_its_environment_and_visibility(
    log: TenantLog, appending: Appending
) -> None:
    """What operations alone may read is in a log of its own. The leaf is that of the bytes that are stored."""
    called = {"activity": "api.called", "actor": {"type": "api"}}
    log.sent({}, {}, {"environment": "test"}, called)
    records = appending.records()
    assert appending.append(records) == []
    of_log: dict[tuple[str, str], set[tuple[str, bytes]]] = {}
    for record in records:
        content = content_of(packed_in(record))
        name = content["environment"], content.get("visibility", "all")
        of_log.setdefault(name, set()).add((content["id"], leaf(unpack(packed_in(record)))))
    assert of_log.keys() >= {("prod", "all"), ("test", "all"), ("prod", "operations")}
    for (environment, visibility), events in of_log.items():
        entries = appending.entries(environment, "operations" if visibility == "operations" else "all")
        assert {(entry.id, entry.leaf) for entry in entries} == events
        assert len(entries) == len(events)


def test_a_batch_that_comes_again_appends_nothing(log: TenantLog, appending: Appending) -> None:
    """Whole, in part, in another order, and with new events."""
    log.sent({}, {})
    first = appending.records()
    assert appending.append(first) == []
    log.sent({})
    again = [*reversed(appending.records()), *first]
    assert appending.append(again) == []
    assert sorted(entry.id for entry in appending.entries()) == sorted(key_of(each)[1] for each in again[:-2])


def test_an_event_that_expired_and_is_sent_again_is_another_entry(log: TenantLog, appending: Appending) -> None:
    """It has the same id and another time of receipt."""
    event = {"id": "order-1", "occurred_at": "2026-11-22T10:00:00Z"}
    (identifier,) = log.sent(event)
    (record,) = [each for each in appending.records() if key_of(each)[1] == identifier]
    key = {name: record["dynamodb"]["NewImage"][name] for name in ("pk", "sk")}
    appending.append([record])
    log.dynamodb.delete_item(TableName=log.tables.events, Key=key)
    log.now += DAY
    assert log.sent(event) == [identifier]
    appending.append(appending.records())
    received = [entry.received_ms for entry in appending.entries() if entry.id == identifier]
    assert len(received) == 2
    assert received[1] - received[0] == DAY


BROKEN: dict[str, dict[str, Any] | None] = {
    "no image": None,
    "no content": {"z": None},
    "content of a newer release": {"z": {"B": base64.b64encode(b"\xfe1234").decode()}},
    "cut off": {"z": {"B": base64.b64encode(pack(b'{"v":1,"id":"x"}')[:-3]).decode()}},
    "no JSON": {"z": {"B": base64.b64encode(pack(b"nonsense")).decode()}},
    "another format": {"z": {"B": base64.b64encode(pack(b'{"v":2}')).decode()}},
    "half an event": {"z": {"B": base64.b64encode(pack(b'{"v":1}')).decode()}},
    "no base64": {"z": {"B": "!"}},
    "text": {"z": {"S": "text"}},
    "another event's content": {"sk": {"S": "0" * 36}},
    "a foreign key": {"pk": {"S": "foreign"}},
}


def test_a_record_that_can_not_be_read_is_kept_and_holds_nobody_up(log: TenantLog, appending: Appending) -> None:
    """As it came. Operators are told of each."""
    log.sent({}, {})
    good = appending.records()
    broken = []
    for changes in BROKEN.values():
        record = copy.deepcopy(good[0])
        if changes is None:
            del record["dynamodb"]["NewImage"]
        else:
            image = {**record["dynamodb"]["NewImage"], **changes}
            record["dynamodb"]["NewImage"] = {name: value for name, value in image.items() if value is not None}
        broken.append(record)
    broken.append({"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7"}})
    broken.append({"dynamodb": {"SequenceNumber": "8"}})
    assert appending.append([*broken, *good]) == []
    assert appending.kept == broken
    assert appending.counted == {LEDGER_POISON: len(broken)}
    assert len(appending.entries()) == len(good)
    appending.is_down = "poison"
    assert appending.append([*good, broken[0]]) == [broken[0]["dynamodb"]["SequenceNumber"]]


def test_the_largest_event_is_appended(log: TenantLog, appending: Appending) -> None:
    """Its item has 400 KB, and its entry 75 bytes."""
    log.sent({})
    (record, *_) = appending.records()
    content = content_of(packed_in(record))
    content["details"] = random.Random(1).randbytes(399_000).hex()  # noqa: S311
    packed = pack(canonical(content))
    assert len(packed) > MAX_PACKED_BYTES * 0.99
    record["dynamodb"]["NewImage"]["z"] = {"B": base64.b64encode(packed).decode()}
    assert appending.append([record]) == []
    assert [entry.leaf for entry in appending.entries()] == [leaf(canonical(content))]


class FailingAppends:
    """The appends of which those of one log fail."""

    def __init__(self, appends: Any, environment: str, error: Exception) -> None:
        self._appends = appends
        self._environment = environment
        self._error = error

    def put(self, log: Log, append: Append, delta: bytes) -> bool:
        if log.key.environment == self._environment:
            raise self._error
        done: bool = self._appends.put(log, append, delta)
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._appends, name)


@pytest.mark.parametrize("error", [Throttled(), ValueError("a fault of ours")])
def test_a_log_that_fails_is_parked_by_its_keys_while_others_go_on(
    log: TenantLog, appending: Appending, error: Exception
) -> None:
    """Parked events are appended when the log works again, each once, also where they came meanwhile."""
    log.sent({}, {"environment": "test"}, {"environment": "test"})
    failing = Appending(log, appends=FailingAppends(log.wiring.appends, log.key("test"), error))
    records = appending.records()
    of_test = {key_of(record) for record in records if key_of(record)[0].startswith(f"{log.key('test')}#")}
    failing.is_down = "parked"
    first = next(record for record in records if key_of(record) in of_test)
    assert failing.append(records) == [first["dynamodb"]["SequenceNumber"]]
    failing.is_down = ""
    failing.counted.clear()
    assert failing.append(records) == []
    assert {*failing.waiting} == of_test
    assert failing.counted == {LEDGER_PARKED: len(of_test)}
    assert len(appending.entries()) == len(records) - len(of_test)
    assert not failing.append_parked()
    assert not appending.entries("test")
    appending.waiting = failing.waiting
    for _ in range(2):
        assert appending.append_parked()
        assert sorted(entry.id for entry in appending.entries("test")) == sorted(
            identifier for _, identifier in of_test
        )


def test_what_takes_too_long_is_parked(log: TenantLog, appending: Appending) -> None:
    """It may be appended all the same, and then is not appended again."""
    log.sent({})
    records = appending.records()
    assert appending.appends.append(records, 0.0) is None
    assert len(appending.waiting) == len(records)
    assert appending.append_parked()
    assert len(appending.entries()) == len(records)


def test_a_fold_that_fails_holds_nobody_up(log: TenantLog, appending: Appending) -> None:

    def fails(*_: Any) -> None:
        raise Throttled

    log.sent({})
    failing = Appending(log, fold=SimpleNamespace(run_if_due=fails))
    assert failing.append(appending.records()) == []
    assert len(appending.entries()) == len(appending.records())
    assert not failing.waiting


def test_a_slow_fold_holds_nobody_up(log: TenantLog, appending: Appending, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it follows is appended, so it is not parked. A later batch begins no second fold of that log."""
    monkeypatch.setattr("ledger.append.FOLD_SECONDS", 0.05)
    begun: list[str] = []
    goes_on = Event()

    def fold(of: Log, _: Any) -> None:
        begun.append(of.key.environment)
        if of.key.environment == log.key("test"):
            goes_on.wait(30)

    log.sent({}, {"environment": "test"})
    slow = Appending(log, fold=SimpleNamespace(run_if_due=fold))
    for _ in range(3):
        assert slow.appends.append(appending.records(), 20.0) is None
    assert not slow.waiting
    assert begun.count(log.key("test")) == 1
    assert begun.count(log.key()) == 3
    goes_on.set()
    while slow.appends._folding:  # noqa: SLF001  it ends in a thread of its own
        time.sleep(0.001)
    assert slow.appends.append(appending.records()) is None
    assert begun.count(log.key("test")) == 2


def test_parked_events_that_are_gone_or_unreadable_hold_no_others_up(log: TenantLog, appending: Appending) -> None:
    """TTL may have deleted an event while it waited."""
    sent = log.sent({}, {}, {})
    keys = [key_of(record) for record in appending.records()]
    appending.waiting = [*keys, *keys]
    gone, broken = [key for key in keys if key[1] in sent[:2]]
    stored = {"pk": {"S": gone[0]}, "sk": {"S": gone[1]}}
    log.dynamodb.delete_item(TableName=log.tables.events, Key=stored)
    item = log.dynamodb.get_item(
        TableName=log.tables.events, Key={"pk": {"S": broken[0]}, "sk": {"S": broken[1]}}, ConsistentRead=True
    )["Item"]
    log.dynamodb.put_item(TableName=log.tables.events, Item={**item, "z": {"B": b"\1nonsense"}})
    assert appending.append_parked()
    assert {entry.id for entry in appending.entries()} == {key[1] for key in keys} - {gone[1], broken[1]}
    assert appending.counted == {LEDGER_POISON: 1}


@pytest.mark.long
@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_10_000_tenants_in_one_batch(log: TenantLog, appending: Appending) -> None:
    """What is not appended in time is parked. No event is in neither place, and none fails."""
    log.sent({})
    (record, *_) = appending.records()
    records = []
    for number in range(10_000):
        copied = copy.deepcopy(record)
        copied["dynamodb"]["NewImage"]["pk"]["S"] = f"{number:06}#0#0"
        records.append(copied)
    assert appending.append(records) == []
    while appending.waiting:
        waiting, appending.waiting = appending.waiting, []
        late = {partition for partition, _ in waiting}
        left = [each for each in records if each["dynamodb"]["NewImage"]["pk"]["S"] in late]
        assert appending.append(left) == []
    items = log.dynamodb.scan(TableName=log.tables.ledger)["Items"]
    assert sum(item["sk"]["S"].startswith("append#") for item in items) == 10_000
