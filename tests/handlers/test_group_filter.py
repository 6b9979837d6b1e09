"""The filter `group`: whoever is a member now, through an index or the timeline, the same events either way."""

import uuid
from typing import Any

import pytest

from daybook.reading.planner import MOST_PARTITIONS
from tests.calls import answered
from tests.conftest import Tables
from tests.managing import ManagedHouse
from tests.reading import problem_of

ON_MOTO = pytest.mark.parametrize("store", ["moto"], indirect=True)
STRANGERS = tuple(str(uuid.UUID(int=number, version=4)) for number in range(MOST_PARTITIONS + 6))
SIZES = pytest.mark.parametrize("strangers", [(), STRANGERS[:62], STRANGERS], ids=["few", "64", "many"])
"""Beside the two members of the tests."""


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> ManagedHouse:
    return ManagedHouse(dynamodb, tables)


def by(name: str, **more: Any) -> dict[str, Any]:
    return {"actor": {"type": "user", "username": name}, **more}


def rest(house: ManagedHouse, query: dict[str, Any], cursor: str | None) -> list[str]:
    ids = []
    while cursor is not None:
        page = house.page({**query, "cursor": cursor})
        ids += [event["id"] for event in page["events"]]
        cursor = page["next_cursor"]
    return ids


@SIZES
def test_a_group_means_its_members_now(house: ManagedHouse, strangers: tuple[str, ...]) -> None:
    """And what a change of it makes of it, in the very next search; also over names that members had."""
    mike, jane, other = house.sent(
        {"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}}, by("jane.roe"), by("somebody")
    )
    (renamed,) = house.sent({"actor": {"type": "user", "id": "u-1", "username": "michael"}})
    house.put_group("team", "mike.mars", "jane.roe", *strangers)
    assert sorted(house.found(group="team")) == sorted([mike, renamed, jane])
    house.put_group("team", "jane.roe", "somebody", *strangers)
    assert sorted(house.found(group="team")) == sorted([jane, other])


@SIZES
def test_a_group_with_other_filters(house: ManagedHouse, strangers: tuple[str, ...]) -> None:
    """Different parameters mean and; several groups mean or, each event once."""
    doc = {"target": {"type": "doc", "id": "D-1"}}
    mike, mike_doc, jane_doc, other_doc = house.sent(
        by("mike.mars"), by("mike.mars", **doc), by("jane.roe", **doc, activity="user.login"), by("other", **doc)
    )
    house.put_group("team", "mike.mars", "jane.roe", *strangers)
    house.put_group("mikes", "mike.mars", *strangers)
    house.put_group("nobody")
    assert sorted(house.found(group="team", target="doc:D-1")) == sorted([mike_doc, jane_doc])
    assert house.found(group="team", activity="user.login") == [jane_doc]
    assert house.found(group="mikes", actor=["jane.roe", "other"]) == []
    assert sorted(house.found(group=["team"], actor=["mike.mars", "other"])) == sorted([mike, mike_doc])
    assert sorted(house.found(group=["mikes", "team", "nobody"])) == sorted([mike, mike_doc, jane_doc])
    assert house.found(group="nobody", target="doc:D-1") == []
    assert other_doc not in house.found(group=["team", "mikes"])


@SIZES
def test_members_known_by_an_address_alone(house: ManagedHouse, strangers: tuple[str, ...]) -> None:
    """An index has them under the alias that they are shown by; found all the same, also when forgotten."""
    unknown = {"actor": {"type": "unknown"}}
    first, other = (house.sent({**unknown, "context": {"ip": ip}})[0] for ip in ("198.51.100.9", "198.51.100.10"))
    guid = next(event["actor"]["id"] for event in house.page()["events"] if event["id"] == first)
    house.put_group("team", guid, "jane.roe", *strangers)
    assert house.found(group="team") == [first]
    house.forget(guid)
    assert house.found(group="team") == [first]
    assert other in house.found()


@ON_MOTO
@SIZES
@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at", "activity"])
@pytest.mark.parametrize("change", ["changed", "emptied", "removed", "made anew"])
def test_a_cursor_survives_what_becomes_of_the_group(
    house: ManagedHouse, strangers: tuple[str, ...], sort: str, change: str
) -> None:
    """Between two pages: the later ones are of whoever was a member at the first."""
    sent = house.sent(*(by(name) for _ in range(3) for name in ("mike.mars", "jane.roe", "somebody")))
    expected = {event for number, event in enumerate(sent) if number % 3 < 2}
    house.put_group("team", "mike.mars", "jane.roe", *strangers)
    house.put_group("stays", "nobody.else")
    query = {"group": ["team", "stays"], "limit": "2", "sort": sort}
    page = house.page(query)
    if change in {"removed", "made anew"}:
        house.done("DELETE", "/v1/groups/{name}", name="team")
    if change != "removed":
        house.put_group("team", *(() if change == "emptied" else ("somebody", *strangers)))
    ids = [event["id"] for event in page["events"]] + rest(house, query, page["next_cursor"])
    assert len(ids) == len(expected)
    assert set(ids) == expected


@ON_MOTO
@SIZES
@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at"])
def test_a_cursor_keeps_whom_an_actor_meant_beside_a_group(
    house: ManagedHouse, strangers: tuple[str, ...], sort: str
) -> None:
    """However many members the group has: who is forgotten between the pages is on the later ones all the same."""
    sent = house.sent(*(by("mike.mars") for _ in range(6)))
    guid = house.guid_of("mike.mars")
    house.put_group("team", guid, *strangers)
    query = {"group": "team", "actor": "mike.mars", "limit": "2", "sort": sort}
    page = house.page(query)
    house.forget(guid)
    ids = [event["id"] for event in page["events"]] + rest(house, query, page["next_cursor"])
    assert sorted(ids) == sorted(sent)


@pytest.mark.parametrize("length", [129, 1_018, 1_019, 2_000])
def test_a_name_that_no_group_can_have_is_400(house: ManagedHouse, length: int) -> None:
    """Also one that no key of a store can hold."""
    assert problem_of(house.read(query={"group": "x" * length})) == (400, "unknown_group")


@ON_MOTO
@SIZES
def test_a_group_that_there_is_not_is_400(house: ManagedHouse, strangers: tuple[str, ...]) -> None:
    """On the first page; also where another of the query's groups is there, and where it was removed."""
    house.put_group("team", "mike.mars", *strangers)
    house.put_group("gone", "mike.mars", *strangers)
    house.done("DELETE", "/v1/groups/{name}", name="gone")
    for asked in ("nothing", ["team", "nothing"], "gone", "TEAM"):
        assert problem_of(house.read(query={"group": asked})) == (400, "unknown_group")


@ON_MOTO
def test_a_search_for_a_group_is_on_record(house: ManagedHouse) -> None:
    """By the group's name: its members are not written down."""
    house.put_group("team", "mike.mars")
    house.found(group="team", activity="user.login")
    (recorded,) = house.recorded("searched")
    assert recorded["params"]["filters"] == ["activity=user.login", "group=team"]


@ON_MOTO
def test_a_cursor_with_a_large_group_is_short(house: ManagedHouse) -> None:
    """A request line and headers have 10 KB in all."""
    house.sent(*(by("mike.mars") for _ in range(3)))
    house.put_group("team", house.guid_of("mike.mars"), *STRANGERS)
    house.put_group("sixty-four", house.guid_of("mike.mars"), *STRANGERS[:63])
    large, small = (house.page({"group": name, "limit": "1"})["next_cursor"] for name in ("team", "sixty-four"))
    assert len(large) < 200
    assert len(small) < 2_000


@ON_MOTO
def test_a_cursor_of_a_group_lasts_no_longer_than_its_members_are_kept(house: ManagedHouse) -> None:
    """What TTL has taken away is a cursor that goes on no more, not another group's events."""
    house.sent(*(by("mike.mars") for _ in range(3)))
    house.put_group("team", "mike.mars", *STRANGERS)
    query = {"group": "team", "limit": "1"}
    cursor = house.page(query)["next_cursor"]
    version = house.groups.group(house.tenant, "team").version
    house.put_group("team", "jane.roe")
    key = {"pk": {"S": house.tenant}, "sk": {"S": f"group-members#team#{version}"}}
    kept = house.dynamodb.get_item(TableName=house.tables.control, Key=key)["Item"]
    assert int(kept["expires_at"]["N"]) * 1000 > house.now + 24 * 3_600_000
    house.dynamodb.delete_item(TableName=house.tables.control, Key=key)
    answer = house.read(query={**query, "cursor": cursor})
    assert (answer["statusCode"], answered(answer)["code"]) == (400, "cursor_mismatch")
