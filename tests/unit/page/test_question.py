"""The console's questions: an address, the chips and the line of text are one and the same, whatever is in them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daybook.search.parameters import EQUALITIES, Span, parse_parameters, span_at
from tests.support.page_script import IS_THERE, WHY_NOT, PageScript

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
SCRIPT = PageScript("page_question.mjs")

WORDS = (
    "",
    "a",
    "mike.mars",
    "Mike Mars",
    "note: call back",
    "status:failure",
    "-actor:x",
    "q:x",
    '"',
    '"a b',
    "\\",
    'a"b\\',
)
VALUES = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
FILTERS = st.lists(
    st.tuples(
        st.sampled_from([*EQUALITIES, "q"]), st.booleans(), st.lists(VALUES, min_size=1, max_size=3, unique=True)
    ),
    max_size=6,
    unique_by=lambda filter_: (filter_[0], filter_[1] and filter_[0] != "q"),
)
SPANS: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"range": st.sampled_from(["7d", "30d", "12m", "5x"])}),
    st.fixed_dictionaries(
        {}, optional={"from": st.sampled_from(["2026-11-22T16:31:07Z", "yesterday", "2026"]), "to": VALUES}
    ),
)


def ask(what: str, **given_: Any) -> Any:
    return SCRIPT.ask(what, **given_)["value"]


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    filters = [{"key": key, "not": negated and key != "q", "values": values} for key, negated, values in draw(FILTERS)]
    return {
        "filters": filters,
        "span": draw(SPANS),
        "sort": draw(st.sampled_from(["-occurred_at", "occurred_at", "-actor"])),
        "view": draw(st.sampled_from([None, "native", "carear"])),
    }


@given(questions())
def test_address_chips_and_text_are_the_same_question(question: Mapping[str, Any]) -> None:
    """Fragment to chips to fragment is the identity, and so is chips to text to chips."""
    fragment = ask("write", question=question)
    assert ask("read", fragment=fragment) == question
    text = ask("format", question=question)
    assert ask("parse", text=text) == {"filters": question["filters"], "span": question["span"]}


@given(
    st.lists(
        st.tuples(st.sampled_from(["actor", "actor!", "q", "q!", "colour", "env", "range", "event"]), VALUES),
        max_size=8,
    )
)
def test_no_parameter_of_an_address_is_lost(parameters: list[tuple[str, str]]) -> None:
    """Unknown ones stay, such as text that is negated. Only the open event goes, and what is said twice."""
    once = {name: value for name, value in reversed(parameters) if name in ("range", "env")}
    given_ = [(name, value) for name, value in parameters if once.get(name, value) == value]
    kept = ask("replaced", fragment=fragment_of(given_))
    assert {tuple(each) for each in kept} == {each for each in given_ if each[0] != "event"}


def fragment_of(parameters: list[tuple[str, str]]) -> str:
    return "#/log?" + "&".join(f"{quote(name, safe='!')}={quote(value, safe='')}" for name, value in parameters)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("note: call back", [("q", False, ["note: call back"])]),
        ("status: failure", [("q", False, ["status: failure"])]),
        ("https://daybook.example", [("q", False, ["https://daybook.example"])]),
        ("from:bob", [("q", False, ["from:bob"])]),
        ("-q:x -word", [("q", False, ["-q:x -word"])]),
        ("-actor:System actor!:mike.mars", [("actor", True, ["System", "mike.mars"])]),
        ('actor:"Mike Mars" login failed', [("actor", False, ["Mike Mars"]), ("q", False, ["login failed"])]),
        ('login status:failure "  failed  "', [("q", False, ["login   failed  "]), ("status", False, ["failure"])]),
        ("actor:a status:failure actor:b actor:a", [("actor", False, ["a", "b"]), ("status", False, ["failure"])]),
        ('target:"user:mike \\"m\\" mars', [("target", False, ['user:mike "m" mars'])]),
    ],
)
def test_what_is_typed(text: str, filters: list[tuple[str, bool, list[str]]]) -> None:
    """Only known keys are keys; a minus or an exclamation mark negates; quotes keep blanks."""
    assert spelled(ask("parse", text=text)["filters"]) == filters


def spelled(filters: list[dict[str, Any]]) -> list[tuple[str, bool, list[str]]]:
    return [(filter_["key"], filter_["not"], filter_["values"]) for filter_ in filters]


def test_what_is_pasted() -> None:
    """A query becomes chips, an address of console or API the whole question, lines behind a key its values."""
    query = ask("pasted", text="actor:a status:failure text", before="")
    assert (query["kind"], len(query["filters"])) == ("filters", 3)
    assert ask("pasted", text="note: call back", before="")["kind"] == "text"
    assert ask("pasted", text="failure", before="status:")["kind"] == "text"
    for address in (
        "https://daybook.example/prod/console#/log?actor!=System&range=7d&env=test&colour=red&event=e1",
        "#/log?actor!=System&range=7d&env=test&colour=red",
        "https://daybook.example/v1/events?actor%21=System&range=7d&environment=test&colour=red&limit=9&with=native",
        "curl -s 'https://daybook.example/v1/events?actor!=System&range=7d&environment=test&colour=red' -H 'A: b'",
    ):
        found = ask("pasted", text=address, before="")
        assert (found["kind"], found["environment"], found["unknown"]) == ("address", "test", [["colour", "red"]])
        assert spelled(found["question"]["filters"]) == [("actor", True, ["System"])]
        assert found["question"]["span"] == {"range": "7d"}
    people = [f"user.{number}" for number in range(10_000)]
    many = ask("pasted", text="\r\n".join(people), before="login -actor:")
    assert spelled(many["filters"]) == [("q", False, ["login"]), ("actor", True, people)]
    empty: dict[str, Any] = {"filters": [], "span": {}, "sort": "-occurred_at", "view": None}
    taken = ask("also", question=empty, filters=many["filters"][1:])
    assert (len(taken["question"]["filters"][0]["values"]), taken["left"]) == (100, 9_900)
    assert ask("also", question=taken["question"], filters=many["filters"])["left"] == 9_901


def test_is_and_is_not() -> None:
    """A filter that is turned round joins the one that is there already; text has no other side."""
    filters = [
        {"key": "actor", "not": False, "values": ["a", "b"]},
        {"key": "actor", "not": True, "values": ["b", "c"]},
        {"key": "q", "not": False, "values": ["text"]},
    ]
    question: dict[str, Any] = {"filters": filters, "span": {}, "sort": "-occurred_at", "view": None}
    turned = ask("toggled", question=question, at=0)["filters"]
    assert spelled(turned) == [("actor", True, ["a", "b", "c"]), ("q", False, ["text"])]
    assert ask("toggled", question=question, at=2) == question


ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "America/New_York")
MINUTES = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0))  # noqa: DTZ001  the zone comes behind


@given(MINUTES, st.sampled_from(ZONES))
def test_a_time_on_the_readers_clock_is_that_instant(minute: datetime, zone: str) -> None:
    """As Python's zone data have it; of an hour that comes twice, either one."""
    text = minute.isoformat(timespec="minutes")
    found = ask("instant", text=text, zone=zone)
    here = ZoneInfo(zone)
    meant = {int(minute.replace(tzinfo=here, fold=fold).timestamp() * 1000) for fold in (0, 1)}
    assert found in meant
    shown = datetime.fromtimestamp(found / 1000, here).isoformat(timespec="minutes")[:16]
    assert ask("local", at=found, zone=zone) == shown


