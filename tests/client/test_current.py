"""What a middleware, or a block of one's own, fills into events; and what is believed of a request's headers."""

import asyncio
import threading

import pytest

from daybook_client.current import Acting, acting, fill, now_acting
from daybook_client.forwarded import client_address, request_id_of, user_agent_of

JANE = {"type": "user", "username": "jane.roe"}
LEE = {"type": "user", "username": "lee.ono"}


def test_outside_of_everything_an_event_stays_as_it_is() -> None:
    """Not even copied."""
    event = {"activity": "a"}
    assert fill(event) is event


def test_what_an_event_says_itself_wins() -> None:
    """Actor and context, value by value; what is None is not said."""
    event = {"activity": "a", "actor": LEE, "context": {"ip": "203.0.113.7", "session_id": None}}
    with acting(actor=JANE, ip="198.51.100.1", user_agent="Firefox", session_id="s-1"):
        assert fill(event) == {
            "activity": "a",
            "actor": LEE,
            "context": {"ip": "203.0.113.7", "user_agent": "Firefox", "session_id": "s-1"},
        }
        assert fill({"activity": "a", "actor": None})["actor"] == JANE
    assert event["context"] == {"ip": "203.0.113.7", "session_id": None}


def test_an_actor_is_asked_for_when_it_is_needed() -> None:
    """At the moment of recording, and not for an event that has its own."""
    known: list[dict[str, str]] = []
    with acting(actor=lambda: known[-1]):
        assert fill({"actor": LEE})["actor"] == LEE
        known.append(JANE)
        assert fill({})["actor"] == JANE
    with acting(actor=lambda: None):
        assert "actor" not in fill({})


def test_a_block_in_a_block_adds_to_it() -> None:
    """A request within a request does not: it is another client."""
    with acting(actor=JANE, ip="203.0.113.7"):
        with acting(request_id="r-1"):
            assert fill({}) == {"actor": JANE, "context": {"ip": "203.0.113.7", "request_id": "r-1"}}
        with now_acting(Acting(ip="198.51.100.1")):
            assert fill({}) == {"context": {"ip": "198.51.100.1"}}
        assert fill({})["context"] == {"ip": "203.0.113.7"}
    assert fill({}) == {}


def test_a_context_that_is_none_is_left_for_daybook_to_reject() -> None:
    """The event is buffered, and the answer says what is wrong."""
    with acting(ip="203.0.113.7"):
        assert fill({"context": "x"}) == {"context": "x"}


def test_threads_and_tasks_do_not_see_each_other() -> None:
    """A thread begins with nothing, a task with what its maker had."""
    seen: list[dict[str, object]] = []
    with acting(ip="203.0.113.7"):
        thread = threading.Thread(target=lambda: seen.append(dict(fill({}))))
        thread.start()
        thread.join()
    assert seen == [{}]

    async def request(number: int) -> object:
        with acting(request_id=f"r-{number}"):
            await asyncio.sleep(0)
            return await asyncio.create_task(asyncio.to_thread(lambda: fill({})["context"]["request_id"]))

    async def all_at_once() -> list[object]:
        return list(await asyncio.gather(*map(request, range(20))))

    assert asyncio.run(all_at_once()) == [f"r-{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (["203.0.113.7"], 0, "10.0.0.1"),
        (["203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.0.0.9"], 2, "203.0.113.7"),
        (["203.0.113.7"], 2, "10.0.0.1"),
        ([], 1, "10.0.0.1"),
        (["203.0.113.7:443"], 1, "203.0.113.7"),
        (["[2001:db8::1]:443"], 1, "2001:db8::1"),
        (["2001:db8::1"], 1, "2001:db8::1"),
        (["unknown"], 1, "10.0.0.1"),
        ([","], 1, "10.0.0.1"),
        (["203.0.113.7, " + "9" * 5000], 1, "10.0.0.1"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_the_proxies_wrote_it(
    forwarded: list[str], proxies: int, address: str
) -> None:
    """What a client writes into the header itself moves nothing."""
    assert client_address("10.0.0.1", forwarded, proxies) == address


def test_a_client_cant_cost_its_event() -> None:
    """An id that Daybook would reject is replaced, a long user agent cut."""
    assert request_id_of("r-1") == "r-1"
    for given in (None, "", "x" * 129, "two words", "é", "a\n"):
        assert len(request_id_of(given)) == 32
    assert request_id_of(None) != request_id_of(None)
    assert user_agent_of("x" * 100_000) == "x" * 1024
    assert user_agent_of("") is None
