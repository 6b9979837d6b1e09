"""Which spellings are the same event: those with the same normal form, which an event's fingerprint covers."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.decoding import decode_events, read_event
from tests.support.sent_events import FULL, changed, read

LETTERS = st.text(
    st.sampled_from('aZ09 .-/\\"\n\tßİéÅñ한ﬁ漢😀\u0301\u0308\u0327\u0958\u1e9b\u0323\u212b'), min_size=1, max_size=12
)
IDS = st.integers(-(2**53) + 1, 2**53 - 1) | LETTERS
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
SMALL = st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans()
USER = st.fixed_dictionaries({"username": LETTERS}, optional={"id": IDS, "name": LETTERS, "email": LETTERS})
REFERENCE = st.fixed_dictionaries({"id": IDS, "occurred_at": TIMES})
EVENTS = st.fixed_dictionaries(
    {
        "activity": st.sampled_from(["a", "User.signed_in"]),
        "actor": st.fixed_dictionaries(
            {"type": st.just("user"), "id": IDS},
            optional={"name": LETTERS, "roles": st.lists(LETTERS, min_size=1, max_size=2), "impersonator": USER},
        ),
    },
    optional={
        "id": IDS,
        "occurred_at": TIMES,
        "environment": st.just("prod"),
        "variant": LETTERS,
        "status": st.sampled_from(["success", "failure"]),
        "target": st.fixed_dictionaries(
            {"type": st.just("case"), "id": IDS},
            optional={"within": st.fixed_dictionaries({"type": st.just("b"), "id": IDS})},
        ),
        "params": st.dictionaries(
            st.sampled_from(["a", "b", "session"]),
            SMALL
            | LETTERS
            | st.lists(LETTERS, min_size=1, max_size=2)
            | REFERENCE
            | st.fixed_dictionaries({"user": LETTERS}),
            min_size=1,
        ),
        "details": LETTERS | st.just(""),
        "people": st.lists(USER, min_size=1, max_size=2),
        "changes": st.lists(
            st.fixed_dictionaries({"field": LETTERS}, optional={"from": SMALL | LETTERS | st.just(""), "to": SMALL}),
            min_size=1,
            max_size=2,
        ),
        "context": st.fixed_dictionaries({"session_id": IDS}, optional={"ip": LETTERS, "request_id": IDS}),
        "caused_by": LETTERS | REFERENCE,
    },
)
EVENTS = EVENTS.filter(lambda meant: "occurred_at" in meant or "id" not in meant)
"""Events as they are meant: times as such, and ids as integers or text."""

OPTIONAL = {
    "": ["variant", "source", "target", "params", "details", "people", "changes", "context", "caused_by", "unknown"],
    "actor": ["name", "email", "user_type", "roles", "unknown"],
    "context": ["ip", "user_agent", "request_id"],
    "params": ["c", "d"],
}
"""Where a spelling may put something empty."""


class Spelling:
    """One way to write an event, as drawn."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def body(self, meant: Any) -> bytes:
        mark = self._draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
        layout = self._draw(st.sampled_from([None, 2]))
        written: bytes = (
            mark + json.dumps(self._written(meant, ""), indent=layout, ensure_ascii=self._draw(st.booleans())).encode()
        )
        return written

    def _written(self, meant: Any, name: str) -> Any:
        if isinstance(meant, dict):
            return self._object(meant, name)
        if isinstance(meant, list):
            return [self._written(each, "") for each in meant]
        if isinstance(meant, datetime):
            return self._time(meant)
        if isinstance(meant, str):
            return unicodedata.normalize(self._draw(st.sampled_from(["NFC", "NFD"])), meant)
        if name in ("id", "session_id", "request_id") and self._draw(st.booleans()):
            return str(meant)
        return meant

    def _object(self, meant: dict[str, Any], name: str) -> dict[str, Any]:
        written = {key: self._written(value, key) for key, value in meant.items()}
        where = "" if "activity" in meant else name
        if where in OPTIONAL and (where or "activity" in meant):
            for key in self._draw(st.lists(st.sampled_from(OPTIONAL[where]), max_size=3)):
                written.setdefault(key, self._draw(st.sampled_from([None, [], {}, {"x": None}, {"x": {"y": []}}])))
        if where == "context" and self._draw(st.booleans()):
            written.setdefault("user_agent", "")
        if "activity" in meant:
            self._leave_defaults(written)
        return {key: written[key] for key in self._draw(st.permutations(list(written)))}

    def _leave_defaults(self, event: dict[str, Any]) -> None:
        """An event in the sender's environment is the same whether it is named or not, since its id covers that."""
        if event.get("status", "success") == "success":
            event["status"] = self._draw(st.sampled_from(["success", None]))
        event["environment"] = self._draw(st.sampled_from(["prod", None]))

    def _time(self, meant: datetime) -> str:
        minutes = self._draw(st.integers(-23 * 60, 23 * 60))
        local = meant.astimezone(timezone(timedelta(minutes=minutes)))
        finer = self._draw(st.sampled_from(["", "9", "000", "999999"]))
        millisecond = f"{meant.microsecond // 1000:03}"
        digits = f".{millisecond}{finer}" if finer or millisecond != "000" else ""
        sign = "-" if minutes < 0 else "+"
        offset = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        letter = self._draw(st.sampled_from("Tt"))
        return f"{local:%Y-%m-%d}{letter}{local:%H:%M:%S}{digits}{offset if minutes else 'Z'}"


