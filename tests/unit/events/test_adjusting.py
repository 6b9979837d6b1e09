"""What end users choose never costs an event: it is cut or cleaned, and the event says so."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.decoding import decode_events, read_event
from daybook.events.rejected import Rejected
from tests.support.sent_events import FULL, LEAST, changed, read, refusal

USER_TARGET: dict[str, Any] = FULL | {"target": {"type": "user", "username": "x"}}

LIMITS = {
    "actor.username": 256,
    "actor.name": 256,
    "actor.email": 256,
    "actor.impersonator.username": 256,
    "actor.impersonator.name": 256,
    "actor.impersonator.email": 256,
    "target.name": 512,
    "params.text": 4_000,
    "params.list[0]": 4_000,
    "params.who.user": 256,
    "people[0].username": 256,
    "people[0].name": 256,
    "people[0].email": 256,
    "changes[0].from": 4_000,
    "context.ip": 256,
    "context.user_agent": 1_024,
    "target.username": 256,
    "details": 32 * 1024,
}


def event(path: str, value: Any) -> str:
    return changed(path, value, USER_TARGET if path == "target.username" else FULL)


def held(sent: Any, path: str) -> Any:
    """The value at a path such as `changes[0].from`, of JSON."""
    for step in path.replace("[", ".[").split("."):
        sent = sent[int(step[1:-1])] if step.startswith("[") else sent[step]
    return sent


@pytest.mark.parametrize("path", LIMITS)
def test_what_is_too_long_is_cut(path: str) -> None:
    """To what would have been short enough."""
    whole, longer = (read(event(path, "x" * count)) for count in (LIMITS[path], LIMITS[path] + 1))
    assert longer.encoded == whole.encoded
    assert (whole.adjusted, longer.adjusted) == ((), (path,))


@pytest.mark.parametrize("path", sorted(LIMITS.keys() - {"details"}))
def test_texts_are_cut_by_characters_of_the_composed_text(path: str) -> None:
    """So the same text is cut to the same, and only where it must be."""
    most = LIMITS[path]
    received = [read(event(path, letter * count)) for letter in ("é", "e\u0301") for count in (most, most + 1)]
    assert {each.encoded for each in received} == {received[0].encoded}
    assert [each.adjusted for each in received] == [(), (path,)] * 2


@pytest.mark.parametrize("path", LIMITS)
@pytest.mark.parametrize("unclean", ["\x00", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_unclean_characters_are_replaced(path: str, unclean: str) -> None:
    """Nothing else is: tabs, line breaks, spelled-out escapes and odd letters stay."""
    received = read(event(path, f"a{unclean}b\tü"))
    assert held(json.loads(received.encoded), path) == "a\ufffdb\tü"
    assert received.adjusted == (path,)
    for clean in ("a\tb\r\nc", "\\u0000 \\b \\\\ud800", "C:\\users\\bob", "\u00a0\u2028\ufeff\ufffe\U0010ffff"):
        received = read(event(path, clean))
        assert held(json.loads(received.encoded), path) == clean
        assert received.adjusted == ()


@pytest.mark.parametrize("path", [path for path in LIMITS if path not in ("details", "changes[0].from")])
def test_a_text_has_a_character(path: str) -> None:
    """Except details, values in changes, and what a client's headers may lack."""
    if path in ("context.ip", "context.user_agent"):
        received = read(event(path, ""))
        assert received.encoded == read(event(path, None)).encoded
        assert received.adjusted == ()
    else:
        assert refusal(event(path, "")) == ("invalid_length", path)


def test_a_context_of_empty_texts_is_absent() -> None:
    """As one without anything in it."""
    received = read(changed("context", {"ip": "", "user_agent": ""}))
    assert received.event.context is None
    assert received.encoded == read(changed("context", None)).encoded


def test_an_empty_text_that_counts() -> None:
    """Details, and that a value was cleared, which is another thing than nothing."""
    assert read(changed("details", "")).event.details == ""
    assert read(changed("details", "")).encoded != read(changed("details", None)).encoded
    for path in ("changes[0].from", "changes[0].to"):
        assert read(changed(path, "")).encoded != read(changed(path, None)).encoded


