"""The filters of a search that go beyond equality of a text, over the handler."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import format_time
from daybook.search.parameters import EQUALITIES
from tests.support.calls import answered
from tests.support.exports import Exporter
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import TenantLog, problem_of

E_ACUTE, E_AND_ACUTE = "é", "e\N{COMBINING ACUTE ACCENT}"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables, recorded=False)


def others(log: TenantLog, **query: Any) -> set[str]:
    """The ids of what a search finds beside Daybook's own events."""
    return {*log.found(**query)}


@pytest.mark.parametrize(
    ("sent", "found_by"),
    [
        ("2001:DB8:0:0:0:0:0:1", ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:db8::/32", "2001:db8::1/128"]),
        ("::ffff:203.0.113.9", ["203.0.113.9", "::FFFF:203.0.113.9", "203.0.113.0/24", "::ffff:203.0.113.0/120"]),
        ("203.0.113.9", ["::ffff:203.0.113.9", "::ffff:cb00:7109", "203.0.113.77/24", "0.0.0.0/0"]),
        ("fe80::1%eth0", ["fe80::1%eth0", "fe80::/10"]),
        ("203.0.113.9, 10.0.0.1", ["203.0.113.9, 10.0.0.1"]),
        ("unknown", ["unknown"]),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
    ],
)
def test_addresses_are_compared_not_their_spellings(log: ManagedLog, sent: str, found_by: list[str]) -> None:
    """Also within CIDR blocks. Values that are no addresses are compared as text. What was sent is shown."""
    own = {*log.sent({"context": {"ip": sent}})}
    other = {*log.sent({"context": {"ip": "198.51.100.1"}}, {})}
    for value in found_by:
        assert others(log, ip=["192.0.2.1", value]) - other == own, value
        assert others(log, **{"ip!": value}) & own == set(), value
    for value in ("2001:db8::2", "203.0.113.8", "203.0.114.0/24", "2001:db9::/32", "Unknown", "10.0.0.0/9", "none/8"):
        assert others(log, ip=value) == set(), value
        assert others(log, **{"ip!": value}) == own | other, value
    assert log.page({"ip": found_by[0]})["events"][0]["context"]["ip"] == sent


def test_a_block_of_version_6_holds_no_addresses_of_version_4(log: ManagedLog) -> None:
    """`::/0` means every address of version 6."""
    log.sent({"context": {"ip": "203.0.113.9"}})
    six = log.sent({"context": {"ip": "2001:db8::1"}})
    assert log.found(ip="::/0") == six


def test_an_activity_may_be_a_prefix(log: ManagedLog) -> None:
    """With a star at its end, alone or beside whole names; also when it excludes. Elsewhere a star is no wildcard."""
    names = ("user.login", "user.signed_in", "User.Login", "users.list", "ConsoleLogin", "repo:create")
    ids = dict(zip(names, log.sent(*({"activity": name} for name in names)), strict=True))

    def found(*values: str, name: str = "activity") -> set[str]:
        return {each for each, identifier in ids.items() if identifier in others(log, **{name: list(values)})}

    assert found("user.*") == {"user.login", "user.signed_in"}
    assert found("user*", "repo:create") == {"user.login", "user.signed_in", "users.list", "repo:create"}
    assert found("*") == set(names)
    assert found("user.*.x", "*.login", "us*r.login") == set()
    assert found("user.*", "repo:*", name="activity!") == {"User.Login", "users.list", "ConsoleLogin"}


@pytest.mark.parametrize("name", [name for name in EQUALITIES if name != "credential"])  # one key sends all of them
def test_every_filter_can_exclude(log: ManagedLog, name: str) -> None:
    """What a filter finds and what it excludes are together everything, and nothing is both. An absent value passes."""
    log.put_group("team", "mike.mars")
    cause = "01M7VKC0V20000000000000000000000000A"
    full = {
        "activity": "custom.updated",
        "variant": "one",
        "status": "failure",
        "actor": {
            "type": "user",
            "username": "mike.mars",
            "user_type": "Admin",
            "impersonator": {"username": "support.lee"},
        },
        "source": {"type": "ADMIN"},
        "target": {"type": "doc", "id": "D-1"},
        "details": "x",
        "context": {"ip": "203.0.113.7", "session_id": "s-1", "request_id": "r-1"},
        "caused_by": cause,
    }
    bare = {"activity": "document.created", "actor": {"type": "system"}}
    sent = log.sent(full, bare)
    values: dict[str, str] = {
        "activity": "custom.updated",
        "variant": "one",
        "category": "other",
        "component": "custom",
        "status": "failure",
        "actor": "mike.mars",
        "impersonator": "support.lee",
        "actor_type": "user",
        "group": "team",
        "user_type": "Admin",
        "target": "doc:D-1",
        "ip": "203.0.113.7",
        "source_type": "ADMIN",
        "origin": "user",
        "caused_by": cause,
        "session_id": "s-1",
        "request_id": "r-1",
    }
    assert others(log, **{name: values[name]}) == {sent[0]}
    assert others(log, **{f"{name}!": values[name]}) == {sent[1]}
    assert others(log, **{f"{name}!": values[name], name: values[name]}) == set()


def test_exclusion_narrows_what_other_filters_find(log: ManagedLog) -> None:
    """Whichever index answers; and none of several values."""
    both = {"type": "doc", "id": "D-1"}
    kept, *_ = log.sent(
        {"target": both},
        {"target": both, "actor": {"type": "user", "username": "jane.roe"}},
        {"target": both, "actor": {"type": "system"}},
        {"target": both, "status": "failure"},
        {"target": {"type": "doc", "id": "D-2"}},
    )
    query = {"target": "doc:D-1", "actor!": ["System", "JANE.ROE", "nobody"], "status!": "failure"}
    assert log.found(**query) == [kept]


def test_an_excluded_group_is_resolved_at_the_first_page(log: ManagedLog) -> None:
    """Later pages exclude the same people, whoever is in the group by then. An unknown group is 400."""
    log.put_group("team", "mike.mars")
    mine = {"actor": {"type": "user", "username": "jane.roe"}}
    sent = log.sent({}, mine, {}, mine, {"actor": {"type": "system"}})
    query = {"group!": "team", "component!": "Audit Log", "limit": "1", "sort": "occurred_at"}
    page = log.page(query)
    ids = [event["id"] for event in page["events"]]
    log.put_group("team", "jane.roe")
    while page["next_cursor"] is not None:
        page = log.page({**query, "cursor": page["next_cursor"]})
        ids += [event["id"] for event in page["events"]]
    assert sorted(ids) == sorted([sent[1], sent[3], sent[4]])
    assert problem_of(log.read(query={"group!": "nobody"})) == (400, "unknown_group")


def test_a_present_or_former_alias_means_the_type(log: ManagedLog) -> None:
    """In any case, and only for actors that are shown by it."""
    actors: list[dict[str, str]] = [
        {"type": "system"},
        {"type": "api", "username": "ci-bot"},
        {"type": "unknown"},
        {"type": "unknown", "username": "mike.mars"},
    ]
    system, api, unknown, named = log.sent(*({"actor": actor, "activity": "custom.thing"} for actor in actors))
    custom = {"activity": "custom.thing"}
    assert others(log, actor="SYSTEM", **custom) == {system}
    assert others(log, actor=["API", "unknown"], **custom) == {api, unknown}
    assert others(log, **{"actor!": ["system", "unknown"]}, **custom) == {api, named}


@pytest.mark.parametrize("kind", ["user", "User", "USER"])
def test_a_user_as_target_is_found_in_any_case(log: ManagedLog, kind: str) -> None:
    """The type `user` means a person however the reader writes it."""
    (kim,) = log.sent({"target": {"type": "user", "username": "kim.tgt"}})
    assert log.found(target=f"{kind}:Kim.Tgt") == [kim]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({"type": "user", "username": "kim.tgt"}, "KIM.tgt"),
        ({"type": "user", "username": "kim.tgt", "name": "Kim Target"}, "m targ"),
        ({"type": "doc", "id": f"Caf{E_ACUTE}"}, f"CAF{E_AND_ACUTE}"),
        ({"type": "doc", "id": "D-1", "name": f"Caf{E_AND_ACUTE}"}, f"af{E_ACUTE}"),
    ],
)
def test_text_is_found_in_what_the_target_column_shows(log: ManagedLog, target: dict[str, str], text: str) -> None:
    """A user's username and name too; without regard to case and to how letters are composed."""
    (one,) = log.sent({"target": target})
    log.sent({"target": {"type": "doc", "id": "other"}})
    assert log.found(q=text) == [one]


