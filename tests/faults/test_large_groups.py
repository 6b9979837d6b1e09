"""Groups of many people while one partition's limits hold: repeats go on, and come to an end."""

from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.batches import Patience
from daybook.aws.identities import IdentityTable
from people import handler
from people.picking import Picking
from tests.calls import Context, answered
from tests.conftest import Tables
from tests.limited_client import LimitedClient
from tests.managing import ManagedHouse
from tests.reading import problem_of

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)

GROUP = "/v1/groups/{name}"
MANY = [f"person.{number}" for number in range(3_000)]


class House(ManagedHouse):
    """Its people lie in a partition with limits; time passes as they are reached."""

    def __init__(self, dynamodb: Any, tables: Tables) -> None:
        super().__init__(dynamodb, tables)
        self.people = LimitedClient(Context())
        rows = IdentityTable(self.people, "identities", Patience(self.people.sleep, lambda: 1.0))
        self.grouping = replace(self.grouping, people=rows)
        self.operations |= handler.operations(Picking(self.control, rows), self.grouping)

    def call(self, seconds: float, method: str = "PUT", names: list[str] = MANY) -> dict[str, Any]:
        """One request that has so much time."""
        self.context = self.people.context = Context(seconds)
        answer = self.manage(method, GROUP, {"members": names} if method == "PUT" else None, name="all")
        assert self.context.seconds > 0, "it answered within its time"
        return answer


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> House:
    return House(dynamodb, tables)


def test_a_group_of_people_whom_no_event_has_named(house: House) -> None:
    """In one call where its time allows, waiting for what the partition gives."""
    answer = house.call(28)
    assert answer["statusCode"] == 200
    assert answered(answer)["members"] == MANY
    assert house.context.seconds < 28 - 6, "four writes a person, a thousand a second"


def test_a_call_that_breaks_off_goes_on_when_repeated(house: House) -> None:
    """503 with when to come again; what is known by then is known, and the group is there only when it is whole."""
    known = [0]
    for _ in range(8):
        answer = house.call(10)
        known.append(len(house.people.rows))
        if answer["statusCode"] == 200:
            break
        assert problem_of(answer) == (503, "throttled")
        assert answer["headers"]["Retry-After"]
        assert house.done("GET", "/v1/groups") == {"groups": []}
        assert known[-1] > known[-2] + 1_000, "each repeat goes on where the last one broke off"
    assert answer["statusCode"] == 200
    assert len(known) > 2
    people = [key for key in house.people.rows if key.startswith("had#")]
    assert len(people) == len(MANY)


def test_a_group_whose_people_are_known_is_read_and_made_again(house: House) -> None:
    """Within one call: names that lie together are read together, and those just resolved are not read back."""
    house.call(28)
    house.people.reads = 0
    assert answered(house.call(10))["members"] == MANY
    assert house.people.reads < len(MANY) / 10
    answer = house.call(28, "GET")
    assert answered(answer)["members"] == MANY


def test_a_member_that_is_none_makes_nobody_known(house: House) -> None:
    """Though it stands last among many."""
    answer = house.call(28, names=[*MANY[:1_200], "System"])
    assert problem_of(answer) == (422, "alias_username")
    assert house.people.rows == {}
