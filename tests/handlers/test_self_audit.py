"""What reads leave in the log that they read."""

import json
import re
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from daybook.aws.events_table.append import EventTable
from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, format_time
from daybook.events.item import StoredEvent, partition
from daybook.events.packing import unpack
from daybook.events.reader import content_of
from daybook.events.store import Append, Key
from daybook.ids import lowest_id
from daybook.people.lookup import GUID
from tests.support.calls import answered
from tests.support.tenant_log import TenantLog, problem_of

MIKE = {"type": "user", "id": "u-1", "username": "mike.mars"}
TARGET_READS = {
    "/v1/target": "Last update of defect:D-9 viewed",
    "/v1/target/time": "Time spent on defect:D-9 viewed",
    "/v1/target/attribution": "Attribution of a change of defect:D-9 at 2026-11-22T00:00:00.000Z viewed",
}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    log = TenantLog(dynamodb, tables)
    log.now = log.now // MINUTE * MINUTE
    log.sent(*({"actor": MIKE, "target": {"type": "defect", "id": "D-9"}} for _ in range(3)))
    return log


def searches(log: TenantLog) -> list[dict[str, Any]]:
    """Recorded searches but for those that look for them, by time."""
    found = [event for event in log.recorded("searched") if event["params"]["filters"]]
    return sorted(found, key=lambda event: str(event["occurred_at"]))


def test_a_search_is_an_event_of_the_log(log: TenantLog) -> None:
    """Who, from where, with which filters, how many came with the first page and whether there are more."""
    log.page({"actor": "mike.mars", "activity": "document.updated", "limit": "2", "view": "generic"})
    (recorded,) = searches(log)
    assert recorded["actor"]["type"] == "api"
    assert (recorded["actor"]["username"], recorded["actor"]["client_id"]) == ("The key", "k1")
    assert recorded["params"] == {
        "filters": ["activity=document.updated", "actor=mike.mars"],
        "rows": 2,
        "more": True,
    }
    words = "activity document.updated, actor mike.mars; 2 rows and more"
    assert recorded["details"] == f"Audit log searched: {words}"
    assert recorded["context"]["ip"] == "203.0.113.7"
    assert recorded["context"]["user_agent"] == "curl/8"
    assert (recorded["activity"], recorded["component"]) == ("audit-log.searched", "Audit Log")
    assert (recorded["target"], recorded["environment"]) == (None, "prod")


@pytest.mark.parametrize(
    "name",
    [
        "kim",
        ".kim",
        "kim; 7 rows",
        "“kim”",
        "log",
        "searched",
        "target",
        "o'neil,kim",
        "Müller",
        "李明",
        "kim=lee",
        "actor kim",
    ],
)
def test_the_words_of_a_search_name_people_as_people(log: TenantLog, name: str) -> None:
    """They show the name while it may be shown, and never hold it in the clear; then they show the GUID."""
    (event_id,) = log.sent({"actor": {"type": "user", "username": name, "id": "u-9"}})
    (guid,) = [event["actor"]["id"] for event in log.page()["events"] if event["id"] == event_id]
    log.page({"actor": name, "target": f"user:{name}"})
    (recorded,) = searches(log)
    mark = any(each in name for each in " ,;“”")

    def words(who: str) -> str:
        actor, target = (f"“{text}”" if mark else text for text in (who, f"user:{who}"))
        return f"Audit log searched: actor {actor}, target {target}; no rows"

    assert recorded["details"] == words(name)
    items = log.dynamodb.scan(TableName=log.tables.events)["Items"]
    (content,) = [content_of(bytes(item["z"]["B"])) for item in items if item["sk"]["S"] == recorded["id"]]
    assert re.fullmatch(words("WHO").replace("WHO", r"~\d+\.\d+;"), content["details"])
    log.forget(guid)
    log.now += MINUTE  # a key lives at most 30 s in a warm function
    (forgotten,) = [event for event in log.recorded("searched") if event["id"] == recorded["id"]]
    assert forgotten["details"] == words(guid)


def test_the_pages_after_the_first_are_not_recorded(log: TenantLog) -> None:
    """They belong to the search that is recorded already."""
    query = {"activity": "document.updated", "limit": "1"}
    page = log.page(query)
    log.now += MINUTE
    for _ in range(2):
        page = log.page({**query, "cursor": page["next_cursor"]})
    assert page["next_cursor"] is None
    assert len(searches(log)) == 1


def test_each_search_is_recorded_at_its_own_time(log: TenantLog) -> None:
    """Never before what it found, nor as one with an equal search: an examiner asks in what order things were done."""
    query = {"activity": "document.updated"}
    log.now += 59_999
    (found,) = log.sent({})
    log.now += 1
    log.page(query)
    log.page(query)
    log.now += 17
    log.page(query, credential="k2")
    times = [event["occurred_at"] for event in searches(log)]
    assert times == [format_time(log.now - 17)] * 2 + [format_time(log.now)]
    assert min(event["id"] for event in searches(log)) > found


