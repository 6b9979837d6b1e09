"""The feed: every storing once, in the order of its append, and what became of those that are no longer shown."""

import io
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, format_time
from daybook.delivery.formats import FORMATS
from daybook.ledger.logs import new_log
from daybook.observability import EVENTS_MISSING, TAMPER_FOUND
from daybook.search.merge import Bounds
from tests.support.calls import answered
from tests.support.documents import blocks
from tests.support.fed_log import FedLog
from tests.support.places import ROOT
from tests.support.tenant_log import problem_of
from tests.support.wiring import seeded_bytes

FEED = "/v1/feed"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> FedLog:
    return FedLog(dynamodb, tables, retention_days=30)


def page(log: FedLog, /, role: str = "auditor", **query: Any) -> dict[str, Any]:
    answer = log.ask(FEED, {name: str(value) for name, value in query.items()}, role)
    assert answer["statusCode"] == 200, answer["body"]
    found: dict[str, Any] = answered(answer)
    return found


def sent(log: FedLog, number: int, **changed: Any) -> list[str]:
    return log.sent(*({"id": f"event-{each}", **changed} for each in range(number)))


@pytest.mark.every_store
def test_a_poller_sees_every_event_once(log: FedLog) -> None:
    """In the order of their appends, whatever time they say they occurred at, over pages and while more arrive."""
    first = log.sent({}, {"occurred_at": format_time(log.now - DAY)}, {})
    log.seal()
    after, seen = 0, []
    for _ in range(10):
        answer = page(log, after=after, limit=2)
        assert [item["index"] for item in answer["events"]] == list(range(after, answer["next"]))
        seen += [item["event"]["id"] for item in answer["events"]]
        after = answer["next"]
        if len(seen) == 4:
            log.now += 1
            first += log.sent({"occurred_at": format_time(log.now - 2 * DAY)})
            log.seal()
    entries = [entry.id for _, entry in log.wiring.appends.read(log.log(), 0, answer["size"])]
    assert seen == entries
    assert set(first) <= set(seen)
    assert answer == {"events": [], "log": log.log().name, "next": after, "size": after}


def test_an_event_is_shown_as_any_read_shows_it(log: FedLog) -> None:
    (identifier,) = log.sent({"details": "Mike did it", "context": {"ip": "203.0.113.9"}})
    log.seal()
    (native,) = [event for event in log.page()["events"] if event["id"] == identifier]
    (item,) = page(log)["events"]
    assert item == {"index": 0, "event": native}


def test_a_number_of_a_log_that_has_ended_leads_to_the_next_one(log: FedLog) -> None:
    """Once nothing is left of it, also where a restore has cut it short. Without the log's name it is refused."""
    log.sent({}, {})
    log.seal()
    first = log.log()
    assert log.ask(FEED, {"after": "1"})["headers"]["Daybook-Log"] == first.name
    second = log.wiring.logs.begin(new_log(first.key, "daybook", log.now, seeded_bytes(5), first))
    third = log.wiring.logs.begin(new_log(first.key, "daybook", log.now, seeded_bytes(6), second))
    for after in (1, 2, 99):
        assert problem_of(log.ask(FEED, {"after": str(after)})) == (400, "invalid_parameter")
    assert page(log) == {"events": [], "log": third.name, "next": 0, "size": 0}
    rest = page(log, log=first.name, after=1)
    assert ([item["index"] for item in rest["events"]], rest["log"], rest["next"]) == ([1], first.name, 2)
    for after in (2, 99):
        answer = log.ask(FEED, {"log": first.name, "after": str(after)})
        assert answered(answer) == {"events": [], "log": second.name, "next": 0, "size": 2}
        assert answer["headers"]["Daybook-Log"] == first.name
    assert page(log, log=second.name)["log"] == third.name
    assert problem_of(log.ask(FEED, {"log": third.name, "after": "1"})) == (400, "invalid_parameter")
    log.seal()
    assert problem_of(log.ask(FEED, {"after": "1"})) == (400, "invalid_parameter")
    assert page(log, log=third.name, after=1)["events"][0]["index"] == 1


class Asleep(Exception):  # noqa: N818  ends the guide's loop
    pass


