"""The numbers behind the console's pictures, run by Node: bars, colours, hours of the week, CSV, what is around."""

import csv
import io
import json
import random
import subprocess
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daybook.clock import DAY, HOUR, MINUTE
from infra.page.build import PACKAGES, PAGE

pytestmark = pytest.mark.usefixtures("console_page")

_RUN = """
import * as bars from "./overview/bars.ts";
import { coloured } from "./overview/colours.ts";
import { ofRows, ofStats } from "./overview/counted_bars.ts";
import { week } from "./overview/hours.ts";
import { stackedBy } from "./overview/questions.ts";
import { csv } from "./overview/sheet.ts";
import { moments } from "./overview/spans.ts";
import { neighbourhoods } from "./log/around/neighbourhoods.ts";

const functions = {
  ...bars, ofRows, ofStats, week, stackedBy, csv, moments,
  coloured: (sizes, order) => coloured(new Map(sizes), order),
  neighbourhoods: (event) => neighbourhoods(event).map((one) => [one.name, String(one.query)]),
};
const text = [];
for await (const part of process.stdin) text.push(part);
const answers = JSON.parse(text.join("")).map(([name, ...given]) => functions[name](...given));
console.log(JSON.stringify(answers));
"""
NOW = 1_795_651_200_000 + 13 * HOUR + 20 * MINUTE  # Thursday 26 November 2026, 13:20 UTC


@pytest.fixture(scope="module")
def program(console_page: None) -> str:  # noqa: ARG001  installs the packages
    esbuild = [str(PACKAGES / ".bin" / "esbuild"), "--bundle", "--platform=node", "--format=esm", "--log-level=warning"]
    made = subprocess.run(esbuild, input=_RUN, cwd=PAGE, check=True, capture_output=True, text=True)  # noqa: S603  our own
    return made.stdout


def asked(program: str, *calls: tuple[Any, ...]) -> list[Any]:
    node = ["node", "--input-type=module", "--eval", program]
    ran = subprocess.run(node, input=json.dumps(calls), check=True, capture_output=True, text=True)  # noqa: S603  our own
    answers: list[Any] = json.loads(ran.stdout)
    return answers


def test_a_span_has_sixty_to_a_hundred_and_twenty_bars(program: str) -> None:
    """Hours up to 5 days, days up to 4 months, weeks from Monday on above. None is left out or counted twice."""
    steps = asked(program, *(("stepOf", NOW - days * DAY, NOW) for days in (1, 5, 6, 30, 123, 124, 365)))
    assert steps == ["hour", "hour", "day", "day", "day", "week", "week"]
    chance = random.Random(1)  # noqa: S311  the same each time
    counts: list[dict[str, Any]] = [
        {"at": NOW - chance.randrange(365) * DAY, "key": chance.choice("abx"), "count": chance.randrange(1, 9)}
        for _ in range(200)
    ]
    spans = {"hour": 5, "day": 123, "week": 365}
    made = asked(program, *(("barsOf", NOW - spans[s] * DAY, NOW, s, ["a", "b", "other"], counts) for s in spans))
    for step, bars in zip(spans, made, strict=True):
        assert 53 <= len(bars["starts"]) <= 124
        assert bars["starts"][0] <= NOW - spans[step] * DAY
        assert bars["end"] >= NOW
        inside = [each for each in counts if bars["starts"][0] <= each["at"] < bars["end"]]
        assert sum(bars["totals"]) == sum(each["count"] for each in inside)
        of = Counter[str]()
        for each in inside:
            of["other" if each["key"] == "x" else each["key"]] += each["count"]
        assert [sum(numbers) for numbers in bars["counts"]] == [of["a"], of["b"], of["other"]]
    assert {datetime.fromtimestamp(start / 1000, UTC).strftime("%a %H:%M") for start in made[2]["starts"]} == {
        "Mon 00:00"
    }


def test_a_chosen_part_is_whole_bars(program: str) -> None:
    """What a span touches, and where those bars begin and end. A span beside them touches none."""
    (bars,) = asked(program, ("barsOf", NOW - 3 * DAY, NOW, "day", ["a"], []))
    first = bars["starts"][0]
    chosen, beside = asked(
        program, ("touched", bars, first + DAY + 1, first + 2 * DAY), ("touched", bars, first - 9 * DAY, first)
    )
    assert (chosen, beside) == ({"first": 1, "last": 1}, None)
    (reach,) = asked(program, ("reach", bars, chosen))
    assert reach == {"from": first + DAY, "to": first + 2 * DAY}


def test_categories_keep_their_colours(program: str) -> None:
    """By the catalogue's order, whatever there is of each; eight have one, and the rest is summed up last."""
    order = [f"k{number}" for number in range(12)]
    few, many, strange = asked(
        program,
        ("coloured", [["k3", 9], ["k0", 1]], order),
        ("coloured", [[key, 100 - at] for at, key in enumerate(reversed(order))], order),
        ("coloured", [["new", 5]], []),
    )
    assert few == [{"key": "k0", "colour": "--c1"}, {"key": "k3", "colour": "--c4"}]
    assert [each["key"] for each in many] == [*order[4:], "other"]
    assert [each["colour"] for each in many[:4]] == ["--c5", "--c6", "--c7", "--c8"]
    assert len({each["colour"] for each in many}) == 9
    assert strange == [{"key": "new", "colour": "--c1"}]


