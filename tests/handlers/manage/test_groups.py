"""Groups: made from names, stored as people, shown by their current names."""

import uuid
from typing import Any

import pytest

from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.errors import Contended
from daybook.people.groups import MAX_GROUPS, pack_members
from daybook.people.identities import had_row, renamed_row
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

GROUP = "/v1/groups/{name}"
METHODS = ("GET", "PUT", "DELETE")


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.mark.every_store
def test_a_group_is_made_read_listed_changed_and_removed(log: ManagedLog) -> None:
    """Members stay in the order given, each once."""
    assert log.put_group("team", "mike.mars", "jane.roe", "MIKE.MARS") == ["mike.mars", "jane.roe"]
    assert log.group("team") == ["mike.mars", "jane.roe"]
    log.put_group("another", "a")
    assert log.done("GET", "/v1/groups") == {"groups": [{"name": "another"}, {"name": "team"}]}
    assert log.put_group("team", "jane.roe") == log.group("team") == ["jane.roe"]
    assert log.manage("DELETE", GROUP, name="team")["statusCode"] == 204
    assert log.done("GET", "/v1/groups") == {"groups": [{"name": "another"}]}
    for method in ("GET", "DELETE"):
        assert problem_of(log.manage(method, GROUP, name="team")) == (404, "not_found")


def test_a_group_of_nobody(log: ManagedLog) -> None:
    """It exists, and finds nothing."""
    log.sent({})
    assert log.put_group("nobody") == log.group("nobody") == []
    assert log.page({"group": "nobody"})["events"] == []


def test_unknown_names_create_people(log: ManagedLog) -> None:
    """Their later events belong to them, whatever client id is sent with the name."""
    log.put_group("team", "New.One")
    guid = log.guid_of("new.one")
    by_name, by_both = log.sent(
        {"actor": {"type": "user", "username": "new.one"}},
        {"actor": {"type": "user", "id": "u-7", "username": "NEW.ONE"}},
    )
    assert sorted(log.found(group="team")) == sorted([by_name, by_both])
    assert {event["actor"]["id"] for event in log.page({"group": "team"})["events"]} == {guid}


def test_members_may_be_given_as_guids(log: ManagedLog) -> None:
    """In any case. The same person by name and by GUID is one member. A GUID that belongs to nobody stays as it is."""
    log.sent({})
    guid, nobody = log.guid_of("mike.mars"), str(uuid.UUID(int=7, version=4))
    assert log.put_group("team", guid.upper(), "mike.mars", nobody) == ["mike.mars", nobody]


