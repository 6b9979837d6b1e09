"""Sessions of customers' roles: kept, shared by those who need the same one, never lent to another tenant."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from daybook.aws.assumed_roles import Role, customers_sessions
from daybook.aws.sessions import MAX_SESSIONS, SessionCache
from daybook.clock import MINUTE, SECOND
from daybook.delivery.sender import PutFailed
from tests.support.assumed_roles import MemorySts
from tests.support.streams import ROLE


@pytest.fixture
def sts() -> MemorySts:
    return MemorySts()


@pytest.fixture
def roles(sts: MemorySts) -> SessionCache[Role]:
    return customers_sessions(sts, lambda: sts.now, jitter=lambda: 0.0)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "AssumeRole")


def test_a_session_is_kept_until_five_minutes_before_its_end(sts: MemorySts, roles: SessionCache[Role]) -> None:
    for now in (0, 55 * MINUTE - SECOND, 55 * MINUTE):
        sts.now = now
        assert roles.credentials((ROLE, "mine")).token == f"token-mine-{len(sts.asked)}"
    assert len(sts.asked) == 2


def test_sessions_of_one_batch_end_at_different_times(sts: MemorySts) -> None:
    """Over ten minutes. An instance whose first batch needs 500 sessions does not ask for all of them again at once."""
    roles = customers_sessions(sts, lambda: sts.now)
    every = [(ROLE, str(number)) for number in range(500)]
    asked = []
    for minute in range(44, 57):
        sts.now = minute * MINUTE if minute > 44 else 0
        before = len(sts.asked)
        for role in every:
            roles.credentials(role)
        asked.append(len(sts.asked) - before)
    assert (asked[0], asked[1], sum(asked)) == (500, 0, 1_000)
    assert max(asked[1:]) < 100


def test_a_session_is_never_lent_to_another_external_id(sts: MemorySts, roles: SessionCache[Role]) -> None:
    """Even if two tenants name the same role."""
    assert roles.credentials((ROLE, "mine")).token == "token-mine-1"
    assert roles.credentials((ROLE, "theirs")).token == "token-theirs-2"
    assert sts.asked[-1]["ExternalId"] == "theirs"


def test_those_who_need_a_session_at_once_share_a_call(sts: MemorySts, roles: SessionCache[Role]) -> None:
    """Another role's caller waits for nobody."""
    sts.may_answer.clear()
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(roles.credentials, (ROLE, "mine")) for _ in range(3)]
        other = threads.submit(roles.credentials, (ROLE, "theirs"))
        _until(lambda: len(sts.asked) == 2)
        sts.may_answer.set()
        assert len({id(each.result(10)) for each in waiting}) == 1
        assert other.result(10).token.startswith("token-theirs")
    assert len(sts.asked) == 2


def _until(holds: Callable[[], bool]) -> None:
    """Until other threads have made it hold."""
    for _ in range(10_000):
        if holds():
            return
        threading.Event().wait(0.001)
    raise AssertionError


def test_a_refusal_is_told_to_all_who_wait_and_not_kept(sts: MemorySts, roles: SessionCache[Role]) -> None:
    sts.refusal = refused("AccessDenied")
    sts.may_answer.clear()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(roles.credentials, (ROLE, "mine")) for _ in range(2)]
        _until(lambda: bool(sts.asked))
        sts.may_answer.set()
        for each in waiting:
            with pytest.raises(PutFailed, match="AccessDenied"):
                each.result(10)
    sts.refusal = None
    assert roles.credentials((ROLE, "mine")).token.startswith("token-mine")


@pytest.mark.parametrize(
    ("refusal", "own"),
    [
        (refused("AccessDenied"), False),
        (refused("RegionDisabledException"), False),
        (refused("Throttling"), True),
        (refused("ThrottlingException"), True),
        (refused("InternalFailure"), True),
        (refused("ExpiredToken"), True),
        (ConnectTimeoutError(endpoint_url="x"), True),
        (ReadTimeoutError(endpoint_url="x"), True),
    ],
)
def test_only_a_refusal_of_the_role_is_the_customers(
    sts: MemorySts, roles: SessionCache[Role], refusal: Exception, own: bool
) -> None:
    """STS throttles Daybook's account, which says nothing about the role. It may go away."""
    sts.refusal = refusal
    with pytest.raises(PutFailed) as failed:
        roles.credentials((ROLE, "mine"))
    assert (failed.value.own, failed.value.transient, failed.value.timed_out) == (own, own, False)


def test_only_the_session_that_was_refused_is_forgotten(sts: MemorySts, roles: SessionCache[Role]) -> None:
    """Of many callers with an ended session, one asks for the next."""
    first = roles.credentials((ROLE, "mine"))
    roles.forget((ROLE, "mine"), first)
    second = roles.credentials((ROLE, "mine"))
    roles.forget((ROLE, "mine"), first)
    assert roles.credentials((ROLE, "mine")) is second
    assert len(sts.asked) == 2


def test_of_many_sessions_the_oldest_goes(sts: MemorySts, roles: SessionCache[Role]) -> None:
    for number in range(MAX_SESSIONS + 1):
        roles.credentials((ROLE, str(number)))
    for number in (MAX_SESSIONS, 1):
        roles.credentials((ROLE, str(number)))
    assert len(sts.asked) == MAX_SESSIONS + 1
    roles.credentials((ROLE, "0"))
    assert len(sts.asked) == MAX_SESSIONS + 2