def test_a_username_is_cut_by_its_characters() -> None:
    """Whatever their bytes: a key holds the hash of a long name."""
    for path in ("params.who.user", *(path for path in LIMITS if path.endswith("username"))):
        received = read(event(path, "漢" * 257))
        assert held(json.loads(received.encoded), path) == "漢" * 256
        assert received.adjusted == (path,)
        assert read(event(path, "漢" * 256)).adjusted == ()


def test_all_adjusted_texts_are_listed() -> None:
    """By their paths, in order."""
    odd = json.loads(changed("context.user_agent", "\x00" * 2_000))
    odd["people"] = [{"username": "x"}, {"username": "x", "name": "\x1b"}]
    odd["params"] = {"list": ["a", "\x00", "b\x00"], "who": {"user": "x" * 257}}
    received = read(json.dumps(odd))
    of_params = ("params.list[1]", "params.list[2]", "params.who.user")
    assert received.adjusted == ("context.user_agent", *of_params, "people[1].name")


def test_an_event_cannot_be_filled_to_keep_it_from_the_log() -> None:
    """What end users chose is cut until the event fits, and no more than that takes."""
    filled = FULL | {"details": "😀" * 32 * 1024, "params": {f"p{number}": "漢" * 4_000 for number in range(50)}}
    received = read(json.dumps(filled))
    assert 16 * 1024 < len(received.encoded) <= 64 * 1024
    assert received.adjusted == ("details", *sorted(f"params.p{number}" for number in range(50)))
    assert received.event.actor.username == FULL["actor"]["username"]
    only_details = read(changed("details", "😀" * 32 * 1024))
    assert only_details.adjusted == ("details",)
    assert only_details.event.details == "😀" * (8 * 1024)
    assert read(changed("details", "x" * 3_000_000)).event.details == "x" * 32 * 1024


SMILE = "😀"
CHANGES = [{"field": f"f{number}", "from": SMILE * 70, "to": SMILE * 70} for number in range(100)]
PARAMS = {f"p{number}": SMILE * 70 for number in range(50)}


@pytest.mark.parametrize(
    "filled",
    [
        {"changes": CHANGES, "params": PARAMS},
        {"params": {f"p{number}": [SMILE * 20] * 100 for number in range(9)}},
        {"params": {f"p{number}": [SMILE * 2] * 100 for number in range(50)}, "changes": CHANGES},
        {"params": dict.fromkeys(PARAMS, SMILE * 4000), "changes": CHANGES, "details": SMILE * 40_000},
        {"changes": [change | {"from": '"' * 4_000} for change in CHANGES]},
    ],
    ids=["changes", "lists", "full lists", "parameters", "escapes"],
)
def test_no_filling_keeps_an_event_from_the_log(filled: dict[str, Any]) -> None:
    """Neither many short texts, nor those that take many bytes. Who acted and from where stays whole."""
    who = {path: SMILE * most for path, most in LIMITS.items() if path.startswith(("actor.", "context.", "people"))}
    who |= {"target.name": SMILE * 512, "params.who.user": SMILE * 256}
    sent = {**FULL, **filled}
    sent["params"] = {"who": {"user": "x"}, **dict([*sent["params"].items()][:49])}
    for path, value in who.items():
        sent = json.loads(changed(path, value, sent))
    received = read(json.dumps(sent))
    assert 16 * 1024 < len(received.encoded) <= 64 * 1024
    assert {path: held(json.loads(received.encoded), path) for path in who} == who
    assert received.adjusted
    assert not {*received.adjusted} & {*who}
    assert read(received.encoded).encoded == received.encoded


