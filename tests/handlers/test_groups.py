"""Groups: made of names, kept as people, shown as they are called now."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.identities import IdentityTable
from daybook.groups import MOST_GROUPS, pack_members
from daybook.identities import Contended, renamed_row
from tests.calls import answered
from tests.conftest import Tables
from tests.managing import ManagedHouse
from tests.reading import problem_of

GROUP = "/v1/groups/{name}"

ON_MOTO = pytest.mark.parametrize("store", ["moto"], indirect=True)


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> ManagedHouse:
    return ManagedHouse(dynamodb, tables)


def test_a_group_is_made_read_listed_changed_and_removed(house: ManagedHouse) -> None:
    """Members stand in the order given, each once."""
    assert house.put_group("team", "mike.mars", "jane.roe", "MIKE.MARS") == ["mike.mars", "jane.roe"]
    assert house.group("team") == ["mike.mars", "jane.roe"]
    house.put_group("another", "a")
    assert house.done("GET", "/v1/groups") == {"groups": [{"name": "another"}, {"name": "team"}]}
    assert house.put_group("team", "jane.roe") == house.group("team") == ["jane.roe"]
    assert house.manage("DELETE", GROUP, name="team")["statusCode"] == 204
    assert house.done("GET", "/v1/groups") == {"groups": [{"name": "another"}]}
    for method in ("GET", "DELETE"):
        assert problem_of(house.manage(method, GROUP, name="team")) == (404, "not_found")


@ON_MOTO
def test_a_group_of_nobody(house: ManagedHouse) -> None:
    """Is a group, and finds nothing."""
    house.sent({})
    assert house.put_group("nobody") == house.group("nobody") == []
    assert house.page({"group": "nobody"})["events"] == []


@ON_MOTO
def test_people_who_were_never_seen_become_known(house: ManagedHouse) -> None:
    """What they do later is theirs, by whatever client id it is sent."""
    house.put_group("team", "New.One")
    guid = house.guid_of("new.one")
    by_name, by_both = house.sent(
        {"actor": {"type": "user", "username": "new.one"}},
        {"actor": {"type": "user", "id": "u-7", "username": "NEW.ONE"}},
    )
    assert sorted(house.found(group="team")) == sorted([by_name, by_both])
    assert {event["actor"]["id"] for event in house.page({"group": "team"})["events"]} == {guid}


@ON_MOTO
def test_members_may_be_given_as_guids(house: ManagedHouse) -> None:
    """In any case; the same person by name and GUID is one member; a GUID of nobody's stays as it is."""
    house.sent({})
    guid, nobody = house.guid_of("mike.mars"), str(uuid.UUID(int=7, version=4))
    assert house.put_group("team", guid.upper(), "mike.mars", nobody) == ["mike.mars", nobody]


