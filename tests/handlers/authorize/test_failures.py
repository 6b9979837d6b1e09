"""What failed credentials cost the table of limits, and whose they are."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from socket import create_server
from threading import Thread
from typing import Any

import pytest

from authorize import handler as authorize
from authorize.failures import MAX_FAILURES, MAX_REMEMBERED, Failures
from daybook.aws import clients
from daybook.clock import MINUTE
from tests.handlers.authorize.test_credentials import HERE


@dataclass
class Counts:
    """Of each network, in one minute for ever."""

    counted: Counter[str] = field(default_factory=Counter)
    broken: bool = False

    def count_failure(self, network: str, minute: int) -> int:
        del minute
        self.counted[network] += 1
        if self.broken:
            raise ConnectionError
        return self.counted[network]


@dataclass
class Instance:
    store: Counts = field(default_factory=Counts)
    now: int = 10 * MINUTE

    def __post_init__(self) -> None:
        self.failures = Failures(self.store, lambda: self.now)

    def fail(self, times: int, address: str = HERE) -> list[bool]:
        return [self.failures.are_too_many(address) for _ in range(times)]


def test_an_address_that_is_past_the_limit_costs_no_more_writes() -> None:
    """On this instance, until the minute ends. Another instance learns it by one write."""
    here = Instance()
    there = Instance(here.store)
    assert here.fail(60) == [False] * MAX_FAILURES + [True] * 40
    assert here.store.counted == {HERE: MAX_FAILURES + 1}
    assert there.fail(5) == [True] * 5
    assert here.store.counted == {HERE: MAX_FAILURES + 2}
    here.now += MINUTE
    here.fail(1)
    assert here.store.counted == {HERE: MAX_FAILURES + 3}


def test_what_is_remembered_is_bounded() -> None:
    """Addresses beyond it go on being counted, and are throttled all the same."""
    instance = Instance()
    addresses = [f"198.18.{number >> 8}.{number & 255}" for number in range(MAX_REMEMBERED + 1)]
    instance.store.counted.update(dict.fromkeys(addresses, MAX_FAILURES))
    for address in addresses:
        assert instance.fail(2, address) == [True, True]
    assert [instance.store.counted[addresses[at]] - MAX_FAILURES for at in (0, -2, -1)] == [1, 1, 2]


def test_a_count_that_is_lost_is_not_remembered() -> None:
    """The store may be back at the next failure."""
    instance = Instance(Counts(broken=True))
    assert instance.fail(30) == [False] * 30
    instance.store.broken = False
    assert instance.fail(1) == [True]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:0:7::1", "2001:db8:0:7::/64"),
        ("2001:DB8:0:7:ffff:ffff:ffff:ffff", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", HERE),
        (HERE, HERE),
        ("", ""),
        ("no address\ud800", "no address\ud800"),
    ],
)
def test_failures_are_a_networks(address: str, network: str) -> None:
    """Whoever has one IPv6 address has 2^64 of them."""
    instance = Instance()
    instance.fail(1, address)
    assert instance.store.counted == {network: 1}


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Connections to a store that never answers, in place of DynamoDB."""
    taken: list[Any] = []
    server = create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                taken.append(server.accept())
            except OSError:
                return

    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.getsockname()[1]}",
        "CREDENTIALS_TABLE": "credentials",
        "LIMITS_TABLE": "limits",
    }.items():
        monkeypatch.setenv(name, value)
    caches = (authorize.compose, clients.dynamodb_for_counters)
    for each in caches:
        each.cache_clear()
    Thread(target=take, daemon=True).start()
    with closing(server):
        yield taken
    for each in caches:
        each.cache_clear()


def test_a_failure_is_counted_once_and_waits_for_nobody(hanging: list[Any]) -> None:
    """An addition whose answer was lost would count twice. A second try of a slow read may be worth seconds."""
    assert authorize.compose().failures.are_too_many(HERE) is False
    assert len(hanging) == 1
