"""Whatever a record holds: its event is one that Daybook takes, the same each time, and no value of it is lost."""

import copy
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybook_client.importing.identity import Identities
from daybook_client.importing.leftovers import folded, scalars
from daybook_client.importing.making import Maker, RejectedRecord
from daybook_client.importing.report import Report
from tests.client.importing.making import AT, mapping_of, read_by_daybook

MAPPING = mapping_of(
    r"""
status = {expr = "status", map = {ok = "success", bad = "failure"}}
variant = "variant"
"actor.type" = [{const = "user", when = "user"}, {expr = "kind", convert = "lower"}]
"actor.id" = "user.id || uid"
"actor.username" = "user.name"
"actor.email" = "user.mail"
"actor.user_type" = "variant"
"actor.roles" = {expr = "roles", convert = "list"}
"actor.impersonator.username" = "behind"
"target.type" = {expr = "things[0].kind", default = "thing"}
"target.id" = "things[0].id"
"target.name" = "join(' ', [first, last])"
"target.username" = "things[0].login"
"target.within.type" = "within.kind"
"target.within.id" = "within.id"
"context.ip" = {expr = "ip", convert = "ip"}
"context.user_agent" = "agent"
"context.session_id" = "session"
"source.type" = "origin"
"params.region" = "region"
details = "details"
people = "people[*].{id: id, username: login, name: name}"
changes = "changes[*].{field: f, from: old, to: new}"
""",
    head='id = ["own"]',
    tail='[unplaced]\nignore = ["noise"]',
)

TOLD = (("status", "ok"), ("status", "bad"))

texts = st.text(max_size=12) | st.text("ab.-: _", max_size=200) | st.sampled_from(["ok", "user", "User", "1.2.3.4:56"])
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)


def objects(*names: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, anything))


records = st.fixed_dictionaries(
    {"at": st.just(AT) | st.integers(0, 999), "what": st.just("x") | texts},
    optional={
        **dict.fromkeys(("status", "variant", "kind", "uid", "roles", "behind", "own", "region", "noise"), anything),
        **dict.fromkeys(("first", "last", "ip", "agent", "session", "origin", "details", "Ödd Näme"), anything),
        "user": objects("id", "name", "mail", "else") | anything,
        "things": st.lists(objects("kind", "id", "login", "else"), max_size=3) | anything,
        "within": objects("kind", "id"),
        "people": st.lists(objects("id", "login", "name"), max_size=3) | anything,
        "changes": st.lists(objects("f", "old", "new"), max_size=3) | anything,
        "more": st.dictionaries(texts, anything, max_size=6),
    },
)


def event_of(record: dict[str, Any], report: Report) -> dict[str, Any]:
    maker = Maker(MAPPING, report, zone=None, environment=None)
    return maker.make(record, Identities(MAPPING.name, MAPPING.id).of(record))[0]


def leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner, path)]
    return [] if value is None or value == "" else [(".".join(path), value)]


def counted(report: Report) -> Counter[str]:
    return report.unplaced + report.ignored


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(records)
def test_any_record_gives_an_event_that_daybook_takes_and_loses_nothing(record: dict[str, Any]) -> None:
    """Each value stands in the event, or is counted under its path, or something of the event was cut and counted."""
    before = copy.deepcopy(record)
    report = Report()
    try:
        event = event_of(record, report)
    except RejectedRecord:
        return
    assert repr(record) == repr(before)
    assert read_by_daybook(event).adjusted == ()
    assert event_of(record, Report()) == event
    present = " ".join([*scalars(event), folded(event["id"])])
    lost = counted(report)
    for path, value in leaves(record):
        clean = value if not isinstance(value, str) else "".join(map(_replaced, value))
        spelled = {folded(clean), folded(str(clean).lower()), folded(AT)} | ({_json(value)})
        is_there = any(each in present for each in spelled if clean != AT) or clean == AT
        assert is_there or lost[path] or report.cut or path.split(".")[0] in ("at", "noise") or (path, value) in TOLD, (
            path,
            value,
            event,
        )


def _json(value: Any) -> str:
    return folded({True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))


def _replaced(character: str) -> str:
    code = ord(character)
    unclean = (code < 32 and character not in "\t\n\r") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
    return "\ufffd" if unclean else character