def test_a_group_shows_what_its_members_are_called_now(log: ManagedLog) -> None:
    """After renamings the last name; for a person first seen without a name, the one that came later."""
    log.sent(
        {"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}}, {"actor": {"type": "user", "id": "u-2"}}
    )
    without = next(event["actor"]["id"] for event in log.page()["events"] if event["actor"]["client_id"] == "u-2")
    assert log.put_group("team", "mike.mars", without) == ["mike.mars", without]
    for number, name in enumerate(("z.mars", "a.mars")):
        log.now += 1 + number
        log.sent({"actor": {"type": "user", "id": "u-1", "username": name}})
    log.sent({"actor": {"type": "user", "id": "u-2", "username": "jane"}})
    assert log.group("team") == ["a.mars", "jane"]
    # Any name that the person ever had means that person.
    assert log.put_group("other", "z.mars", "mike.mars") == ["z.mars"]
    assert log.group("other") == ["a.mars"]


@pytest.mark.parametrize("names", [("m.one", "z.two"), ("z.one", "m.two"), tuple(f"n{n}" for n in range(12))])
def test_of_renamings_in_one_call_the_last_one_is_shown(log: ManagedLog, names: tuple[str, ...]) -> None:
    """In the order of the events, though all names became known at once."""
    log.put_group("team", "first")
    log.sent(*({"actor": {"type": "user", "id": "u-1", "username": name}} for name in ("first", *names)))
    assert log.group("team") == [names[-1]]


def test_a_name_that_several_people_had_means_all_of_them(log: ManagedLog) -> None:
    """As in a filter by actor. A person with two of the names is one member."""

    def named(client_id: str, *names: str) -> list[dict[str, Any]]:
        return [{"actor": {"type": "user", "id": client_id, "username": name}} for name in names]

    first = log.sent(*named("u-1", "mike.mars"))
    log.now += 1
    first += log.sent(*named("u-1", "michael"))
    second = log.sent(*named("u-2", "mike.mars"))
    others = log.sent(*named("u-3", "mike.mars#2", "mike"))
    assert log.put_group("team", "Mike.Mars") == ["Mike.Mars"]
    assert sorted(log.group("team")) == ["michael", "mike.mars"]
    assert sorted(log.found(group="team")) == sorted(first + second) == sorted(log.found(actor="mike.mars"))
    assert log.put_group("team", "michael", "mike.mars") == ["michael", "mike.mars"]
    assert len(log.group("team")) == 2
    assert log.put_group("team", "mike.mars", "michael", "mike") == ["mike.mars", "mike"]
    assert sorted(log.found(group="team")) == sorted(first + second + others)
    # The person whom the bare name means is forgotten. The other one still had the name.
    log.forget(next(event["actor"]["id"] for event in log.page()["events"] if event["id"] == first[0]))
    assert log.put_group("team", "mike.mars") == log.group("team") == ["mike.mars"]
    assert log.found(group="team") == second


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_names_are_not_mixed_up_with_longer_names(log: ManagedLog, rows: int) -> None:
    """Whatever lies between them in the order of rows, on one page of rows or on many."""
    names = ["a", "a#b", "a#b#c", "a#~", "a~", "b", "ä", "北京", "a#0b5c1a2e"]
    for name in names:
        log.sent(*({"actor": {"type": "user", "id": f"{name} {n}", "username": name}} for n in range(rows)))
    table = IdentityTable(log.dynamodb, log.tables.identities)
    asked = [*names, "a#", "nobody", "zz"]
    found = table.guids_of(log.key(), asked)
    assert {name: len(guids) for name, guids in found.items()} == {n: rows if n in names else 0 for n in asked}
    assert len({guid for guids in found.values() for guid in guids}) == rows * len(names)
    for name in names:
        assert table.guids_of(log.key(), [name]) == {name: found[name]}


def test_names_of_more_people_than_a_group_holds(log: ManagedLog) -> None:
    """422, as if all of them had been given."""
    log.wiring.identities.insert(
        log.key(), {had_row("mike.mars", NOW, str(n)): {"guid": str(n), "name": "mike.mars"} for n in range(3)}
    )
    guids = [str(uuid.UUID(int=number, version=4)) for number in range(9_998)]
    refused = log.manage("PUT", GROUP, {"members": ["mike.mars", *guids]}, name="all")
    assert problem_of(refused) == (422, "invalid_length")
    assert log.recorded() == []


def test_a_renaming_that_was_cut_off_shows_the_name_before(log: ManagedLog) -> None:
    """The row that marks a later name may be written without that name."""
    log.put_group("team", "mike.mars")
    log.wiring.identities.insert(log.key(), {renamed_row(log.guid_of("mike.mars")): {}})  # the state after a crash
    assert log.group("team") == ["mike.mars"]


def test_a_forgotten_member_is_a_guid(log: ManagedLog) -> None:
    """The person stays a member: the group still finds their events, and nobody else's who takes the name."""
    (event,) = log.sent({"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}})
    log.sent({"actor": {"type": "user", "id": "u-1", "username": "michael"}})
    log.put_group("team", "mike.mars", "jane.roe")
    guid = log.guid_of("mike.mars")
    before = log.found(group="team")
    assert event in before
    log.forget(guid)
    assert log.group("team") == [guid, "jane.roe"]
    assert log.found(group="team") == before
    log.sent({})  # another Mike, from then on
    assert log.found(group="team") == before


@pytest.mark.large
def test_ten_thousand_members_and_no_more(log: ManagedLog) -> None:
    """Given as GUIDs: the local store takes too long to create so many names."""
    guids = [str(uuid.UUID(int=number, version=4)) for number in range(10_001)]
    assert log.put_group("all", *guids[:10_000]) == guids[:10_000]
    assert len(log.group("all")) == 10_000
    (event,) = log.sent({})
    log.put_group("all", log.guid_of("mike.mars"), *guids[:9_999])
    assert log.found(group="all") == [event]
    refused = log.manage("PUT", GROUP, {"members": guids}, name="all")
    assert problem_of(refused) == (422, "invalid_length")
    assert len(pack_members(tuple(guids))) < 400 * 1024 / 2


def test_a_tenant_has_500_groups_and_a_list_of_them_reads_no_members(log: ManagedLog) -> None:
    """Existing groups may change, and removing one makes room for another."""
    for number in range(3, MAX_GROUPS):  # one transaction for each takes the local store too long
        row = {"pk": {"S": log.settings.code}, "sk": {"S": f"group#0#g{number}"}, "version": {"N": "1"}}
        log.dynamodb.put_item(TableName=log.tables.control, Item=row)
    for number in range(3):
        log.put_group(f"g{number}", "mike.mars")
    assert len(log.done("GET", "/v1/groups")["groups"]) == MAX_GROUPS == 500
    rows = log.dynamodb.scan(TableName=log.tables.control)["Items"]
    assert {tuple(sorted(row)) for row in rows if row["sk"]["S"].startswith("group#")} == {("pk", "sk", "version")}
    body: dict[str, Any] = {"members": ["never.seen"]}
    assert problem_of(log.manage("PUT", GROUP, body, name="another")) == (422, "too_many_groups")
    assert log.done("GET", "/v1/actors", query={"prefix": "never"})["actors"] == []
    log.put_group("g1", "jane.roe")
    log.done("DELETE", GROUP, name="g2")
    log.put_group("another", "mike.mars")
    assert problem_of(log.manage("PUT", GROUP, body, name="g2")) == (422, "too_many_groups")


def test_a_thousand_names_that_nobody_has_seen(log: ManagedLog) -> None:
    """More than one batch of people."""
    names = [f"person {number}" for number in range(1_001)]
    assert log.put_group("all", *names) == names


@pytest.mark.parametrize("name", ["a#b", "#", "straße / 北京 🦀", "group-was#team#1", "%2F", "ü" * 128, "..", " a "])
def test_valid_group_names(log: ManagedLog, name: str) -> None:
    """Any single line of text. No two groups are mixed up."""
    log.put_group("team", "other")
    log.put_group(name, "mike.mars")
    (event,) = log.sent({})
    assert log.group(name) == ["mike.mars"]
    assert log.group("team") == ["other"]
    assert {each["name"] for each in log.done("GET", "/v1/groups")["groups"]} == {name, "team"}
    assert log.found(group=name) == [event]
    log.done("DELETE", GROUP, name=name)
    assert log.done("GET", "/v1/groups") == {"groups": [{"name": "team"}]}


@pytest.mark.parametrize("name", ["", "x" * 129, "two\nlines", "\x00"])
def test_invalid_group_names(log: ManagedLog, name: str) -> None:
    """The empty text, more than 128 characters, control characters."""
    for method, body in (("PUT", {"members": []}), ("GET", None), ("DELETE", None)):
        assert log.manage(method, GROUP, body, name=name)["statusCode"] == 422


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"members": ["a", ""]}, "members[1]", "invalid_length"),
        ({"members": ["x" * 257]}, "members[0]", "invalid_length"),
        ({"members": ["a\nb"]}, "members[0]", "invalid_value"),
        ({"members": [7]}, "members[0]", "invalid_type"),
        ({"members": "mike.mars"}, "members", "invalid_type"),
        ({"members": [], "name": "x"}, "name", "unknown_field"),
        ({}, "members", "missing_field"),
    ],
)
def test_an_invalid_member_is_422_with_its_path(log: ManagedLog, body: Any, path: str, code: str) -> None:
    """No group, person or record is created."""
    answer = log.manage("PUT", GROUP, body, name="team")
    assert problem_of(answer) == (422, code)
    assert [error["path"] for error in answered(answer)["errors"]] == [path]
    assert log.done("GET", "/v1/groups") == {"groups": []}
    assert log.recorded() == []