def test_bars_of_rows_and_of_counts(program: str) -> None:
    """The service's rest is no category; counts begin where the service began to count."""
    start = NOW - NOW % DAY
    stats = {
        "from": datetime.fromtimestamp(start / 1000, UTC).isoformat(),
        "buckets": [
            {"start": datetime.fromtimestamp(start / 1000, UTC).isoformat(), "key": "a", "count": 2},
            {"start": datetime.fromtimestamp(start / 1000, UTC).isoformat(), "key": "other", "count": 3, "rest": True},
        ],
    }
    rows = [{"occurred_at": datetime.fromtimestamp(NOW / 1000, UTC).isoformat(), "category": "b"}]
    span = {"from": start - 9 * DAY, "to": NOW}
    of_stats, of_rows = asked(
        program, ("ofStats", stats, span, "day", "category", ["a"]), ("ofRows", rows, span, "day", ["a"])
    )
    (of_all,) = asked(program, ("ofStats", stats, {"from": 0, "to": NOW, "open": True}, "week", "category", ["a"]))
    assert (of_all["bars"]["step"], of_all["bars"]["counts"]) == ("day", [[2], [3]])
    assert (of_stats["bars"]["keys"], of_stats["bars"]["counts"]) == (["a", "other"], [[2], [3]])
    assert (of_rows["bars"]["keys"], of_rows["bars"]["totals"]) == (["b"], [*[0] * 9, 1])


def test_which_questions_counts_answer(program: str) -> None:
    """As `GET /v1/stats` says: what concerns kinds, or the actor and the status."""
    questions = [
        ([], "category"),
        (["component", "status", "activity"], "category"),
        (["actor", "status"], "status"),
        (["actor", "component"], None),
        (["q"], None),
        (["target", "category"], None),
    ]
    calls = [("stackedBy", [{"key": key, "not": False, "values": ["x"]} for key in keys]) for keys, _ in questions]
    assert asked(program, *calls) == [by for _, by in questions]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "UTC"])
def test_hours_of_the_week_are_those_of_the_readers_clock(program: str, zone: str) -> None:
    """Through changes of the clock too. Zones beside the hour count in the hour before, and the answer says so."""
    chance = random.Random(zone)  # noqa: S311  the same each time
    hours = [{"at": NOW - NOW % HOUR - hour * HOUR, "count": chance.randrange(1, 50)} for hour in range(0, 9_000, 7)]
    (week,) = asked(program, ("week", hours, zone))
    expected = Counter[tuple[int, int]]()
    busiest: dict[tuple[int, int], int] = {}
    for hour in hours:
        local = datetime.fromtimestamp(hour["at"] / 1000, ZoneInfo(zone))
        cell = (local.weekday(), local.hour)
        expected[cell] += hour["count"]
        busiest[cell] = max(busiest.get(cell, 0), hour["count"])
    found = {(row, at): cell for row, cells in enumerate(week["cells"]) for at, cell in enumerate(cells)}
    assert len(found) == 7 * 24
    assert {place: cell["count"] for place, cell in found.items() if cell["count"]} == expected
    assert {place: cell["busiest"]["count"] for place, cell in found.items() if cell["busiest"]} == busiest
    assert week["shifted"] == (zone not in ("Europe/Berlin", "UTC"))


def test_spans_in_moments(program: str) -> None:
    """As the service counts a range back, and from where the log begins without one."""
    begin = NOW - 90 * DAY
    found = asked(
        program,
        ("moments", {"range": "7d"}, NOW, begin),
        ("moments", {"range": "12m"}, NOW, begin),
        ("moments", {}, NOW, begin),
        ("moments", {"from": "2026-11-01T00:00:00+01:00", "to": "2026-11-02T00:00:00Z"}, NOW, begin),
    )
    a_year = int(datetime(2025, 11, 26, 13, 20, tzinfo=UTC).timestamp() * 1000)
    assert [(each["from"], each["to"]) for each in found[:3]] == [(NOW - 7 * DAY, NOW), (a_year, NOW), (begin, NOW)]
    assert found[3]["to"] - found[3]["from"] == 25 * HOUR


def test_pictures_as_csv(program: str) -> None:
    """Any CSV reader gives back what was written; no cell is a formula."""
    rows = [["=1+1", 3], ['say "hi"', -4], ["a,b\r\nc", 0], ["@x", 1], [" +1", 2]]
    (text,) = asked(program, ("csv", {"head": ["What", "Events"], "rows": rows}))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["What", "Events"]
    assert [each[0] for each in read[1:]] == ["'=1+1", 'say "hi"', "a,b\r\nc", "'@x", "' +1"]
    assert [int(each[1]) for each in read[1:]] == [row[1] for row in rows]
    assert text.endswith("\r\n")


def test_what_is_around_an_event(program: str) -> None:
    """Each search has the event's own value and a span around it; what the event lacks has none."""
    event = {
        "id": "E1",
        "occurred_at": "2026-11-26T13:20:00.000Z",
        "actor": {"id": "guid", "username": "mike"},
        "target": {"type": "kiosk", "id": "K 7", "username": None},
        "context": {"session_id": "s1", "request_id": None, "ip": "192.0.2.1"},
    }
    alone = {**event, "actor": {"id": None, "username": None}, "target": None, "context": {}}
    found, little = asked(program, ("neighbourhoods", event), ("neighbourhoods", alone))
    assert dict(found) == {
        "session": "session_id=s1&from=2026-11-25T13%3A20%3A00.000Z&to=2026-11-27T13%3A20%3A00.000Z",
        "person": "actor=guid&from=2026-11-26T13%3A10%3A00.000Z&to=2026-11-26T13%3A30%3A00.000Z",
        "address": "ip=192.0.2.1&from=2026-11-25T13%3A20%3A00.000Z&to=2026-11-27T13%3A20%3A00.000Z",
        "target": "target=kiosk%3AK+7",
    }
    assert little == []