def test_what_is_cut_to_fit_is_frozen() -> None:
    """All texts down to 256 characters, then others than parameters, and these at last."""

    def lengths(changes: int, params: int, length: int) -> tuple[int, int]:
        change = {"field": "f", "from": SMILE * length}
        filled = FULL | {"changes": [change] * changes, "params": {f"p{n}": SMILE * length for n in range(params)}}
        received = read(json.dumps(filled, ensure_ascii=False))
        sent = json.loads(received.encoded)
        return len(sent["changes"][0]["from"]), len(sent["params"]["p0"])

    assert lengths(1, 1, 4_000) == (4_000, 4_000)
    assert lengths(3, 2, 4_000) == (2_048, 2_048)
    assert lengths(30, 30, 4_000) == (256, 256)
    assert lengths(60, 30, 4_000) == (128, 256)
    assert lengths(100, 50, 300) == (16, 256)
    many = [{"username": SMILE * 250 + str(number)} for number in range(20)]
    received = read(json.dumps(FULL | {"params": dict.fromkeys(PARAMS, SMILE * 300), "people": many}))
    assert json.loads(received.encoded)["params"]["p0"] == SMILE * 128
    assert received.adjusted == ("details", *sorted(f"params.{name}" for name in PARAMS))


def test_two_users_stay_two_in_a_full_event() -> None:
    """Usernames that begin alike, also where a parameter is one by the catalogue."""
    actor = FULL["actor"]
    one, other = (
        read(
            json.dumps(
                FULL | {"params": PARAMS | {"p0": name}, "changes": CHANGES, "actor": actor | {"username": name}}
            )
        )
        for name in ("x" * 240 + ".alice", "x" * 240 + ".bob")
    )
    for received, end in ((one, "alice"), (other, "bob")):
        sent = json.loads(received.encoded)
        assert sent["actor"]["username"] == sent["params"]["p0"] == f"{'x' * 240}.{end}"


def test_what_counts_is_not_cut() -> None:
    """The seconds of an adjustment, as text too."""
    changes = [{"field": "seconds", "from": "1234567", "to": 7}, *CHANGES[:90]]
    filled = LEAST | {"activity": "a.time-adjusted", "changes": changes, "params": {"l": [SMILE * 3] * 100}}
    filled["params"] |= {f"p{number}": [SMILE * 3] * 100 for number in range(48)}
    received = read(json.dumps(filled))
    assert "changes[1].from" in received.adjusted
    assert received.event.changes is not None
    assert received.event.changes[0].old == 1_234_567


def test_ids_and_names_of_the_product_cost_the_event() -> None:
    """They are what is left when texts have one character."""
    changes = [{"field": SMILE * 100 + f"{number}", "from": "x" * 4_000} for number in range(100)]
    assert read(json.dumps(FULL | {"changes": changes})).adjusted
    changes = [change | {"field": SMILE * 120 + str(number)} for number, change in enumerate(changes)]
    people = [{"id": SMILE * 100 + str(number)} for number in range(50)]
    assert refusal(json.dumps(FULL | {"changes": changes, "people": people})) == ("too_large", "")


def test_what_was_sent_is_shown() -> None:
    """Only the normal form is composed."""
    received = read(changed("actor.name", "Zoe\u0308"))
    assert received.event.actor.name == "Zoe\u0308"
    assert json.loads(received.encoded)["actor"]["name"] == "Zoë"
    assert received.adjusted == ()


ANY = st.characters(exclude_categories=[])


@given(st.sampled_from([*LIMITS]), st.text(ANY, max_size=4) | st.text("\ud83d\ude00\x00a\u0301"))
def test_nothing_that_an_end_user_chooses_is_refused(path: str, text: str) -> None:
    """Halves of surrogate pairs neither; what is left can be written."""
    received = read(event(path, "a" + text))
    value = held(json.loads(received.encoded), path)
    assert value.encode()
    assert ("\ufffd" in value) == bool(received.adjusted) or "\ufffd" in text


@pytest.mark.parametrize("path", ["details", "actor.name", "id"])
def test_marks_without_end_take_little_time(path: str) -> None:
    """A letter may be sent with a million marks, in any field."""
    started = time.process_time()
    with suppress(Rejected):
        read(changed(path, "a" + "\u0301\u0323" * 500_000))
    assert time.process_time() - started < 5


def test_many_events_with_many_marks_take_little_time() -> None:
    """Each is too small to be looked at twice."""
    event = LEAST | {"details": "a" + "\u0301\u0323" * 900}
    sent = decode_events(json.dumps({"events": [event] * 500}, ensure_ascii=False).encode())
    started = time.process_time()
    assert {read_event(raw, sent.levels).adjusted for raw in sent.events} == {()}
    assert time.process_time() - started < 10
