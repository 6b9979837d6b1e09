"""What the stream says of stored events that were changed or removed, and who is told."""

import base64
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND, format_time
from daybook.errors import Throttled
from daybook.events.item import partition
from daybook.events.store import Append
from daybook.ids import event_id
from daybook.ledger.alerts import Alert
from daybook.ledger.tampering import What
from daybook.observability import TAMPER_FOUND
from ledger.append_handler import appends_over
from ledger.tampering import Tampering
from tests.support.fed_log import FedLog
from tests.support.wiring import seeded_bytes

SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class House(FedLog):
    """A tenant's log whose stream is judged."""

    def __init__(self, dynamodb: Any, tables: Tables, **changed: Any) -> None:
        super().__init__(dynamodb, tables, **{"retention_days": 30, **changed})

    @property
    def tampering(self) -> Tampering:
        return Tampering(self.wiring)

    def image(self, identifier: str) -> dict[str, Any]:
        """As Lambda passes it."""
        key = {"pk": {"S": partition(self.key(), 0)}, "sk": {"S": identifier}}
        item = self.dynamodb.get_item(TableName=self.tables.events, Key=key)["Item"]
        encoded = {name: {"B": base64.b64encode(value["B"]).decode()} for name, value in item.items() if "B" in value}
        return {**item, **encoded}

    def removal(self) -> dict[str, Any]:
        """Of a new event, by somebody."""
        (sent,) = self.sent({})
        return self.record(sent, None)

    def record(self, identifier: str, new: dict[str, Any] | None, who: dict[str, str] | None = None) -> dict[str, Any]:
        old = self.image(identifier)
        about = {
            "ApproximateCreationDateTime": self.now / SECOND,
            "Keys": {name: old[name] for name in ("pk", "sk")},
            "OldImage": old,
        }
        if new is None:
            return {"eventName": "REMOVE", "userIdentity": who, "dynamodb": about}
        return {"eventName": "MODIFY", "dynamodb": {**about, "NewImage": {**old, **new}}}


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> House:
    return House(dynamodb, tables)


@pytest.mark.every_store
def test_a_changed_event_is_told_once_to_everybody_concerned(house: House) -> None:
    """The tenant's own log says what, which event and when; the alert has the same id. The stream may repeat itself."""
    (sent,) = house.sent({})
    house.now += DAY
    record = house.record(sent, {"z": {"B": "AQ=="}})
    finding = house.tampering.judge(record)
    assert finding is not None
    house.now += 5_000
    assert house.tampering.judge(record) == finding
    (event,) = house.recorded("tamper-found")
    assert event["actor"]["type"] == "system"
    assert event["details"] == f"The audit log was found altered: Event {sent} was changed after it was stored"
    assert event["params"]["what"] == "changed"
    assert event["params"]["event"] == sent
    assert event["params"]["at"] == format_time(finding.at_ms)
    assert house.wiring.alerts.newest(house.settings.code, None, 10) == [Alert(event["id"], finding)]
    assert house.counted == [TAMPER_FOUND] * 2


def test_a_restamp_and_an_expiry_are_nobodys_alarm(house: House) -> None:
    (sent,) = house.sent({})
    stamp = int(house.image(sent)["expires_at"]["N"])
    assert house.tampering.judge(house.record(sent, {"expires_at": {"N": str(stamp + 1)}})) is None
    house.now = stamp * SECOND
    assert house.tampering.judge(house.record(sent, None, SERVICE)) is None
    assert (house.counted, house.wiring.alerts.newest(house.settings.code, None, 1)) == ([], [])


@pytest.mark.parametrize(("who", "passed_ms"), [(None, 90 * DAY), (SERVICE, DAY)])
def test_a_removal_by_others_or_too_early_is_told(house: House, who: Any, passed_ms: int) -> None:
    (sent,) = house.sent({})
    house.now += passed_ms
    finding = house.tampering.judge(house.record(sent, None, who))
    assert finding is not None
    assert finding.what is What.REMOVED
    assert house.wiring.alerts.newest(house.settings.code, None, 1)[0].finding == finding