def test_a_group_shows_what_its_members_are_called_now(house: ManagedHouse) -> None:
    """After renamings the last name; for whoever had none at first, the one that came later."""
    house.sent(
        {"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}}, {"actor": {"type": "user", "id": "u-2"}}
    )
    without = next(event["actor"]["id"] for event in house.page()["events"] if event["actor"]["client_id"] == "u-2")
    assert house.put_group("team", "mike.mars", without) == ["mike.mars", without]
    for number, name in enumerate(("z.mars", "a.mars")):
        house.now += 1 + number
        house.sent({"actor": {"type": "user", "id": "u-1", "username": name}})
    house.sent({"actor": {"type": "user", "id": "u-2", "username": "jane"}})
    assert house.group("team") == ["a.mars", "jane"]
    # Any name that the person had means them.
    assert house.put_group("other", "z.mars", "mike.mars") == ["z.mars"]
    assert house.group("other") == ["a.mars"]


@ON_MOTO
@pytest.mark.parametrize("names", [("m.one", "z.two"), ("z.one", "m.two"), tuple(f"n{n}" for n in range(12))])
def test_of_renamings_in_one_call_the_last_one_is_shown(house: ManagedHouse, names: tuple[str, ...]) -> None:
    """In the order of the events, though all became known at once."""
    house.put_group("team", "first")
    house.sent(*({"actor": {"type": "user", "id": "u-1", "username": name}} for name in ("first", *names)))
    assert house.group("team") == [names[-1]]


def test_a_name_that_several_people_had_means_all_of_them(house: ManagedHouse) -> None:
    """As a filter by actor does; whoever is meant by two names is one member."""
    named = lambda client_id, *names: [{"actor": {"type": "user", "id": client_id, "username": n}} for n in names]  # noqa: E731
    first = house.sent(*named("u-1", "mike.mars"))
    house.now += 1
    first += house.sent(*named("u-1", "michael"))
    second = house.sent(*named("u-2", "mike.mars"))
    others = house.sent(*named("u-3", "mike.mars#2", "mike"))
    assert house.put_group("team", "Mike.Mars") == ["Mike.Mars"]
    assert sorted(house.group("team")) == ["michael", "mike.mars"]
    assert sorted(house.found(group="team")) == sorted(first + second) == sorted(house.found(actor="mike.mars"))
    assert house.put_group("team", "michael", "mike.mars") == ["michael", "mike.mars"]
    assert len(house.group("team")) == 2
    assert house.put_group("team", "mike.mars", "michael", "mike") == ["mike.mars", "mike"]
    assert sorted(house.found(group="team")) == sorted(first + second + others)
    # Whom the name means alone is forgotten: the other one has had it all the same.
    house.forget(next(event["actor"]["id"] for event in house.page()["events"] if event["id"] == first[0]))
    assert house.put_group("team", "mike.mars") == house.group("team") == ["mike.mars"]
    assert house.found(group="team") == second


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_names_are_told_from_those_that_they_begin(house: ManagedHouse, rows: int) -> None:
    """Whatever lies between them in the order of rows, on one page of them or on many."""
    names = ["a", "a#b", "a#b#c", "a#~", "a~", "b", "ä", "北京", "a#0b5c1a2e"]
    for name in names:
        house.sent(*({"actor": {"type": "user", "id": f"{name} {n}", "username": name}} for n in range(rows)))
    table = IdentityTable(house.dynamodb, house.tables.identities)
    asked = [*names, "a#", "nobody", "zz"]
    found = table.guids_of(house.tenant, asked)
    assert {name: len(guids) for name, guids in found.items()} == {n: rows if n in names else 0 for n in asked}
    assert len({guid for guids in found.values() for guid in guids}) == rows * len(names)
    for name in names:
        assert table.guids_of(house.tenant, [name]) == {name: found[name]}


@ON_MOTO
def test_names_of_more_people_than_a_group_holds(house: ManagedHouse) -> None:
    """422, as if all of them had been given."""
    house.grouping.people.insert(
        house.tenant, {f"had#mike.mars#{n}": {"guid": str(n), "name": "mike.mars"} for n in range(3)}
    )
    guids = [str(uuid.UUID(int=number, version=4)) for number in range(9_998)]
    refused = house.manage("PUT", GROUP, {"members": ["mike.mars", *guids]}, name="all")
    assert problem_of(refused) == (422, "invalid_length")
    assert house.recorded() == []


@ON_MOTO
def test_a_renaming_that_was_cut_off_shows_the_name_before(house: ManagedHouse) -> None:
    """That there is a later name may be written without that name."""
    house.put_group("team", "mike.mars")
    house.grouping.people.insert(house.tenant, {renamed_row(house.guid_of("mike.mars")): {}})  # as a crash leaves it
    assert house.group("team") == ["mike.mars"]


@ON_MOTO
def test_a_forgotten_member_is_a_guid(house: ManagedHouse) -> None:
    """And stays a member: the group still finds what that person did, and nobody else who takes the name."""
    (event,) = house.sent({"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}})
    house.sent({"actor": {"type": "user", "id": "u-1", "username": "michael"}})
    house.put_group("team", "mike.mars", "jane.roe")
    guid = house.guid_of("mike.mars")
    before = house.found(group="team")
    assert event in before
    house.forget(guid)
    assert house.group("team") == [guid, "jane.roe"]
    assert house.found(group="team") == before
    house.sent({})  # another Mike, from then on
    assert house.found(group="team") == before


@ON_MOTO
def test_ten_thousand_members_and_no_more(house: ManagedHouse) -> None:
    """As GUIDs: the names of so many take the store of this machine too long."""
    guids = [str(uuid.UUID(int=number, version=4)) for number in range(10_001)]
    assert house.put_group("all", *guids[:10_000]) == guids[:10_000]
    assert len(house.group("all")) == 10_000
    (event,) = house.sent({})
    house.put_group("all", house.guid_of("mike.mars"), *guids[:9_999])
    assert house.found(group="all") == [event]
    refused = house.manage("PUT", GROUP, {"members": guids}, name="all")
    assert problem_of(refused) == (422, "invalid_length")
    assert len(pack_members(tuple(guids))) < 400 * 1024 / 2


@ON_MOTO
def test_a_tenant_has_500_groups_and_a_list_of_them_reads_no_members(house: ManagedHouse) -> None:
    """Those that there are may change, and one removed makes room for another."""
    for number in range(3, MOST_GROUPS):  # a transaction each would take the store of this machine too long
        row = {"pk": {"S": house.tenant}, "sk": {"S": f"group#g{number}"}, "version": {"N": "1"}}
        house.dynamodb.put_item(TableName=house.tables.control, Item=row)
    for number in range(3):
        house.put_group(f"g{number}", "mike.mars")
    assert len(house.done("GET", "/v1/groups")["groups"]) == MOST_GROUPS == 500
    rows = house.dynamodb.scan(TableName=house.tables.control)["Items"]
    assert {tuple(sorted(row)) for row in rows if row["sk"]["S"].startswith("group#")} == {("pk", "sk", "version")}
    body: dict[str, Any] = {"members": ["never.seen"]}
    assert problem_of(house.manage("PUT", GROUP, body, name="another")) == (422, "too_many_groups")
    assert house.done("GET", "/v1/actors", query={"prefix": "never"})["actors"] == []
    house.put_group("g1", "jane.roe")
    house.done("DELETE", GROUP, name="g2")
    house.put_group("another", "mike.mars")
    assert problem_of(house.manage("PUT", GROUP, body, name="g2")) == (422, "too_many_groups")


@ON_MOTO
def test_a_thousand_names_that_nobody_has_seen(house: ManagedHouse) -> None:
    """More than one round of people."""
    names = [f"person {number}" for number in range(1_001)]
    assert house.put_group("all", *names) == names


@ON_MOTO
@pytest.mark.parametrize("name", ["a#b", "#", "straße / 北京 🦀", "group-was#team#1", "%2F", "ü" * 128, "..", " a "])
def test_what_a_group_may_be_called(house: ManagedHouse, name: str) -> None:
    """Anything in a line, and no group is another one's."""
    house.put_group("team", "other")
    house.put_group(name, "mike.mars")
    (event,) = house.sent({})
    assert house.group(name) == ["mike.mars"]
    assert house.group("team") == ["other"]
    assert {each["name"] for each in house.done("GET", "/v1/groups")["groups"]} == {name, "team"}
    assert house.found(group=name) == [event]
    house.done("DELETE", GROUP, name=name)
    assert house.done("GET", "/v1/groups") == {"groups": [{"name": "team"}]}


@ON_MOTO
@pytest.mark.parametrize("name", ["", "x" * 129, "two\nlines", "\x00"])
def test_what_no_group_is_called(house: ManagedHouse, name: str) -> None:
    """Nothing, more than 128 characters, control characters."""
    for method, body in (("PUT", {"members": []}), ("GET", None), ("DELETE", None)):
        assert house.manage(method, GROUP, body, name=name)["statusCode"] == 422


@ON_MOTO
@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"members": ["a", "System"]}, "members[1]", "alias_username"),
        ({"members": ["unknown"]}, "members[0]", "alias_username"),
        ({"members": ["a", ""]}, "members[1]", "invalid_length"),
        ({"members": ["x" * 257]}, "members[0]", "invalid_length"),
        ({"members": ["\U0001f980" * 129]}, "members[0]", "invalid_length"),
        ({"members": ["a\nb"]}, "members[0]", "invalid_value"),
        ({"members": [7]}, "members[0]", "invalid_type"),
        ({"members": "mike.mars"}, "members", "invalid_type"),
        ({"members": [], "name": "x"}, "name", "unknown_field"),
        ({}, "members", "missing_field"),
    ],
)
def test_what_no_member_can_be_is_422_naming_it(house: ManagedHouse, body: Any, path: str, code: str) -> None:
    """And nothing is made, known or recorded."""
    answer = house.manage("PUT", GROUP, body, name="team")
    assert problem_of(answer) == (422, code)
    assert [error["path"] for error in answered(answer)["errors"]] == [path]
    assert house.done("GET", "/v1/groups") == {"groups": []}
    assert house.recorded() == []