def test_free_text_and_addresses_are_recorded_only_as_present(log: TenantLog) -> None:
    """Nor does a name that nobody has stand in the record: it may be somebody's all the same."""
    log.page({"q": ["secret", "words"], "ip": "192.0.2.77", "actor": ["no.body", "api"], "target": "user:who.ever"})
    (recorded,) = searches(log)
    assert recorded["params"]["filters"] == ["actor=api", "actor=?", "ip", "q", "target=user:?"]


@pytest.mark.every_store
def test_reads_of_events_and_targets_are_recorded_as_viewed(log: TenantLog) -> None:
    """Never with the thing that was read as their target: it has its own history."""
    (event_id,) = log.sent({"activity": "user.login"})
    log.read("/v1/events/{event_id}", parameters={"event_id": event_id})
    for path in TARGET_READS:
        at = {"at": "2026-11-22T00:00:00Z"} if path.endswith("attribution") else {}
        log.read(path, {"target": "defect:D-9", **at})
    viewed = log.recorded("viewed")
    assert sorted(event["details"] for event in viewed) == sorted([f"Event {event_id} viewed", *TARGET_READS.values()])
    assert {event["target"] for event in viewed} == {None}
    assert answered(log.read("/v1/target", {"target": "defect:D-9"}))["events"] == 3


def test_what_is_not_there_is_not_viewed(log: TenantLog) -> None:
    """Refused and unfound reads leave nothing but their access-log line."""
    log.read("/v1/events/{event_id}", parameters={"event_id": "0" * 36})
    log.read("/v1/target", {"target": "nonsense"})
    log.read(query={"limit": "0"})
    log.read("/v1/catalogue")
    assert log.recorded() == []


def test_operations_are_recorded_under_their_alias(dynamodb: Any, tables: Tables) -> None:
    """And Daybook's own events count as Administration settings with CareAR."""
    log = TenantLog(dynamodb, tables, "carear")
    log.reader("operations")(query={"category": "surveys"})
    (recorded,) = searches(log)
    assert (recorded["actor"]["type"], recorded["actor"]["username"]) == ("operations", "CareAR Operations")
    assert recorded["category"] == "Administration settings"
    found = log.page({"category": "administration-settings"})["events"]
    assert recorded["id"] in [event["id"] for event in found]
    shown = log.page({"view": "carear", "actor": "CareAR Operations"})["events"]
    assert [row["Username"] for row in shown] == ["CareAR Operations"]


class Refusing:
    """A store of events that takes no more of them."""

    def __init__(self, events: EventTable) -> None:
        self.find = events.find

    def append(self, events: Sequence[StoredEvent], _remaining: Callable[[], float]) -> dict[Key, Append]:
        return {(event.partition, event.id): Append.THROTTLED for event in events}


def test_what_cannot_be_recorded_is_not_read(log: TenantLog) -> None:
    """503 with Retry-After, and not one event of the page."""
    (event_id,) = log.sent({"activity": "user.login"})
    refused = log.reader(events=Refusing(EventTable(log.dynamodb, log.tables.events)))
    answers = [
        refused(query={"activity": "user.login"}),
        refused("/v1/events/{event_id}", parameters={"event_id": event_id}),
        refused("/v1/target", {"target": "defect:D-9"}),
    ]
    for answer in answers:
        assert problem_of(answer) == (503, "not_recorded")
        assert answer["headers"]["Retry-After"] == "1"
        assert "events" not in answered(answer)
    assert refused(query={"activity": "user.login", "cursor": "x"})["statusCode"] == 400
    assert refused("/v1/catalogue")["statusCode"] == 200


NAMES = st.one_of(
    st.sampled_from(["mike.mars", "ü.ber", "a b", "straße", "x", "jo", "山田", "o'neil", "a#b", "admin"]),
    # No word of ours among them.
    st.text(st.characters(categories=("L", "N", "P")), max_size=12).map(lambda name: f"Q{name}7x"),
)