def test_groups_are_read_by_readers_and_changed_by_admins(log: ManagedLog) -> None:
    """Operations may do both, in the tenant that they name."""
    log.put_group("team", "mike.mars")
    may = {"producer": 0, "auditor": 2, "admin": 4, "operations": 4}
    for role, allowed in may.items():
        calls = [("GET", "/v1/groups"), ("GET", GROUP), ("PUT", GROUP), ("DELETE", GROUP)]
        body = {"members": ["mike.mars"]}
        for number, (method, path) in enumerate(calls):
            given = {} if path == "/v1/groups" else {"name": "team"}
            status = log.manage(method, path, body if method == "PUT" else None, role, **given)["statusCode"]
            assert (status == 403) == (number >= allowed), (role, method, path)


def test_groups_are_a_tenants_own(log: ManagedLog) -> None:
    """Another tenant's group of the same name is another group."""
    other = ManagedLog(log.dynamodb, log.tables, tenant="acme2")
    log.put_group("team", "mike.mars")
    assert problem_of(other.manage("GET", GROUP, name="team")) == (404, "not_found")
    assert problem_of(other.read(query={"group": "team"})) == (400, "unknown_group")
    assert other.put_group("team", "jane.roe") == ["jane.roe"]
    assert log.group("team") == ["mike.mars"]


TEST: dict[str, Any] = {"query": {"environment": "test"}}