@pytest.mark.parametrize(("sent", "asked"), [(E_ACUTE, E_AND_ACUTE), (E_AND_ACUTE, E_ACUTE), (E_ACUTE, E_ACUTE)])
def test_ids_are_compared_without_regard_to_composition(log: ManagedLog, sent: str, asked: str) -> None:
    """Of targets, of what contains them, of sessions and requests. What was sent is shown."""
    event = {
        "target": {"type": "doc", "id": f"caf{sent}", "within": {"type": "shop", "id": sent}},
        "context": {"session_id": f"s{sent}", "request_id": f"r{sent}"},
    }
    (one,) = log.sent(event)
    log.sent({"target": {"type": "doc", "id": "cafe"}, "context": {"session_id": "se", "request_id": "re"}})
    for query in (
        {"target": f"doc:caf{asked}"},
        {"target": f"shop:{asked}"},
        {"session_id": f"s{asked}"},
        {"request_id": f"r{asked}"},
    ):
        assert log.found(**query) == [one], query
    assert log.page({"target": f"doc:caf{asked}"})["events"][0]["target"]["id"] == f"caf{sent}"


def test_a_range_has_no_upper_end(log: ManagedLog) -> None:
    """An event that is stamped 200 s ahead is in the last 7 days."""
    (ahead,) = log.sent({"occurred_at": format_time(NOW + 200_000)})
    assert log.found(range="7d") == [ahead]