@ON_MOTO
def test_groups_are_read_by_readers_and_changed_by_admins(house: ManagedHouse) -> None:
    """Operations may all of it, in the tenant that they name."""
    house.put_group("team", "mike.mars")
    may = {"producer": 0, "auditor": 2, "admin": 4, "operations": 4}
    for role, allowed in may.items():
        calls = [("GET", "/v1/groups"), ("GET", GROUP), ("PUT", GROUP), ("DELETE", GROUP)]
        body = {"members": ["mike.mars"]}
        for number, (method, path) in enumerate(calls):
            given = {} if path == "/v1/groups" else {"name": "team"}
            status = house.manage(method, path, body if method == "PUT" else None, role, **given)["statusCode"]
            assert (status == 403) == (number >= allowed), (role, method, path)


@ON_MOTO
def test_groups_are_a_tenants_own(house: ManagedHouse) -> None:
    """Another tenant's group of the same name is another."""
    other = ManagedHouse(house.dynamodb, house.tables, tenant="acme2")
    house.put_group("team", "mike.mars")
    assert problem_of(other.manage("GET", GROUP, name="team")) == (404, "not_found")
    assert problem_of(other.read(query={"group": "team"})) == (400, "unknown_group")
    assert other.put_group("team", "jane.roe") == ["jane.roe"]
    assert house.group("team") == ["mike.mars"]


