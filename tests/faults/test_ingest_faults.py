"""Ingest while the store throttles, fails or does not answer."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.typical import stored_forms
from daybook.aws.batches import Patience
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.errors import Throttled
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.events.store import Append
from tests.support import faulty_clients as faults
from tests.support.calls import Context, answered
from tests.support.faulty_clients import Answer, FaultyClient
from tests.support.ingest import CONTRACT_EXAMPLE, Sender, settings
from tests.support.memory_stores import SettingsOf
from tests.support.wiring import wiring_over

EVENTS: list[dict[str, Any]] = [
    {
        "id": str(number),
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "a.b",
        "actor": {"type": "user", "username": "mike.mars"},
    }
    for number in range(30)
]


class TenantLog:
    """A log with faults in the writes of events and of people. Time passes while ingest waits."""

    def __init__(
        self, dynamodb: Any, tables: Tables, events: Iterable[Answer] = (), people: Iterable[Answer] = ()
    ) -> None:
        self.context = Context()
        patience = Patience(self.context.sleep, lambda: 1.0)
        self.events = FaultyClient(dynamodb, iter(events))
        self.people = FaultyClient(dynamodb, iter(people))
        self._dynamodb = dynamodb
        self._table = tables.events
        wiring = wiring_over(
            dynamodb,
            tables,
            control=SettingsOf(lambda _tenant: settings("generic")),
            events=EventTable(self.events, tables.events, patience),
            identities=IdentityTable(self.people, tables.identities, patience),
        )
        self._send = Sender(wiring, context=self.context)

    def send(self, events: list[dict[str, Any]] = EVENTS) -> tuple[int, dict[str, Any], dict[str, Any]]:
        answer = self._send({"events": events})
        return answer["statusCode"], answered(answer), answer["headers"]

    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._dynamodb.scan(TableName=self._table, ConsistentRead=True)["Items"]
        return items

    def stored(self) -> set[str]:
        return {item["sk"]["S"] for item in self.items()}


@pytest.mark.parametrize(
    "fault",
    [
        faults.every_statement_throttled,
        faults.every_other_statement_throttled,
        faults.whole_call_throttled,
        faults.answer_lost,
        faults.never_arrived,
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_fault_that_passes(dynamodb: Any, tables: Tables, fault: Answer, times: int) -> None:
    """Retried until every event is stored once. A write whose answer was lost is recognised as our own."""
    log = TenantLog(dynamodb, tables, [fault] * times)
    status, answer, _ = log.send()
    assert status == 201
    assert {result["status"] for result in answer["results"]} == {"stored"}
    assert log.stored() == {result["id"] for result in answer["results"]}
    assert len(log.stored()) == 30
    assert log.context.seconds < 28, "it waited between its tries"
    assert log.send()[1] == answer


@pytest.mark.parametrize("fault", [faults.every_statement_throttled, faults.whole_call_throttled, faults.never_arrived])
def test_a_fault_that_lasts(dynamodb: Any, tables: Tables, fault: Answer) -> None:
    """503 before Lambda's time is up, with each event marked as retryable. A later call stores them."""
    log = TenantLog(dynamodb, tables, itertools.repeat(fault, 200))
    status, answer, headers = log.send()
    assert (status, answer["stored"], answer["rejected"]) == (503, 0, 0)
    assert {result["status"] for result in answer["results"]} == {"retry"}
    assert headers["Retry-After"]
    assert log.context.seconds >= 12, "there was room for one more call, and for the answer"
    assert not log.stored()
    again = TenantLog(dynamodb, tables).send()
    assert (again[0], again[1]["stored"]) == (201, 30)


NAMELESS = [{name: value for name, value in event.items() if name != "id"} for event in EVENTS[:3]]
"""Events without an id of the sender: Daybook gives each a random one."""


@pytest.mark.every_store
def test_an_answer_that_was_lost_makes_no_conflict(dynamodb: Any, tables: Tables) -> None:
    """Without a sender's id a duplicate can only be our own earlier try, so it is answered as stored, with its leaf."""
    log = TenantLog(dynamodb, tables, [faults.answer_lost])
    status, answer, _ = log.send(NAMELESS)
    assert (status, answer["stored"], answer["rejected"]) == (201, 3, 0)
    assert log.stored() == {result["id"] for result in answer["results"]}
    leaves = [leaf(unpack(item["z"]["B"])).hex() for item in log.items()]
    assert sorted(leaves) == sorted(result["leaf"] for result in answer["results"])


@pytest.mark.parametrize("events", [EVENTS[:20], NAMELESS])
def test_what_was_stored_without_an_answer_is_not_to_be_sent_again(
    dynamodb: Any, tables: Tables, events: list[dict[str, Any]]
) -> None:
    """All tries but the first are throttled, and the first one's answer was lost. One more look finds the events."""
    log = TenantLog(dynamodb, tables, [faults.answer_lost, *[faults.whole_call_throttled] * 200])
    status, answer, _ = log.send(events)
    assert (status, answer["stored"]) == (201, len(events))
    assert log.stored() == {result["id"] for result in answer["results"] if result["status"] == "stored"}


