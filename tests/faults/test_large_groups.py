"""Groups of many people under the limits of one partition: repeated calls make progress and finish."""

from typing import Any

import pytest

from daybook.aws.batches import Patience
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from tests.support.calls import Context, answered
from tests.support.limited_client import LimitedClient
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

GROUP = "/v1/groups/{name}"
MANY = [f"person.{number}" for number in range(3_000)]


class LimitedLog(ManagedLog):
    """A log whose people are in a limited partition. Time passes when a limit is reached."""

    def __init__(self, dynamodb: Any, tables: Tables) -> None:
        super().__init__(dynamodb, tables)
        self.people = LimitedClient(Context())
        rows = IdentityTable(self.people, "identities", Patience(self.people.sleep, lambda: 1.0))
        self.operations = self.operations_over(self.managing.replacing(identities=rows))

    def call(self, seconds: float, method: str = "PUT", names: list[str] = MANY) -> dict[str, Any]:
        """One request with so much time."""
        self.context = self.people.context = Context(seconds)
        answer = self.manage(method, GROUP, {"members": names} if method == "PUT" else None, name="all")
        assert self.context.seconds > 0, "it did not answer in time"
        return answer


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> LimitedLog:
    return LimitedLog(dynamodb, tables)


def test_a_group_of_people_whom_no_event_has_named(log: LimitedLog) -> None:
    """One call is enough if it has the time to wait for the partition."""
    answer = log.call(28)
    assert answer["statusCode"] == 200
    assert answered(answer)["members"] == MANY
    assert log.context.seconds < 28 - 6, "four writes a person, a thousand a second"


def test_a_call_that_breaks_off_goes_on_when_repeated(log: LimitedLog) -> None:
    """503 with the time to come again. People known by then stay known, and the group exists only when it is
    complete.
    """
    known = [0]
    for _ in range(8):
        answer = log.call(10)
        known.append(len(log.people.rows))
        if answer["statusCode"] == 200:
            break
        assert problem_of(answer) == (503, "throttled")
        assert answer["headers"]["Retry-After"]
        assert log.done("GET", "/v1/groups") == {"groups": []}
        assert known[-1] > known[-2] + 1_000, "a repeat did not continue where the last call stopped"
    assert answer["statusCode"] == 200
    assert len(known) > 2
    people = [key for key in log.people.rows if key.startswith("had#")]
    assert len(people) == len(MANY)


def test_a_group_whose_people_are_known_is_read_and_made_again(log: LimitedLog) -> None:
    """It needs one call: neighbouring names are read together, and people just resolved are not read again."""
    log.call(28)
    log.people.reads = 0
    assert answered(log.call(10))["members"] == MANY
    assert log.people.reads < len(MANY) / 10
    answer = log.call(28, "GET")
    assert answered(answer)["members"] == MANY


def test_a_member_that_is_none_makes_nobody_known(log: LimitedLog) -> None:
    """Even if it is the last of many."""
    answer = log.call(28, names=[*MANY[:1_200], "two\nlines"])
    assert problem_of(answer) == (422, "invalid_value")
    assert log.people.rows == {}