def test_the_number_scanned_does_not_count_what_only_operations_may_know_of(dynamodb: Any, tables: Tables) -> None:
    """Neither by the timeline nor by an index; `reached` tells nothing of it. For operations it counts everything."""
    log = TenantLog(dynamodb, tables, "enate")
    earlier, span = {"occurred_at": format_time(NOW - 1)}, {"from": format_time(NOW - 2), "to": format_time(NOW)}
    called_at = {"occurred_at": format_time(NOW - 2)}
    calls = ({**called_at, "activity": "api.called", "details": "GET /packets"} for _ in range(5))
    log.sent(*calls, {**earlier, "activity": "work-item.created", "details": "created"})
    for query in ({"component!": "Audit Log"}, {"actor": "mike.mars"}, {"ip": "192.0.2.1"}):
        page = log.page({**query, **span})
        assert (page["scanned"], page["reached"]) == (1, format_time(NOW - 1)), query
        assert answered(log.reader("operations")(query={**query, **span}))["scanned"] == 6


@pytest.fixture
def crowd(log: ManagedLog) -> ManagedLog:
    """65 people who have one name, and 64 who have another."""
    names = ["guest"] * 65 + ["visitor"] * 64
    log.sent(*({"actor": {"type": "user", "id": f"u-{each}", "username": name}} for each, name in enumerate(names)))
    return log


@pytest.mark.parametrize("name", ["actor", "actor!", "impersonator", "target", "target!"])
def test_a_name_of_more_people_than_a_search_looks_for(crowd: ManagedLog, name: str) -> None:
    """422 beyond 64 people: the search's record could not name them. An id finds its person all the same."""
    kind = "user:" if name.startswith("target") else ""
    answer = crowd.read(query={"activity": "document.updated", name: f"{kind}Guest"})
    assert problem_of(answer) == (422, "too_many_people")
    for value in ("visitor", "u-64"):
        assert crowd.read(query={name: f"{kind}{value}"})["statusCode"] == 200, value