@pytest.mark.every_store
def test_part_of_it_lasts(dynamodb: Any, tables: Tables) -> None:
    """503, where each event is shown as stored, refused or retryable."""
    log = TenantLog(dynamodb, tables, [_only_the_first, *[faults.every_statement_throttled] * 200])
    conflicting = [*EVENTS[:5], {"activity": "audit-log.x", "actor": {"type": "system"}}]
    status, answer, _ = log.send(conflicting)
    assert status == 503
    assert [result["status"] for result in answer["results"]] == ["stored", *["retry"] * 4, "rejected"]
    assert (answer["stored"], answer["rejected"]) == (1, 1)
    assert log.stored() == {answer["results"][0]["id"]}
    assert TenantLog(dynamodb, tables).send(conflicting)[0] == 207


def _only_the_first(client: Any, statements: list[dict[str, Any]]) -> dict[str, Any]:
    stored = faults.works(client, statements[:1])["Responses"]
    return {"Responses": stored + [faults.THROTTLED] * (len(statements) - 1)}


@pytest.mark.parametrize(
    "fault",
    [
        faults.every_statement_throttled,
        faults.every_other_statement_throttled,
        faults.whole_call_throttled,
        faults.answer_lost,
        faults.never_arrived,
    ],
)
def test_people_that_could_not_be_written_at_once(dynamodb: Any, tables: Tables, fault: Answer) -> None:
    """They are written on a later try, each once, whichever answer was lost."""
    log = TenantLog(dynamodb, tables, people=[fault] * 2)
    status, answer, _ = log.send()
    assert (status, answer["stored"]) == (201, 30)
    people = dynamodb.scan(TableName=tables.identities, ConsistentRead=True)["Items"]
    names = [row["sk"]["S"] for row in people if row["sk"]["S"].startswith("name#")]
    assert names == ["name#mike.mars"]


def test_without_people_no_event_is_written(dynamodb: Any, tables: Tables) -> None:
    """503: an event is stored only when its people are durable. Events stored before are still answered as stored."""
    assert TenantLog(dynamodb, tables).send(EVENTS[:1])[0] == 201
    log = TenantLog(dynamodb, tables, people=itertools.repeat(faults.whole_call_throttled, 200))
    newcomer = EVENTS[1] | {"actor": {"type": "user", "username": "new.comer"}}
    status, answer, _ = log.send([EVENTS[0], newcomer])
    assert status == 503
    assert [result["status"] for result in answer["results"]] == ["stored", "retry"]
    assert log.events.calls == 0


def test_what_is_no_matter_of_time_is_a_fault_of_ours(dynamodb: Any, tables: Tables) -> None:
    """500 at once, without internal details."""
    log = TenantLog(dynamodb, tables, [faults.forbidden])
    status, answer, _ = log.send(EVENTS[:1])
    assert (status, answer["code"]) == (500, "internal_error")
    assert "PartiQL" not in str(answer)


def test_waits_double_up_to_two_seconds(dynamodb: Any, tables: Tables) -> None:
    """With full jitter, so that callers that were throttled together do not come back together."""
    waits: list[float] = []
    client = FaultyClient(dynamodb, itertools.repeat(faults.every_statement_throttled, 9))
    table = EventTable(client, tables.events, Patience(waits.append, iter([1.0, 0.5] * 9).__next__))

    forms = stored_forms("jiffy", [CONTRACT_EXAMPLE])
    assert set(table.append(forms, lambda: 28.0).values()) == {Append.STORED}
    assert waits == [0.05, 0.05, 0.2, 0.2, 0.8, 0.8, 2.0, 1.0, 2.0]


def test_reads_that_stay_unprocessed(dynamodb: Any, tables: Tables) -> None:
    """Keys that BatchGetItem leaves out are requested again. If that never ends: `Throttled`."""

    class Unprocessing:
        def __init__(self, times: int) -> None:
            self.times = times

        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  botocore's
            self.times -= 1
            if self.times >= 0:
                return {"Responses": {}, "UnprocessedKeys": RequestItems}
            answer: dict[str, Any] = dynamodb.batch_get_item(RequestItems=RequestItems)
            return answer

    patience = Patience(lambda _seconds: None)
    assert EventTable(Unprocessing(2), tables.events, patience).find([("a", "b")]) == {}
    with pytest.raises(Throttled):
        IdentityTable(Unprocessing(100), tables.identities, patience).read(settings().environment_key("prod"), ["id#x"])


def test_a_refused_statement_is_not_hidden(dynamodb: Any) -> None:
    """An error inside HTTP 200 that no retry can fix is raised."""
    with pytest.raises(ClientError):
        IdentityTable(dynamodb, "nowhere").insert(settings().environment_key("prod"), {"id#x": {"key": b"k"}})