@pytest.mark.parametrize("late", [2, 9])
@pytest.mark.parametrize("lost", [0, 3])
def test_the_loop_of_the_guide_misses_nothing(
    log: FedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: int, lost: int
) -> None:
    """Also where a new log begins: one that is smaller or larger, after an old one of which a restore lost the end."""
    monkeypatch.chdir(tmp_path)
    (block,) = [each for each in blocks(ROOT / "docs/guides/feed.md") if each.language == "python"]
    got: list[str] = []

    def urlopen(call: Any, timeout: float) -> Any:
        assert timeout
        url = urlsplit(call.full_url)
        return io.StringIO(log.ask(url.path, parse_qs(url.query))["body"])

    def sleep(seconds: float) -> None:
        if seconds:
            raise Asleep

    def poll() -> None:
        named = {"DAYBOOK": "http://daybook", "HEADERS": {}, "deliver": deliver}
        with pytest.raises(Asleep):
            exec(compile(block.text, "feed.md", "exec"), named)  # noqa: S102  the guide is what is tested

    def deliver(events: list[dict[str, Any]]) -> None:
        got.extend(item["event"]["id"] for item in events)

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr("time.sleep", sleep)
    poll()
    early = log.sent(*({} for _ in range(5)))
    log.seal()
    poll()
    assert {*early} <= {*got}
    old = log.log()
    if lost:
        (tmp_path / "place.json").write_text(json.dumps({"log": old.name, "after": 5 + lost}))
    log.wiring.logs.begin(new_log(old.key, "daybook", log.now, seeded_bytes(5), old))
    log.now += 1
    newer = log.sent(*({} for _ in range(late)))
    log.seal_only(newer)  # the stream brings what is new
    log.now += 1
    poll()
    assert {*newer} <= {*got}
    log.seal()  # and the sweep the rest
    poll()
    assert {*early} <= {*got[len(early) :]}


def test_before_anything_was_appended_there_is_nothing(log: FedLog) -> None:
    answer = log.ask(FEED, {})
    assert answered(answer) == {"events": [], "log": None, "next": 0, "size": 0}
    assert "Daybook-Log" not in answer["headers"]
    assert problem_of(log.ask(FEED, {"after": "1"})) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    "query",
    [
        *({"after": text} for text in ("-1", "01", "1.0", "", "x", "9" * 17, "٣")),
        *({"limit": text} for text in ("0", "501", "-1", "x")),
        {"after": ["0", "1"]},
        {"format": "xml"},
        {"format": "ocsf", "view": "generic"},
        {"with": "native"},
        {"with": "native", "format": "ocsf"},
        {"sort": "actor"},
        {"cursor": "x"},
        {"nonsense": "x"},
        {"view": "nonsense"},
        {"group": "nobody"},
        {"from": format_time(DAY), "to": format_time(DAY)},
        {"log": ["a", "b"]},
    ],
    ids=json.dumps,
)
def test_what_is_no_place_in_a_log_is_refused(log: FedLog, query: Any) -> None:
    log.sent({})
    log.seal()
    assert log.ask(FEED, query)["statusCode"] == 400


def test_the_end_is_a_place_and_beyond_it_is_none(log: FedLog) -> None:
    log.sent({})
    log.seal()
    assert page(log, after=1) == {"events": [], "log": log.log().name, "next": 1, "size": 1}
    assert problem_of(log.ask(FEED, {"after": "2"})) == (400, "invalid_parameter")


def test_nobody_reads_what_is_not_theirs(log: FedLog, dynamodb: Any, tables: Tables) -> None:
    """Neither another environment's log, nor another tenant's, nor that of what only operations may read."""
    log.sent({}, {"environment": "test"})
    log.seal()
    other = FedLog(dynamodb, tables, tenant="other", profile="enate", retention_days=None)
    other.sent({"activity": "api.called", "actor": {"type": "api"}})
    other.seal()
    in_test, hidden = log.log("test"), other.log(visibility="operations")
    assert problem_of(log.ask(FEED, {"environment": "nowhere"})) == (404, "not_found")
    assert problem_of(log.ask(FEED, {"environment": "test"}, environment="prod")) == (403, "environment_denied")
    assert problem_of(log.ask(FEED, {"log": in_test.name}, environment="prod")) == (404, "not_found")
    assert problem_of(log.ask(FEED, {"log": in_test.name, "environment": "prod"})) == (404, "not_found")
    assert problem_of(log.ask(FEED, {"log": hidden.name})) == (404, "not_found")
    assert problem_of(other.ask(FEED, {"log": hidden.name})) == (404, "not_found")
    assert page(other)["events"] == []
    assert len(page(other, "operations", log=hidden.name)["events"]) == 1
    # Nor the record of that read, which names the log.
    assert [read["params"]["log"] for read in other.recorded("feed-read")] == [""]
    assert len(page(log, log=in_test.name)["events"]) == 1


@pytest.mark.every_store
def test_what_retention_hides_is_gone_and_what_nothing_explains_is_missing(log: FedLog) -> None:
    """Also while TTL has not deleted it. Nobody can tell whether it matched a filter, so it is never left out."""
    expired, removed, kept = log.sent({"occurred_at": format_time(log.now - 29 * DAY)}, {"activity": "a.b"}, {})
    log.seal()
    log.delete(removed)
    log.now += 2 * DAY
    order = [entry.id for _, entry in log.wiring.appends.read(log.log(), 0, 3)]
    for query in ({}, {"activity": "document.updated"}, {"activity": "x.y"}):
        found = {order[item.pop("index")]: item for item in page(log, **query)["events"]}
        assert found[expired] == {"gone": "expired"}
        assert found[removed] == {"missing": removed}
        assert (kept in found) == (query != {"activity": "x.y"})
    assert log.counted == [EVENTS_MISSING] * 3