def encoded(body: bytes) -> bytes:
    sent = decode_events(body)
    return read_event(sent.events[0], sent.levels).encoded


def canonical_meaning(meant: Any, name: str = "") -> Any:
    """What an event means, to tell whether two events mean the same."""
    if isinstance(meant, dict):
        found = {key: canonical_meaning(value, key) for key, value in meant.items() if key != "environment"}
        return {"status": "success", **found} if "activity" in meant else found
    if isinstance(meant, list):
        return [canonical_meaning(each) for each in meant]
    if isinstance(meant, datetime):
        return (meant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if isinstance(meant, str):
        return unicodedata.normalize("NFC", meant)
    return str(meant) if name in ("id", "session_id", "request_id") else (type(meant).__name__, meant)


@given(EVENTS, st.data())
def test_all_spellings_of_an_event_are_the_same_event(meant: dict[str, Any], data: st.DataObject) -> None:
    """Nulls, empties, integers as ids, forms of times, orders, compositions of text, defaults, and the UTF-8 mark."""
    one, other = (encoded(Spelling(data.draw).body(meant)) for _ in range(2))
    assert one == other


@given(EVENTS, EVENTS, st.data())
def test_events_that_mean_something_else_are_others(one: Any, other: Any, data: st.DataObject) -> None:
    """The normal forms are the same exactly when the meanings are."""
    same = canonical_meaning(one) == canonical_meaning(other)
    assert (encoded(Spelling(data.draw).body(one)) == encoded(Spelling(data.draw).body(other))) == same


@given(EVENTS, st.data())
def test_any_change_makes_another_event(meant: Any, data: st.DataObject) -> None:
    """However small it is."""
    changed_event = _with_a_change(meant, data.draw)
    same = canonical_meaning(meant) == canonical_meaning(changed_event)
    assert (encoded(Spelling(data.draw).body(meant)) == encoded(Spelling(data.draw).body(changed_event))) == same


def _with_a_change(value: Any, draw: Any) -> Any:
    """The value with one leaf replaced."""
    if isinstance(value, dict):
        keys = [key for key in value if key not in ("activity", "type", "environment")]
        key = draw(st.sampled_from(keys))
        if key == "status":
            return value | {"status": draw(st.sampled_from(["success", "failure"]))}
        return value | {key: _with_a_change(value[key], draw)}
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [_with_a_change(each, draw) if index == place else each for index, each in enumerate(value)]
    if isinstance(value, datetime):
        return value + draw(st.sampled_from([timedelta(milliseconds=1), timedelta(microseconds=1)]))
    if isinstance(value, str):
        return value + draw(LETTERS)
    return not value if isinstance(value, bool) else value - 1 if value > 0 else value + 1


@pytest.mark.parametrize("empty", [None, [], {}, {"a": None}, {"a": {"b": [], "c": {}}}], ids=repr)
@pytest.mark.parametrize("path", ["variant", "actor.name", "target", "params", "params.text", "context.ip", "details"])
def test_what_is_empty_is_absent(path: str, empty: Any) -> None:
    """Everywhere, and so is an object in which nothing is left."""
    received = read(changed(path, empty))
    assert received == read(changed(path, None))
    *way, last = path.split(".")
    sent = json.loads(received.encoded)
    for step in way:
        sent = sent[step]
    assert last not in sent


def test_the_time_in_any_reference_is_normalised() -> None:
    """In parameters of any name."""
    for name in ("session", "opened_by"):
        one, other = (
            read(changed("params", {name: {"id": "1", "occurred_at": text}})).encoded
            for text in ("2026-11-22T16:00:00Z", "2026-11-22T17:00:00.0009+01:00")
        )
        assert one == other


@pytest.mark.parametrize("activity", ["work.time-adjusted", "time-adjusted"])
def test_seconds_of_an_adjustment_are_integers(activity: str) -> None:
    """Their decimal text means the same. In other activities and fields it is text."""

    def form(*values: Any, field: str = "seconds") -> bytes:
        changes = [{"field": field, "from": value, "to": 1} for value in values]
        return read(json.dumps(FULL | {"activity": activity, "changes": changes})).encoded

    counts = activity == "work.time-adjusted"
    assert (form(600, "x") == form("600", "x") == form("0600", "x")) == counts
    assert (form(600, "\x00") == form("600", "\x00")) == counts  # a text that has to be adjusted
    assert form(600, field="minutes") != form("600", field="minutes")
    for text in ("", "-1", "6e2", "600 ", "9" * 16, "0" * 17, "\u0666"):
        assert json.loads(form(text))["changes"][0]["from"] == text


def test_the_normal_form_of_an_event() -> None:
    """Frozen: what is stored was fingerprinted by it."""
    sent = FULL | {
        "id": 17,
        "environment": "test",
        "occurred_at": "2026-11-22T17:31:07.1239+01:00",
        "status": None,
        "actor": FULL["actor"] | {"name": "Zoe\u0308", "roles": []},
        "context": {"ip": "", "user_agent": "a\x00", "session_id": 5},
    }
    assert (
        read(json.dumps(sent)).encoded
        == (
            '{"activity":"clusters.update","actor":{"email":"m@x.example","id":"u-1","impersonator":{"email":"l@x.example",'
            '"id":"u-3","name":"Lee","username":"lee"},"name":"Zoë","type":"user","user_type":"Admin",'
            '"username":"mike.mars"},"caused_by":{"id":"2","occurred_at":"2026-11-22T16:00:00.000Z"},'
            '"changes":[{"field":"due","from":"a","to":5}],"context":{"session_id":"5","user_agent":"a\ufffd"},'
            '"details":"free","id":"17","occurred_at":"2026-11-22T16:31:07.123Z","params":{"list":["a"],"number":1,'
            '"text":"c1","who":{"user":"jane"},"yes":true},"people":[{"email":"j@x.example","id":"u-2","name":"Jane",'
            '"username":"jane"}],"source":{"type":"ADMIN"},"status":"success","target":{"id":"D-9","name":"Wrong",'
            '"type":"defect","within":{"id":"7","type":"work-item"}},"variant":"name"}'
        ).encode()
    )