@examples(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=NAMES,
    client_id=st.none() | st.uuids().map(str) | st.text("0123456789", min_size=9, max_size=9),
    form=st.sampled_from(["actor={}", "target=user:{}", "target=defect:{}", "target=defect:home/{}-2026"]),
    seen=st.sampled_from(["never", "as actor", "with the target"]),
)
def test_nobodys_name_stands_in_the_record_of_a_search(
    log: TenantLog, name: str, client_id: str | None, form: str, seen: str
) -> None:
    """A name or id that is asked for is sealed where somebody has it, and is not written otherwise. This also holds
    where that person's own events are about the target that is asked for.
    """
    log.now += MINUTE
    person = {"type": "user", "username": name} | ({} if client_id is None else {"id": client_id})
    asked = {text: form.format(text).partition("=")[::2] for text in (name, client_id) if text is not None}
    events: list[dict[str, Any]] = [] if seen == "never" else [{}]
    if seen == "with the target":
        events += [{"target": _place(value)} for parameter, value in asked.values() if parameter == "target"]
    for fields in events:
        if log.send({"activity": "user.login", "actor": person, **fields})["statusCode"] != 201:
            return  # an alias
    for parameter, value in asked.values():
        assert log.read(query={parameter: value})["statusCode"] == 200
    written = searched_now(log)
    assert len(written) == len(asked)
    assert not [line for line in written if "203.0.113.7" in line or "curl" in line]  # the caller's
    for text, (_, value) in asked.items():
        if len(text) <= 2:
            continue  # hides in other words
        if GUID.fullmatch(text) and seen == "never" and "defect" not in form:
            continue  # may be a forgotten person's GUID, which names nobody
        if text.isdecimal() and "/" in value:
            continue  # a number within an id is not taken for a client's id
        for line in written:
            assert json.dumps(text, ensure_ascii=False)[1:-1].casefold() not in line.casefold(), (text, line)


def _place(target: str) -> dict[str, str]:
    kind, _, text = target.partition(":")
    return {"type": kind, "id": text}


def searched_now(log: TenantLog) -> list[str]:
    """The records of this minute's searches, without what is sealed: parameters, actor, texts and keys."""
    lines = []
    for item in log.dynamodb.query(
        TableName=log.tables.events,
        IndexName="by_activity",
        KeyConditionExpression="by_activity = :searched AND sk >= :now",
        ExpressionAttributeValues={
            ":searched": {"S": f"{partition(log.settings.environment_key('prod'), 0)}#audit-log.searched"},
            ":now": {"S": lowest_id(log.now)},
        },
    )["Items"]:
        content = json.loads(unpack(item["z"]["B"]))
        content.pop("people", None)
        lines.append(json.dumps([content, item["pk"]["S"], item["sk"]["S"]], ensure_ascii=False))
    return lines


def newest_target(log: TenantLog) -> str:
    """The target that was searched or viewed last, as the log says it."""
    found = [*searches(log), *log.recorded("viewed")]
    params = max(found, key=lambda event: str(event["id"]))["params"]
    (target,) = params.get("filters") or [f"target={params['target']}"]
    return str(target).removeprefix("target=")


def records_in_the_clear(log: TenantLog) -> str:
    """What the records of this log say without any key."""
    contents = [json.loads(unpack(item["z"]["B"])) for item in log.dynamodb.scan(TableName=log.tables.events)["Items"]]
    records = [content for content in contents if content["activity"].startswith("audit-log")]
    return json.dumps([{**content, "people": None} for content in records], ensure_ascii=False).casefold()