@pytest.mark.parametrize("only", [{}, {"activity": "document.updated"}])
def test_a_target_may_have_the_name_of_a_crowd(crowd: ManagedLog, only: dict[str, str]) -> None:
    """A folder is no person. It is found by its id: where that is a name in the event, part of a text, or neither."""
    folder = {"type": "folder", "id": "guest"}
    guest = {"type": "user", "id": "u-3", "username": "Guest"}
    crowd.sent({"actor": {**guest, "id": "u-200"}})
    sent = crowd.sent(
        {"target": folder},
        {"target": folder, "actor": guest},
        {"target": {"type": "doc", "id": "D-1", "within": folder}, "actor": {**guest, "id": "u-64"}},
        {"target": {**folder, "id": "guest/1"}, "actor": guest},
        {"target": {**folder, "id": "visitor"}, "actor": guest},
    )
    (forgotten,) = crowd.sent({"target": folder, "actor": {**guest, "id": "u-9"}})
    crowd.forget(crowd.page({"actor": "u-9"})["events"][0]["actor"]["id"])
    crowd.now += 30_000
    found = {*sent[:3]}
    assert others(crowd, target="folder:guest", **only) == found
    assert others(crowd, target=["folder:guest", "folder:visitor"], **only) == {*found, sent[4]}
    assert {*sent, forgotten} - others(crowd, **{"target!": "folder:guest"}, limit="500", **only) == found
    assert answered(crowd.read("/v1/target", {"target": "folder:guest"}))["events"] == 3
    query = {"target": "folder:guest", "limit": "1", **only}
    page = crowd.page(query)
    (first,), cursor = page["events"], page["next_cursor"]
    crowd.forget(crowd.page({"actor": "u-200"})["events"][0]["actor"]["id"])
    crowd.now += 30_000
    left = crowd.page({**query, "limit": "500", "cursor": cursor})["events"]
    assert {first["id"], *(event["id"] for event in left)} == found  # the crowd has become 64 people
    both = {"target": "folder:guest", "actor": ["guest", "visitor"]}
    crowd.sent({"actor": {**guest, "id": "u-201"}})
    assert problem_of(crowd.read(query=both)) == (422, "too_many_people")


@pytest.mark.parametrize("path", ["/v1/target", "/v1/target/time", "/v1/target/attribution"])
def test_a_target_of_more_people_than_a_read_looks_for(crowd: ManagedLog, path: str) -> None:
    """Like a search."""
    query = {"target": "user:guest"} | ({"at": format_time(NOW)} if path.endswith("attribution") else {})
    assert problem_of(crowd.read(path, query)) == (422, "too_many_people")


@pytest.mark.parametrize("filters", [{"actor": "guest"}, {"target!": ["user:guest"]}])
def test_an_export_of_more_people_than_a_search_looks_for(crowd: ManagedLog, filters: dict[str, Any]) -> None:
    """Like a search, before anything is recorded."""
    exporter = Exporter(crowd.dynamodb, crowd.tables, crowd.clock)
    assert problem_of(exporter.call("POST", "/v1/exports", {"filters": filters})) == (422, "too_many_people")


def test_the_impersonator_is_found(log: ManagedLog) -> None:
    """By username, own id and GUID, in any case; beside the actor; and what somebody else did is excluded."""
    lee = {"id": "u-7", "username": "support.lee", "name": "Lee Support"}
    helped, own, other = log.sent(
        {"actor": {"type": "user", "username": "customer.kim", "impersonator": lee}},
        {"actor": {"type": "user", "username": "customer.kim"}},
        {"actor": {"type": "user", **lee}},
    )
    (event,) = log.page({"q": "lee supp", "actor": "customer.kim"})["events"]
    guid = event["actor"]["impersonator"]["id"]
    assert event["id"] == helped
    for value in ("Support.Lee", "u-7", guid, guid.upper(), "nobody"):
        found = [] if value == "nobody" else [helped]
        assert log.found(impersonator=value) == found, value
        assert log.found(impersonator=value, actor="customer.kim") == found, value
        assert others(log, **{"impersonator!": value}) == {helped, own, other} - {*found}, value
    assert log.found(actor="support.lee") == [other]
    assert log.found(impersonator="System") == []
    log.forget(guid)
    log.now += 30_000
    assert log.found(impersonator="support.lee") == []
    assert log.found(impersonator=guid) == [helped]


def test_the_sender_is_found(log: ManagedLog) -> None:
    """By the id of its credential. Daybook's own events have no sender."""
    (mine,) = log.sent({})
    assert log.page({"credential": "k1"})["events"][0]["sender"] == {"credential": "k1"}
    assert log.found(credential="k1") == [mine]
    assert log.found(credential=["K1", "k2"]) == []
    log.page({"actor": "mike.mars"})
    assert {event["component"] for event in log.page({"credential!": "k1"})["events"]} == {"Audit Log"}