@ON_MOTO
def test_every_change_of_a_group_is_on_record(house: ManagedHouse) -> None:
    """Made, changed and removed; what was refused, and reading, is not."""
    house.put_group("team", "mike.mars")
    house.group("team")
    house.done("GET", "/v1/groups")
    house.done("DELETE", GROUP, role="operations", name="team")
    house.manage("DELETE", GROUP, name="team")
    told = sorted((event["activity"], event["details"], event["actor"]["type"]) for event in house.recorded("group"))
    assert told == [
        ("audit-log.group-changed", "Group team set", "api"),
        ("audit-log.group-removed", "Group team removed", "operations"),
    ]


class Busy:
    """People whom others are binding all the time."""

    def resolve(self, *_: Any) -> Any:
        raise Contended


@ON_MOTO
def test_people_bound_by_others_at_once_are_a_503(house: ManagedHouse) -> None:
    """The same call again will do."""
    busy: Any = Busy()
    grouping = replace(house.grouping, identities=lambda _: busy)
    house.operations["put_group"] = grouping.put
    assert problem_of(house.manage("PUT", GROUP, {"members": ["a"]}, name="team")) == (503, "throttled")
    assert house.recorded() == []


@ON_MOTO
def test_a_group_removed_and_made_again_is_of_a_newer_version(house: ManagedHouse) -> None:
    """Also within one millisecond: a cursor that holds a version means the members of that version."""
    versions = []
    for name in ("team", "team#9", "team#999999999999999"):
        house.put_group(name, "a")
        house.done("DELETE", GROUP, name=name)
    for _ in range(3):
        house.put_group("team", "a")
        versions.append(house.groups.group(house.tenant, "team").version)
        house.done("DELETE", GROUP, name="team")
    assert versions == sorted(set(versions))
    assert versions[-1] < house.now + 10
