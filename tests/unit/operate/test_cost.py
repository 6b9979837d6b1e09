"""What a month costs: the arithmetic, and the page that shows it."""

import math
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.typical import NOW, stored_forms
from benchmarks.write_units import bytes_of
from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.wiring import Tables
from daybook.events.reader import content_of
from daybook.ledger import delta
from daybook.ledger.entries import Entry, encode
from daybook.ledger.log import Append
from daybook.ledger.logs import Log, LogKey
from daybook.ledger.merkle import Edge, leaf_hash
from daybook.tenant import EnvironmentKey
from infra.cost import units
from infra.cost.__main__ import main, table
from infra.cost.bill import SIZES, Load, dollars, fan_out_a_second, lines, prices, total
from tests.support.documents import text_of
from tests.support.places import ROOT

TEN = Load(events_a_second=10, events_a_call=1)
OF = prices().of


def costs(load: Load) -> dict[str, float]:
    return {line.item: dollars(line, OF) for line in lines(load)}


def test_the_bill_of_ten_events_a_second_by_hand() -> None:
    """2,592,000 seconds a month."""
    found = costs(TEN)
    assert found["events written"] == pytest.approx(25.92 * 4 * 0.625)
    assert found["gateway"] == pytest.approx((25_920_000 + 30_000 + 17_280) / 1e6 * 3.5)
    assert found["events and indexes kept"] == pytest.approx(10 * 86_400 * 365 * 860 * 4 / 1024**3 * 0.25)
    assert found["point-in-time recovery"] == pytest.approx(10 * 86_400 * 365 * 860 / 1024**3 * 0.20)
    waited = 25_920_000 * 0.040 + 25_920_000 * 0.000_181
    assert found["ingest: Lambda's time"] == pytest.approx(waited * 1_769 / 1_024 * 0.0000133334)


def test_tracing_costs_what_the_default_sampling_records() -> None:
    """Of two functions, each 1.45 traces a second."""
    assert costs(replace(TEN, xray=True))["traces"] == pytest.approx(2 * 1.45 * 2.592 * 5)
    assert "traces" not in costs(TEN)


def test_a_firewall_costs_its_rules_and_each_call() -> None:
    """Nothing where it is off."""
    extra = total(replace(TEN, waf=True), OF) - total(TEN, OF)
    assert extra == pytest.approx(5 + 6 + (25_920_000 + 30_000 + 17_280) / 1e6 * 0.6)


@pytest.mark.parametrize(("events", "window", "invocations"), [(10, 1, 10), (10, 20, 0.5), (200, 1, 10), (200, 0, 200)])
def test_a_window_saves_invocations_of_the_fan_out(events: float, window: float, invocations: float) -> None:
    """Ten lanes, each once a window, and no invocation without an event."""
    assert fan_out_a_second(Load(events_a_second=events, fan_out_window_seconds=window)) == invocations


@pytest.mark.parametrize("store", ["memory"], indirect=True)
@pytest.mark.parametrize("events", [1, 10, 100, 1_000])
def test_an_append_is_charged_by_the_size_of_its_items(dynamodb: Any, tables: Tables, events: int) -> None:
    """In a log of three million entries, of typical events. The estimate is at most a unit and a tenth off."""
    log = Log(LogKey(EnvironmentKey("YHE9W2#0"), "all"), "a" * 26, f"daybook/{'a' * 26}", 0, 0)
    sent = [{"activity": "app.updated", "actor": {"type": "user", "id": f"u-{at % 90}"}} for at in range(events)]
    forms = [form for at in range(0, events, 500) for form in stored_forms("jiffy", sent[at : at + 500])]
    size = 3_000_000
    entries = [encode(Entry(form.id, NOW, form.leaf)) for form in forms]
    edge = Edge(size, (bytes(32),) * size.bit_count()).extended(map(leaf_hash, entries))
    append = Append(size, b"".join(entries), edge, edge.root, NOW, "00" * 8)
    AppendTable(dynamodb, tables.ledger).put(log, append, delta.write([delta.of(content_of(x.packed)) for x in forms]))
    found = dynamodb.query(
        TableName=tables.ledger,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": log.partition}},
    )["Items"]
    assert len(found) == 3
    billed = sum(math.ceil(bytes_of(item) / 1_024) for item in found)
    assert units.append_write_units(events) == pytest.approx(billed, abs=1, rel=0.1)


def test_the_ledger_of_ten_events_a_second_by_hand() -> None:
    """A hundred tenants, each with an event each ten seconds: appended singly, counted and signed each hour."""
    found = costs(TEN)
    recorded = 30_000 + 8_640
    assert found["ledger: appended"] == pytest.approx((25_920_000 + recorded) * 3 / 1e6 * 0.625)
    assert found["ledger: signatures"] == pytest.approx(100 * 720 * 2 / 1e4 * 0.15)
    assert found["ledger: swept"] == pytest.approx(864_000 * (60 + 365) * 860 / 4_096 / 1e6 * 0.125)
    together = costs(replace(TEN, tenants=1))
    assert together["ledger: appended"] < found["ledger: appended"] / 20
    assert together["ledger: signatures"] == pytest.approx(found["ledger: signatures"] / 100)


def test_the_page_shows_what_the_command_prints() -> None:
    """For the three sizes."""
    assert table(SIZES) in text_of(ROOT / "docs" / "operations" / "cost.md")


def test_every_price_is_used_and_says_where_it_is_from() -> None:
    """A price without a source says so, and is marked in the table."""
    used = {line.price for line in lines(replace(TEN, waf=True, xray=True))}
    assert OF.keys() == used
    assert all(price.source for price in OF.values())
    for line in lines(TEN):
        assert (f"| {line.item} \\* |" in table(SIZES)) is not OF[line.price].is_sourced


def test_no_quantity_of_a_month_without_load_is_negative() -> None:
    """What is left is fixed: alarms, dashboard, metrics, keys, secrets, queues, the canary."""
    nothing = Load(events_a_second=0, searches_a_day=0)
    assert all(line.quantity >= 0 for line in lines(nothing))
    assert total(nothing, OF) < 36
    assert units.MINUTES == 43_200


@pytest.mark.parametrize("events", ["-5", "many", "inf"])
def test_a_load_that_can_not_be_is_refused(events: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--events={events}"])
    assert "must be a number of at least 0" in capsys.readouterr().err