def test_what_may_have_expired_is_gone_though_a_longer_retention_is_set(log: FedLog) -> None:
    """By the settings' history: it may have been deleted before."""
    (identifier,) = log.sent({"occurred_at": format_time(log.now - 29 * DAY)})
    log.seal()
    log.now += 3 * DAY
    log.delete(identifier)
    log.control.change_tenant(log.settings.code, lambda now: now.with_retention(365, log.now))
    assert page(log)["events"] == [{"index": 0, "gone": "expired"}]
    assert not log.counted


def test_an_event_that_expired_and_was_sent_again_is_shown_by_its_second_entry(log: FedLog) -> None:
    """The same id has two entries."""
    moment = format_time(log.now - 5 * DAY)
    (first,) = log.sent({"id": "again", "occurred_at": moment})
    log.seal()
    log.control.change_tenant(log.settings.code, lambda now: now.with_retention(3, log.now))
    log.now += 2 * DAY
    log.delete(first)
    log.control.change_tenant(log.settings.code, lambda now: now.with_retention(30, log.now))
    assert log.sent({"id": "again", "occurred_at": moment}) == [first]
    log.seal()
    gone, event = page(log)["events"]
    assert gone == {"index": 0, "gone": "expired"}
    assert (event["index"], event["event"]["id"]) == (1, first)
    assert not log.counted


@pytest.mark.parametrize("bytes_", [b"", b"\1garbage", None], ids=["empty", "garbage", "another"])
def test_bytes_that_are_not_as_sealed_are_missing(log: FedLog, bytes_: bytes | None) -> None:
    """And operators are alarmed of both."""
    one, _ = log.sent({"details": "one"}, {"details": "two"})
    log.seal()
    victim, other = log.items()[:2]
    changed = {**victim, "z": {"B": bytes_ if bytes_ is not None else other["z"]["B"]}}
    log.dynamodb.put_item(TableName=log.tables.events, Item=changed)
    if bytes_ == b"":
        assert log.ask(FEED, {})["statusCode"] == 500  # whose first byte is unknown may be a newer release's
        return
    found = page(log)["events"]
    assert [item["missing"] for item in found if "missing" in item] == [victim["sk"]["S"]]
    assert log.counted == [TAMPER_FOUND, EVENTS_MISSING]
    assert one


def test_what_was_just_stored_is_not_missing(log: FedLog) -> None:
    """The cheap read may not see it yet. Then it is read once more, strongly."""
    log.sent({})
    log.seal()
    table, behind = log.wiring.sealed_events, Mock()
    behind.packed.side_effect = lambda keys, *, consistent: table.packed(keys, consistent=True) if consistent else {}
    log.wiring = log.wiring.replacing(sealed_events=behind)
    assert "event" in page(log)["events"][0]
    assert [call.kwargs["consistent"] for call in behind.packed.call_args_list] == [False, True]
    assert not log.counted


def test_500_events_are_five_reads_at_half_price(log: FedLog) -> None:
    """And what is past retention is not read at all."""
    log.sent({}, *({"occurred_at": format_time(log.now - 29 * DAY), "activity": "a.b"} for _ in range(9)))
    for start in range(0, 490, 245):
        log.sent(*({"activity": "a.b", "actor": {"type": "system"}, "params": {"n": start}} for _ in range(245)))
    log.seal_at_once()
    log.now += 2 * DAY
    spy = Mock(wraps=log.wiring.sealed_events)
    log.wiring = log.wiring.replacing(sealed_events=spy)
    answer = page(log)
    assert len(answer["events"]) == answer["next"] == 500
    asked = [(len(call.args[0]), call.kwargs["consistent"]) for call in spy.packed.call_args_list]
    assert len(asked) == 5
    assert sum(number for number, _ in asked) == 491
    assert not any(consistent for _, consistent in asked)


