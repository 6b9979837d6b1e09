"""An event's bytes and keys have no person's name, address or browser. The people's keys bring everything back."""

import json
import re
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.catalogue.profile import profile
from daybook.events.decoding import Sent, decode_events
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.events.reader import Opened, content_of, people_of
from daybook.http.caller import Caller
from daybook.people.identities import id_row
from daybook.text import folded
from ingest.handler import ingest_over
from ingest.ingest import Result
from tests.support.ingest import KEYS, NOW, SECRET, seeded_bytes
from tests.support.ingest import settings as tenant_settings
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, memory_wiring

EVERYWHERE = Caller(role="producer", tenant="acme", environment="*", credential="k", label="Zkey of Zmike")

# Each begins with a letter that no event's own words have. No two texts of one event begin alike.
_ENDINGS = ["", ".mars", " Mars", "-7", "_x", "~1", "#a", "/b", "é", "ß", "İ", "漢字", "'s", "@x.example"]
_TAGS = st.text("qwxyQWX0123456789", min_size=1, max_size=3)


def _names(prefix: str) -> st.SearchStrategy[str]:
    return st.builds(lambda tag, ending: f"Z{prefix}{tag}z{ending}", _TAGS, st.sampled_from(_ENDINGS))


@st.composite
def people(draw: Any, number: int) -> dict[str, Any]:
    person = {
        "id": draw(st.none() | _names(f"{number}i")),
        "username": draw(_names(f"{number}u")),
        "name": draw(st.none() | _names(f"{number}n")),
        "email": draw(st.none() | _names(f"{number}e").map(lambda name: f"{name}@mail.example")),
    }
    return {name: value for name, value in person.items() if value is not None}


def _cases(text: str) -> list[str]:
    """The text in the cases that others may write, as far as it is still the same name."""
    return [each for each in {text, text.upper(), text.lower(), text.swapcase()} if folded(each) == folded(text)]


