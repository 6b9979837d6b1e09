"""One person of many is forgotten: no answer has a byte of that person, and everybody else stays complete."""

import json
import re
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.catalogue.profile import PROFILES, profile
from daybook.catalogue.views import Shown, show
from daybook.delivery.formats import FORMATS
from daybook.delivery.records import InsertedEvent, Records
from daybook.events.canonical import leaf
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.events.reader import content_of
from daybook.ids import lowest_id
from daybook.jobs.export import CSV, NDJSON
from daybook.people.forgetter import Forgetter, mark_of, no_sweep
from daybook.people.identities import id_row, name_row
from daybook.people.key_cache import PersonKeys
from daybook.search.parameters import NATIVE, read_parameters
from daybook.text import folded
from exports.lines import LineFormatter
from tests.support.ingest import NOW
from tests.support.streams import destination
from tests.unit.events.test_privacy import TenantLog, events, people

CAST = 5
MOMENT_MS = NOW + 60_000


def traces_of(number: int) -> tuple[str, str, str]:
    """A person's address, browser and second full name."""
    return f"203.0.113.{10 + number}", f"Zb{number}qz", f"Zk{number}qz Nick"


def texts_of(number: int, person: dict[str, Any]) -> set[str]:
    return {folded(text) for text in (*person.values(), *traces_of(number))}


@st.composite
def logs(draw: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[set[int]]]:
    """The cast, the events, and the people in each event."""
    cast = [draw(people(number)) for number in range(CAST)]
    sent, who = [], []
    for place in range(draw(st.integers(1, 4))):
        members = draw(st.permutations(range(CAST)))[: draw(st.integers(3, 4))]
        # The last one is the actor's impersonator, if there are four. The address is that person's.
        traces = (*traces_of(members[3] if len(members) > 3 else members[0])[:2], traces_of(members[1])[2])
        event, personal = draw(events([cast[number] for number in members], traces))
        if (event.get("target") or {}).get("type", "").lower() == "user":
            # What is said about a user is stored as that user's own data, so here it names nobody else in longer texts.
            event["target"].pop("name", None)
            names = [text for text in personal if text not in traces[:2]]
            event["changes"] = [{"field": "manager", "from": draw(st.sampled_from(names)), "to": "nobody"}]
        sent.append(event | {"id": f"event {place}"})
        who.append({*members})
    return cast, sent, who


def answers(log: TenantLog, stored: StoredEvent) -> dict[str, bytes]:
    """Everything that shows an event: views, lines of exports, and records of streams with their keys."""
    rows = PersonKeys(log.people.read, lambda: NOW)
    native = log.open(stored)
    alias = content_of(stored.packed)["actor"].get("alias")
    aliases = profile("generic").aliases
    found = {"native": _json(native)}
    for name in PROFILES:
        shown = Shown(native, alias, "Acme Inc", aliases, profile(name), ZoneInfo("UTC"))
        found[f"view {name}"] = _json(show(shown))
    for view in (NATIVE, *PROFILES):
        for form in (CSV, NDJSON):
            lines = LineFormatter(read_parameters({"view": [view]}), form, "Acme Inc", profile("generic"))
            found[f"{form} {view}"] = lines.line(native, alias)[0]
    row = InsertedEvent(stored.partition, stored.id, stored.packed, stored.by_actor, stored.by_target)
    for form in FORMATS:
        (record,) = Records(rows.of).of(destination(format=form), [row]).records
        found[f"record {form}"] = record.data + record.partition_key.encode()
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _says(answer: bytes) -> str:
    """The text as a reader sees it, with JSON's Unicode escapes decoded."""
    text = answer.decode()
    return folded(re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text))


@settings(max_examples=12)
@given(logs(), st.data())
def test_one_is_forgotten_and_nobody_else(
    generated: tuple[list[dict[str, Any]], list[dict[str, Any]], list[set[int]]], data: st.DataObject
) -> None:
    """The stored bytes don't change. An event that arrives late, from before the forgetting, is treated the same."""
    cast, sent, who = generated
    log = TenantLog()
    results = log.send(*sent)
    assert {result.status for result in results} == {"stored"}
    stored = {event.id: event for event in log.events.events.values()}
    rows = [stored[result.id or ""] for result in results]
    bytes_before = [(row.packed, row.leaf) for row in rows]
    before = [(log.open(row), answers(log, row)) for row in rows]

    number = data.draw(st.sampled_from(sorted(set.union(*who))))
    guid = log.people.rows[log.key, name_row(folded(cast[number]["username"]))]["guid"]
    Forgetter(log.people, log.keys, no_sweep).forget(log.key, mark_of(guid, lowest_id(MOMENT_MS), None))
    gone = texts_of(number, cast[number])
    for (_, key), of_person in log.people.rows.items():
        assert not any(text in folded(key) or text in folded(repr(of_person)) for text in gone)

    assert [(row.packed, leaf_of(row)) for row in rows] == bytes_before
    for row, members, (was, shown) in zip(rows, who, before, strict=True):
        now = answers(log, row)
        if number not in members:
            assert now == shown
            continue
        for name, answer in now.items():
            assert not [text for text in gone if text in _says(answer)], name
        others_are_the_same(_but_own_changes(was, guid), _but_own_changes(log.open(row), guid), guid, gone)

    (late,) = log.send(data.draw(st.sampled_from(sent)) | {"id": "late"})
    stored_late = next(event for event in log.events.events.values() if event.id == late.id)
    for name, answer in answers(log, stored_late).items():
        assert not [text for text in gone if text in _says(answer)], name
    assert (log.key, id_row(guid)) not in log.people.rows
    assert not any(guid in key for _, key in log.people.rows)


def _but_own_changes(native: dict[str, Any], guid: str) -> dict[str, Any]:
    """A user's changes are that user's own data and vanish as a whole, unless the user is somebody else."""
    target = native["target"] or {}
    if target.get("type", "").lower() != "user" or target["id"] != guid:
        return native
    if target["forgotten"]:
        assert native["changes"][0]["to"] == guid
    return native | {"changes": None}


def leaf_of(row: StoredEvent) -> bytes:
    return leaf(unpack(row.packed))


def others_are_the_same(before: Any, after: Any, guid: str, gone: set[str]) -> None:
    """Each text is unchanged, except that the GUID replaces the names."""
    if isinstance(before, dict):
        if after.get("forgotten"):
            assert after["id"] == after["username"] == guid
            assert not any(after.get(name) for name in ("name", "email", "client_id"))
            return
        assert set(before) == set(after)
        for name in before:
            others_are_the_same(before[name], after[name], guid, gone)
    elif isinstance(before, list):
        for one, other in zip(before, after, strict=True):
            others_are_the_same(one, other, guid, gone)
    elif before != after:
        if after is None:
            assert folded(before) in gone, "address and browser of the actor"
            return
        assert guid in after
        names = f"(?:{'|'.join(map(re.escape, sorted(gone)))})"
        assert re.fullmatch(names.join(map(re.escape, folded(after).split(guid))), folded(before))