def test_filters_narrow_what_is_shown_and_the_index_still_moves(log: FedLog) -> None:
    """Filters in the clear, sealed ones, negations, times and free text, as in a search."""
    jane = {"type": "user", "username": "jane.roe"}
    log.sent(
        {"activity": "a.b", "actor": jane, "details": "the needle"},
        {"activity": "a.c", "context": {"ip": "203.0.113.9"}},
        {"activity": "a.d", "occurred_at": format_time(log.now - 3 * DAY), "target": {"type": "case", "id": "7"}},
    )
    log.seal()
    asked: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["a.b", "a.c", "a.d"]),
        ({"activity": ["a.b", "a.c"]}, ["a.b", "a.c"]),
        ({"actor": "jane.roe"}, ["a.b"]),
        ({"actor!": "jane.roe"}, ["a.c", "a.d"]),
        ({"ip": "203.0.113.0/24", "activity!": "a.d"}, ["a.c"]),
        ({"q": "NEEDLE"}, ["a.b"]),
        ({"target": "case:7"}, ["a.d"]),
        ({"from": format_time(log.now - DAY)}, ["a.b", "a.c"]),
        ({"to": format_time(log.now - DAY)}, ["a.d"]),
        ({"range": "7d", "actor_type": "user", "activity": "a.*"}, ["a.b", "a.c", "a.d"]),
    ]
    for query, expected in asked:
        answer = answered(log.ask(FEED, query))
        assert sorted(item["event"]["activity"] for item in answer["events"]) == expected, query
        assert answer["next"] == 3


def test_a_group_narrows_too(log: FedLog) -> None:
    log.sent({}, {"actor": {"type": "user", "username": "jane.roe"}})
    log.seal()
    guid = next(e["actor"]["id"] for e in log.page()["events"] if e["actor"]["username"] == "jane.roe")
    log.wiring.groups.put(log.key(), "night", (guid,))
    (item,) = page(log, group="night")["events"]
    assert item["event"]["actor"]["username"] == "jane.roe"


def test_events_are_shown_in_a_view_or_as_a_stream_would(log: FedLog) -> None:
    log.sent({})
    log.seal()
    shown = page(log, view="chat", tz="Asia/Tokyo")
    of_search = log.page({"view": "chat", "tz": "Asia/Tokyo", "to": format_time(log.now + 1)})
    assert shown["columns"] == of_search["columns"]
    assert shown["events"][0]["event"] in of_search["events"]
    assert "native" not in shown["events"][0]
    (both,) = page(log, view="chat", tz="Asia/Tokyo", **{"with": "native"})["events"]
    (native,) = page(log)["events"]
    assert (both["event"], both["native"]) == (shown["events"][0]["event"], native["event"])
    for name in FORMATS:
        (item,) = page(log, format=name)["events"]
        assert item["event"], name
    assert page(log, format="ocsf")["events"][0]["event"]["class_uid"]
    assert page(log, format="cloudevents")["events"][0]["event"]["specversion"] == "1.0"


def test_a_forgotten_person_is_shown_by_the_guid(log: FedLog) -> None:
    """In the next poll; the entry stays as it is."""
    log.sent({})
    log.seal()
    guid = page(log)["events"][0]["event"]["actor"]["id"]
    log.forget(guid)
    log.now += 31_000  # a key lives at most 30 s in a warm function
    assert page(log)["events"][0]["event"]["actor"]["username"] == guid


@pytest.mark.parametrize("answer_bytes", [1, 900, 2_000, 1 << 20])
@pytest.mark.parametrize("limit", [1, 3, 500])
def test_a_bounded_answer_loses_nothing(log: FedLog, answer_bytes: int, limit: int) -> None:
    """Whatever the bound: each call makes progress, and its `next` is the first entry that was not answered."""
    log.sent(*({"details": "x" * 300} for _ in range(7)))
    log.seal()
    log.wiring = log.wiring.replacing(search_bounds=Bounds(answer_bytes=answer_bytes))
    after, seen = 0, []
    while after < 7:
        answer = page(log, after=after, limit=limit, activity="document.updated")
        assert after < answer["next"] <= after + limit
        seen += [item["index"] for item in answer["events"]]
        assert answer_bytes > 1 or len(answer["events"]) == 1
        after = answer["next"]
    assert seen == list(range(7))


def test_a_credential_is_recorded_once_an_hour_and_question(log: FedLog) -> None:
    """However many instances answer it. Another question, credential or hour is another record."""
    log.sent({})
    log.seal()
    for _ in range(2):
        log.wiring = log.wiring.replacing()  # another instance, which remembers nothing
        for after in (0, 1):
            page(log, after=after)
            page(log, after=after, view="generic")
    assert len(log.recorded("feed-read")) == 1
    page(log, actor="mike.mars")
    log.ask(FEED, {}, credential="k2")
    assert len(log.recorded("feed-read")) == 3
    log.now += HOUR
    page(log)
    recorded = log.recorded("feed-read")
    assert len(recorded) == 4
    assert sorted(event["params"]["filters"] or [] for event in recorded) == [[], [], [], ["actor=mike.mars"]]
    assert {event["params"]["log"] for event in recorded} == {log.log().name}
    # Each at the time of the call, and never before it.
    assert all(event["occurred_at"] == event["received_at"] for event in recorded)
    assert {event["occurred_at"] for event in recorded} == {format_time(log.now - HOUR), format_time(log.now)}