@st.composite
def events(
    draw: Any, cast: Sequence[dict[str, Any]] | None = None, traces: Sequence[str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """An event, and everything personal in it. `cast`: the actor, another person, one who is only declared, and perhaps
    the actor's impersonator. `traces`: the address and browser of who really acted, and a second name of the other
    person.
    """
    cast = cast or [draw(people(number)) for number in range(draw(st.integers(3, 4)))]
    actor, other, declared, *impersonators = cast
    ip, agent, nickname = traces or (
        draw(st.sampled_from(["203.0.113.77", "2001:db8::7fe1"])),
        draw(_names("a")),
        draw(_names("k")),
    )
    personal = [value for person in cast for value in person.values()] + [ip, agent, nickname]

    def text(*, only_ids: bool = False) -> str:
        """Some of the people's texts, in any case, between words."""
        words = st.sampled_from(["of", "~", "~0.1;", "to", "5", "ünd", "."])
        names = st.sampled_from(personal).flatmap(lambda name: st.sampled_from(_cases(name)))
        pieces = draw(st.lists(words | names, min_size=1, max_size=5))
        return ("-" if only_ids else " ").join(pieces)[:120]

    def maybe(value: Any) -> Any:
        return value if draw(st.booleans()) else None

    is_user = bool(impersonators) or draw(st.booleans())
    kind = draw(st.sampled_from(["user", "user", "User", "USER"]))
    named: dict[str, Any] = {name: other[name] for name in ("id", "username", "name") if name in other}
    target = draw(
        st.sampled_from(
            [
                None,
                {"type": kind, **named},
                {"type": "user", "id": draw(st.sampled_from(_cases(actor["username"])))},
                {"type": "user", "username": actor["username"].swapcase(), "name": text()},
                {"type": "case", "id": text(only_ids=True), "name": text(), "within": {"type": "box", "id": text()}},
                {
                    "type": "case",
                    "id": draw(st.sampled_from(personal)),
                    "within": {"type": "user", "id": actor["username"]},
                },
                {"type": "case", "name": draw(st.sampled_from(personal))},
            ]
        )
    )
    event = {
        "id": maybe(text(only_ids=True)),
        "occurred_at": "2026-11-22T16:31:07.123Z",
        "activity": "thing.done",
        "actor": {
            "type": "user" if is_user else "unknown",
            **actor,
            "impersonator": impersonators[0] if impersonators else None,
        },
        "target": target,
        "params": maybe({"text": text(), "who": {"user": other["username"]}, "list": [text(), text()], "n": 5}),
        "details": maybe(text()),
        "people": [declared, other, {**other, "name": nickname}],  # two names of one person
        "changes": maybe([{"field": "owner", "from": text(), "to": text()}, {"field": "n", "from": 5, "to": True}]),
        "context": {
            "ip": ip,
            "user_agent": agent,
            "session_id": maybe(text(only_ids=True)),
            "request_id": maybe(text()),
        },
        "caused_by": maybe(text(only_ids=True)),
    }
    return _without_none(event), personal


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value


class TenantLog:
    def __init__(self) -> None:
        self.events = MemoryEvents()
        self.people = MemoryIdentities()
        wiring = memory_wiring(SECRET, lambda: NOW, seeded_bytes(), events=self.events, identities=self.people)
        self.ingest = ingest_over(wiring)
        self.settings = tenant_settings("generic")
        self.key, self.keys = self.settings.environment_key("prod"), KEYS.of(self.settings.code)

    def send(self, *events: dict[str, Any]) -> list[Result]:
        sent = decode_events(json.dumps({"events": events}).encode())
        return self.ingest.store(self.settings, EVERYWHERE, sent, lambda: 10.0)

    def open(self, stored: StoredEvent, *, forgotten: bool = False) -> dict[str, Any]:
        """The native event, with all of its people's keys or with none."""
        content = content_of(stored.packed)
        rows = {} if forgotten else self.people.read(self.key, map(id_row, people_of(content)))
        keys = {name.removeprefix("id#"): row["key"] for name, row in rows.items()}
        return Opened(content, keys).native(profile("generic").aliases)


def _keys_of(stored: StoredEvent) -> list[str]:
    return [
        key
        for key in (
            stored.partition,
            stored.id,
            stored.by_actor,
            stored.by_activity,
            stored.by_target,
            stored.by_within,
        )
        if key is not None
    ]


@settings(max_examples=60)
@given(events())
def test_nothing_personal_is_written(drawn: tuple[dict[str, Any], list[str]]) -> None:
    """No personal text is in the canonical bytes or in any key, in any case."""
    event, personal = drawn
    log = TenantLog()
    results = log.send(event)
    assert results[0].status == "stored", results
    (stored,) = log.events.events.values()
    written = folded(json.dumps(json.loads(unpack(stored.packed)), ensure_ascii=False))
    # Sealed bytes may have any letters by chance. GUIDs and ids have none of the drawn letters.
    written = re.sub(r'"sealed": "[^"]*"', "", written)
    for text in (*personal, EVERYWHERE.label):
        assert folded(text) not in written
        assert not any(folded(text) in folded(key) for key in _keys_of(stored))


@settings(max_examples=60)
@given(events())
def test_what_was_sent_comes_back(drawn: tuple[dict[str, Any], list[str]]) -> None:
    """A reader with the keys of the event's people gets everything, completed."""
    event, _ = drawn
    log = TenantLog()
    log.send(event)
    (stored,) = log.events.events.values()
    native = log.open(stored)
    assert native["client_id"] == event.get("id")
    for name in ("occurred_at", "activity", "details", "params", "caused_by"):
        assert native[name] == event.get(name)
    sent = event["actor"]
    shown = {"client_id": sent.get("id")} | {name: sent.get(name) for name in ("username", "name", "email")}
    _assert_completes(native["actor"], shown)
    assert native["sender"] == {"credential": "k"}
    by = sent.get("impersonator")
    if by is None:
        assert native["actor"]["impersonator"] is None
    else:
        _assert_completes(
            native["actor"]["impersonator"], {"client_id" if name == "id" else name: by[name] for name in by}
        )
    context = {name: event["context"].get(name) for name in ("ip", "user_agent", "session_id", "request_id")}
    assert native["context"] == context
    changes = [{"from": None, "to": None} | change for change in event["changes"]] if "changes" in event else None
    assert native["changes"] == changes
    _assert_target(native["target"], event.get("target"), event)
    _assert_people(native["people"], event["people"])


def _assert_completes(shown: dict[str, Any], sent: dict[str, Any]) -> None:
    """Every value that was sent is shown unchanged. Other values may come from elsewhere in the event."""
    for name, value in sent.items():
        assert value is None or shown[name] == value, (name, value, shown)


def _assert_people(shown: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    assert len(shown) == len(sent)
    for person in sent:
        wanted = {"client_id": person.get("id")} | {name: person.get(name) for name in ("username", "name", "email")}
        given = {name: value for name, value in wanted.items() if value is not None}
        assert any(given.items() <= each.items() for each in shown), (given, shown)


def _assert_target(shown: dict[str, Any] | None, sent: dict[str, Any] | None, event: dict[str, Any]) -> None:
    if sent is None or shown is None:
        assert sent is shown
        return
    if sent["type"].lower() == "user":
        named = folded(sent.get("id", "")) == folded(event["actor"]["username"]) and "username" not in sent
        wanted = {"username": sent.get("username"), "name": sent.get("name")}
        _assert_completes(shown, wanted if named else wanted | {"client_id": sent.get("id")})
        return
    assert shown["type"] == sent["type"]
    assert shown["id"] == sent.get("id")
    assert shown["name"] == sent.get("name")
    if "within" in sent and sent["within"]["type"] != "user":
        assert shown["within"] == sent["within"]


@settings(max_examples=30)
@given(events())
def test_without_the_keys_nobody_is_there(drawn: tuple[dict[str, Any], list[str]]) -> None:
    """A forgotten person is a GUID everywhere."""
    event, personal = drawn
    log = TenantLog()
    log.send(event)
    (stored,) = log.events.events.values()
    shown = folded(json.dumps(log.open(stored, forgotten=True), ensure_ascii=False))
    for text in personal:
        assert folded(text) not in shown


@settings(max_examples=30)
@given(events(), st.data())
def test_a_retry_is_the_same_event(drawn: tuple[dict[str, Any], list[str]], data: st.DataObject) -> None:
    """Id, leaf and fingerprint are the same, whatever the JSON's layout, and nothing more is stored."""
    event = drawn[0] | {"id": "the sender's own"}
    log = TenantLog()
    (first,) = log.send(event)
    names = data.draw(st.permutations(list(event)))
    (again,) = log.send({name: event[name] for name in names})
    assert again == first
    assert len(log.events.events) == 1
    (doubled, other) = log.send(event, event | {"details": "something else"})
    assert doubled == first
    assert (other.status, other.code) == ("rejected", "id_conflict")


def test_equal_people_do_not_show_as_equal() -> None:
    """The same person in two events is sealed to two blobs. Another deployment computes other ids."""
    event = {
        "id": "1",
        "occurred_at": "2026-11-22T16:31:07Z",
        "activity": "a.b",
        "actor": {"type": "user", "username": "mike"},
    }
    log = TenantLog()
    log.send(event, event | {"id": "2"})
    blobs = [json.loads(unpack(each.packed))["people"][0]["sealed"] for each in log.events.events.values()]
    assert len(set(blobs)) == 2
    others = ingest_over(memory_wiring(b"another deployment's own secret!", lambda: NOW, seeded_bytes()))
    (ours,), (theirs,) = log.send(event), others.store(log.settings, EVERYWHERE, Sent([event], 32), lambda: 10.0)
    assert (ours.id or "")[:10] == (theirs.id or "")[:10]
    assert ours.id != theirs.id