@pytest.mark.every_store
def test_groups_are_of_an_environment(log: ManagedLog) -> None:
    """A group is unknown in the other environment. One of the same name there has members and a life of its own."""
    log.put_group("team", "mike.mars")
    assert problem_of(log.manage("GET", GROUP, name="team", **TEST)) == (404, "not_found")
    assert problem_of(log.read(query={"group": "team", "environment": "test"})) == (400, "unknown_group")
    assert log.done("GET", "/v1/groups", **TEST) == {"groups": []}
    both = {"members": ["mike.mars", "jane.roe"]}
    assert log.done("PUT", GROUP, both, name="team", **TEST) == {"name": "team", **both}
    assert log.group("team") == ["mike.mars"]
    production, (test,) = log.sent({}), log.sent({"environment": "test"})
    assert log.found(group="team") == production
    assert log.found(group="team", environment="test") == [test]
    log.done("DELETE", GROUP, name="team")
    assert log.done("GET", "/v1/groups", **TEST) == {"groups": [{"name": "team"}]}
    assert problem_of(log.manage("GET", GROUP, name="team")) == (404, "not_found")
    for method, path, given in (("GET", "/v1/groups", {}), *((method, GROUP, {"name": "team"}) for method in METHODS)):
        body: dict[str, Any] | None = {"members": []} if method == "PUT" else None
        unknown = log.manage(method, path, body, query={"environment": "none"}, **given)
        assert problem_of(unknown) == (404, "not_found")


def test_the_same_name_is_another_person_in_another_environment(log: ManagedLog) -> None:
    """As the member of a group, and for pickers."""
    log.put_group("team", "mike.mars")
    log.done("PUT", GROUP, {"members": ["mike.mars"]}, name="team", **TEST)
    (there,) = log.done("GET", "/v1/actors", query={"prefix": "mike", "environment": "test"})["actors"]
    assert there["id"] != log.guid_of("mike.mars")
    assert log.groups.group(log.key("test"), "team").members == (there["id"],)


def test_a_key_of_one_environment_manages_that_environments_groups(log: ManagedLog) -> None:
    """Each change is recorded in that environment. The key reaches no group of another one."""
    log.put_group("team", "mike.mars")
    told = log.recorded("group")
    log.done("PUT", GROUP, {"members": ["jane.roe"]}, environment="test", name="team")
    assert log.done("GET", "/v1/groups", environment="test") == {"groups": [{"name": "team"}]}
    assert log.done("GET", GROUP, environment="test", name="team")["members"] == ["jane.roe"]
    log.done("DELETE", GROUP, environment="test", name="team")
    elsewhere: dict[str, Any] = {"environment": "test", "query": {"environment": "prod"}}
    for method in METHODS:
        given: dict[str, Any] = {"body": {"members": []}} if method == "PUT" else {}
        assert problem_of(log.manage(method, GROUP, name="team", **given, **elsewhere)) == (403, "environment_denied")
    assert problem_of(log.manage("GET", "/v1/groups", **elsewhere)) == (403, "environment_denied")
    assert log.group("team") == ["mike.mars"]
    assert log.recorded("group") == told
    there = sorted(e["activity"] for e in log.page({"environment": "test", "activity": "audit-log.*"})["events"])
    assert there == ["audit-log.group-changed", "audit-log.group-removed"]


def test_every_change_of_a_group_is_on_record(log: ManagedLog) -> None:
    """Creating, changing and removing. Refused calls and reading are not recorded."""
    log.put_group("team", "mike.mars")
    log.group("team")
    log.done("GET", "/v1/groups")
    log.done("DELETE", GROUP, role="operations", name="team")
    log.manage("DELETE", GROUP, name="team")
    told = sorted((event["activity"], event["details"], event["actor"]["type"]) for event in log.recorded("group"))
    assert told == [
        ("audit-log.group-changed", "Group team set", "api"),
        ("audit-log.group-removed", "Group team removed", "operations"),
    ]


class Busy:
    """People whom other requests are binding all the time."""

    def resolve(self, *_: Any) -> Any:
        raise Contended


def test_people_bound_by_others_at_once_are_a_503(log: ManagedLog) -> None:
    """The client can repeat the same call."""
    busy: Any = Busy()
    log.operations = log.operations_over(log.managing.replacing(resolver_over=lambda _: busy))
    assert problem_of(log.manage("PUT", GROUP, {"members": ["a"]}, name="team")) == (503, "throttled")
    assert log.recorded() == []


def test_a_group_removed_and_made_again_is_of_a_newer_version(log: ManagedLog) -> None:
    """Even within one millisecond: a cursor that holds a version means the members of that version."""
    versions = []
    for name in ("team", "team#9", "team#999999999999999"):
        log.put_group(name, "a")
        log.done("DELETE", GROUP, name=name)
    for _ in range(3):
        log.put_group("team", "a")
        versions.append(log.groups.group(log.key(), "team").version)
        log.done("DELETE", GROUP, name="team")
    assert versions == sorted(set(versions))
    assert versions[-1] < log.now + 10