@given(st.datetimes(datetime(2001, 1, 1), datetime(2050, 1, 1)), st.sampled_from(["7d", "30d", "12m"]))  # noqa: DTZ001  the zone comes behind
def test_a_link_with_fixed_times_begins_where_the_range_does(now: datetime, span: str) -> None:
    """To the API's own reckoning, in months too."""
    now_ms = int(now.replace(tzinfo=UTC).timestamp() * 1000)
    fixed = ask("fixed", span={"range": span}, now=now_ms)
    meant = span_at(parse_parameters({"range": [span]}), now_ms)
    assert span_at(parse_parameters({name: [text] for name, text in fixed.items()}), now_ms) == Span(
        meant.from_ms, now_ms
    )


def test_a_month_back_from_its_end_is_the_last_day_of_a_shorter_month() -> None:
    now = {"now": int(datetime(2026, 3, 31, 9, tzinfo=UTC).timestamp() * 1000)}
    begins = {span: ask("beginning", span={"range": span}, **now) / 1000 for span in ("1m", "2m", "13m")}
    shown = {span: datetime.fromtimestamp(at, UTC).isoformat() for span, at in begins.items()}
    assert shown == {
        "1m": "2026-02-28T09:00:00+00:00",
        "2m": "2026-01-31T09:00:00+00:00",
        "13m": "2025-02-28T09:00:00+00:00",
    }
    assert ask("beginning", span={}, **now) is None


@given(MINUTES, st.sampled_from((*ZONES, "America/Sao_Paulo")), st.sampled_from([0, 1, 7]))
@example(datetime(2026, 3, 29, 23, 30), "Europe/Berlin", 0)  # noqa: DTZ001  the zone comes behind
@example(datetime(2026, 10, 25, 23, 30), "Europe/Berlin", 0)  # noqa: DTZ001  the zone comes behind
@example(datetime(2018, 11, 4, 12), "America/Sao_Paulo", 0)  # noqa: DTZ001  its first hour is skipped
@example(datetime(2018, 2, 18, 12), "America/Sao_Paulo", 0)  # noqa: DTZ001  the hour before it comes twice
def test_a_day_begins_with_its_first_instant(minute: datetime, zone: str, days: int) -> None:
    """On days of 23 and 25 hours too. The week begins on Monday."""
    here = ZoneInfo(zone)
    at = int(minute.replace(tzinfo=here).timestamp() * 1000)
    wanted = datetime.fromtimestamp(at / 1000, here).date() - timedelta(days=days)
    start = ask("dayStart", at=at, zone=zone, days=days)
    if (zone, wanted) != ("Pacific/Apia", date(2011, 12, 30)):  # there was no such day
        assert datetime.fromtimestamp(start / 1000, here).date() == wanted
        assert datetime.fromtimestamp(start / 1000 - 1, here).date() < wanted
    assert ask("daysSinceMonday", at=at, zone=zone) == (wanted + timedelta(days=days)).weekday()


def test_while_a_year_is_being_typed_there_is_no_instant() -> None:
    typed = ("", "2026", "0002-11-26T10:00", "0202-11-26", "20266-11-26T10:00", "275761-01-01", "2026-02-30")
    assert [ask("instant", text=text, zone="Europe/Berlin") for text in typed] == [None] * len(typed)