def test_a_stamp_that_comes_too_early_is_told(house: House) -> None:
    (sent,) = house.sent({})
    finding = house.tampering.judge(house.record(sent, {"expires_at": {"N": str(house.now // SECOND)}}))
    assert finding is not None
    assert finding.what is What.EXPIRES_EARLY


def test_who_may_not_know_of_the_event_learns_nothing_of_the_finding(dynamodb: Any, tables: Tables) -> None:
    """An operations-only event's finding is an operations-only event."""
    house = House(dynamodb, tables, profile="enate", retention_days=None)
    (sent,) = house.sent({"activity": "api.called", "actor": {"type": "api"}, "params": {"request": "x"}})
    finding = house.tampering.judge(house.record(sent, None))
    assert finding is not None
    assert finding.visibility == "operations"
    assert not house.recorded("tamper-found")
    shown = house.reader("operations")(query={"activity": "audit-log.tamper-found"})
    assert sent in shown["body"]


def test_what_can_no_longer_be_read_is_told_to_operations_alone(house: House) -> None:
    """Nobody can say whose event it was."""
    record = house.removal()
    record["dynamodb"]["OldImage"]["z"] = {"B": "!!"}
    finding = house.tampering.judge(record)
    assert finding is not None
    assert finding.visibility == "operations"


def test_an_unknown_tenants_event_alarms_operators(house: House) -> None:
    record = house.removal()
    record["dynamodb"]["Keys"]["pk"]["S"] = "ZZZZZZ#0#0"
    assert house.tampering.judge(record) is not None
    assert house.counted == [TAMPER_FOUND]


def test_what_could_not_be_told_is_told_by_the_next_try(house: House) -> None:
    """The alert keeps its id, so that alert and event belong together after any number of tries."""
    record = house.removal()

    class Busy:
        def append(self, events: Any, _: Any) -> dict[Any, Append]:
            return {(event.partition, event.id): Append.THROTTLED for event in events}

    with pytest.raises(Throttled):
        Tampering(house.wiring.replacing(events=Busy())).judge(record)
    assert house.tampering.judge(record) is not None
    (event,), (alert,) = house.recorded("tamper-found"), house.wiring.alerts.newest(house.settings.code, None, 2)
    assert event["id"] == alert.id


@pytest.mark.every_store
def test_alerts_come_newest_first_and_go_oldest_first(house: House) -> None:
    finding = house.tampering.judge(house.removal())
    assert finding is not None
    alerts, code, identity = house.wiring.alerts, house.settings.code, seeded_bytes(3)
    first = alerts.newest(code, None, 1)[0]
    others = [
        alerts.put(Alert(event_id(house.now + 1 + number, identity(16)), replace(finding, at_ms=number)))
        for number in range(3)
    ]
    assert alerts.newest(code, None, 3) == others[::-1]
    assert alerts.newest(code, others[1].id, 3) == [others[0], first]
    assert alerts.oldest(code, others[1].id, 9) == [first, others[0]]
    alerts.delete(first)
    assert alerts.oldest(code, others[2].id, 9) == others[:2]
    again = Alert(event_id(house.now + 9, identity(16)), finding)
    assert alerts.put(again) == again


def test_a_batch_appends_first_and_then_judges(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes and removals come with inserts. A change that can't be read, or not be judged in time, is kept for
    operators. It holds up nobody.
    """
    monkeypatch.setattr("ledger.append._PAUSES", (0.0, 0.0))
    first, second = house.sent({}, {})
    good = house.record(first, {"z": {"B": "AQ=="}})
    broken = house.record(second, None)
    del broken["dynamodb"]["OldImage"]
    insert = {"eventName": "INSERT", "dynamodb": {"NewImage": house.image(second)}}
    kept: list[Any] = []
    appends = appends_over(house.wiring, "daybook", Mock(), SimpleNamespace(keep=kept.append))
    assert appends.append([good, broken, insert]) is None
    assert kept == [broken]
    assert len(house.recorded("tamper-found")) == 1
    assert house.wiring.appends.head(house.log()).size == 1
    kept.clear()
    throttled = house.wiring.replacing(alerts=Mock(put=Mock(side_effect=Throttled)))
    assert appends_over(throttled, "daybook", Mock(), SimpleNamespace(keep=kept.append)).append([insert, good]) is None
    assert kept == [good]
    once = Mock(side_effect=[Throttled, *house.wiring.alerts.newest(house.settings.code, None, 1)])
    again = house.wiring.replacing(alerts=Mock(put=once))
    assert appends_over(again, "daybook", Mock(), Mock(keep=Mock(side_effect=OSError))).append([insert, good]) is None
    nowhere = Mock(keep=Mock(side_effect=OSError))
    assert appends_over(throttled, "daybook", Mock(), nowhere).append([insert, good]) == 1


def test_a_change_that_is_judged_too_late_is_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = house.sent({})
    goes_on = Event()
    monkeypatch.setattr("ledger.append.JUDGING_SECONDS", 0.05)
    monkeypatch.setattr(Tampering, "judge", lambda *_: goes_on.wait(30))
    record, kept = house.record(first, None), list[Any]()
    assert (
        appends_over(house.wiring, "daybook", Mock(), SimpleNamespace(keep=kept.append)).append([record] * 40) is None
    )
    goes_on.set()
    assert kept == [record] * 40