@pytest.mark.parametrize(("name", "text"), [("mike.mars", "MIKE.MARS"), ("山田", "山田")])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/target"])
def test_a_target_that_is_a_persons_name_is_sealed(log: TenantLog, path: str, name: str, text: str) -> None:
    """Readers see what was asked for as long as the person is known, and the GUID afterwards."""
    log.sent({"actor": {"type": "user", "username": name}})
    guid = next(event["actor"]["id"] for event in log.page()["events"] if event["actor"]["username"] == name)
    log.now += MINUTE
    assert log.read(path, {"target": f"folder:{text}"})["statusCode"] == 200
    log.now += MINUTE
    assert newest_target(log) == f"folder:{text}"
    assert name.casefold() not in records_in_the_clear(log)
    log.forget(guid)
    log.now += MINUTE
    assert newest_target(log) == f"folder:{guid}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mike.mars", "mike.mars-files"),
        ("mike.mars", "home/Mike.Mars/2026"),
        ("Mike Mars", "files of mike mars, 2026"),
        ("佐藤花子", "佐藤花子さん"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/target"])
@pytest.mark.parametrize("events", [0, 1], ids=["without events", "with an event"])
def test_a_name_within_a_targets_id_is_not_written(
    log: TenantLog, path: str, name: str, text: str, events: int
) -> None:
    """Only the target's type is, also where events are about that target and seal the name in its id."""
    log.sent({"actor": {"type": "user", "username": name}})
    for _ in range(events):
        log.sent({"actor": {"type": "user", "username": name}, "target": {"type": "folder", "id": text}})
    log.now += MINUTE
    assert log.read(path, {"target": f"folder:{text}"})["statusCode"] == 200
    log.now += MINUTE
    assert newest_target(log) == "folder"
    assert name.casefold() not in records_in_the_clear(log)


@pytest.mark.parametrize("path", ["/v1/events", *TARGET_READS])
def test_an_id_is_written_where_events_show_it_in_the_clear(log: TenantLog, path: str) -> None:
    """As the target or as what contains it. Nothing else tells an id from a name."""
    log.sent({"target": {"type": "page", "id": "P-1", "within": {"type": "book", "id": "B 1"}}})
    more = {"at": "2026-11-22T00:00:00Z"} if path.endswith("attribution") else {}
    for target, written in (
        ("page:P-1", "page:P-1"),
        ("book:B 1", "book:B 1"),
        ("page:P-2", "page"),
        ("book:P-1", "book"),
        ("page:p-1", "page"),
        ("page:System", "page:System"),
    ):
        log.now += MINUTE
        assert log.read(path, {"target": target, **more})["statusCode"] == 200
        log.now += MINUTE
        assert newest_target(log) == written


def test_an_id_is_not_written_where_one_of_its_events_finds_a_name_in_it(log: TenantLog) -> None:
    """Another event that does not mention the person shows the same id in the clear."""
    target = {"type": "folder", "id": "mike.mars-files"}
    jane = {"type": "user", "username": "jane"}
    for actor, written in ((jane, "folder:mike.mars-files"), (MIKE, "folder"), (jane, "folder")):
        log.sent({"actor": actor, "target": target})
        log.now += MINUTE
        log.page({"target": "folder:mike.mars-files"})
        log.now += MINUTE
        assert newest_target(log) == written


def test_a_persons_guid_as_an_id_is_written(log: TenantLog) -> None:
    """It names nobody. Whether the GUID is a person's is known as long as that person is not forgotten."""
    guid = log.page()["events"][0]["actor"]["id"]
    for written in (f"folder:{guid}", "folder"):
        log.now += MINUTE
        log.page({"target": f"folder:{guid}"})
        log.now += MINUTE
        assert newest_target(log) == written
        log.forget(guid)
        log.now += MINUTE


def test_a_long_target_of_many_words_costs_nothing(log: TenantLog) -> None:
    """Nothing looks for names in its words, of which it has two million sequences."""
    target = "folder:" + "a " * 2_000
    tracemalloc.start()
    try:
        log.page({"target": target})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20_000_000
    log.now += MINUTE
    assert newest_target(log) == "folder"


@pytest.mark.parametrize("text", ["mike.mars", "mike.mars-files", "home/MIKE.MARS/2026", "u-1"])
def test_the_name_of_who_is_forgotten_does_not_come_into_the_log_again(log: TenantLog, text: str) -> None:
    """The id of a target that holds it is not written."""
    log.sent({"actor": MIKE, "target": {"type": "folder", "id": text}})
    log.forget(log.page()["events"][0]["actor"]["id"])
    for target, written in ((f"folder:{text}", "folder"), ("defect:D-9", "defect:D-9")):
        log.now += MINUTE
        log.page({"target": target})
        log.now += MINUTE
        assert newest_target(log) == written


def test_whoever_took_a_forgotten_name_does_not_bring_it_back(log: TenantLog) -> None:
    """It stays out of the clear, also where it means somebody else now."""
    log.forget(log.page()["events"][0]["actor"]["id"])
    log.now += MINUTE
    log.sent({"actor": MIKE, "target": {"type": "folder", "id": "mike.mars-files"}})
    for target, written in (("folder:mike.mars-files", "folder"), ("folder:mike.mars", "folder:mike.mars")):
        log.now += MINUTE
        log.page({"target": target})
        log.now += MINUTE
        assert newest_target(log) == written
    assert "mike" not in records_in_the_clear(log)


@pytest.mark.parametrize("profile", ["carear", "generic"])
def test_labels_are_written_where_they_are_labels(dynamodb: Any, tables: Tables, profile: str) -> None:
    """Those of the catalogue, and short ones of one word; whatever else it is, it may be a name."""
    log = TenantLog(dynamodb, tables, profile)
    log.page(
        {
            "component": ["Mike Mars", "Document"],
            "user_type": ["Admin", "mike@mars.example"],
            "variant": "x" * 41,
            "category": ["Surveys", "Administration settings", "of mike.mars"],
            "activity": ["document.updated", "Mike Mars"],
        }
    )
    log.now += MINUTE
    (recorded,) = searches(log)
    known = ["Administration settings"] if profile == "carear" else ["?"]
    assert sorted(recorded["params"]["filters"]) == sorted(
        [
            *("activity=document.updated", "activity=?", "component=Document", "component=?", "user_type=Admin"),
            *("user_type=?", "variant=?", "category=Surveys", "category=?", *(f"category={each}" for each in known)),
        ]
    )
