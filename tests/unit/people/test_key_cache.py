"""The cache of people's keys in a warm function."""

from collections.abc import Iterable
from typing import Any

import pytest

from daybook.people.key_cache import MAX_KEPT_MS, PersonKeys
from daybook.tenant import EnvironmentKey
from tests.support.set_clock import SetClock

ACME, OTHER = EnvironmentKey("ACMEAB#0"), EnvironmentKey("ACMEAB#1")


class Rows:
    """Rows of people, and how often each was read."""

    def __init__(self) -> None:
        self.there: dict[tuple[EnvironmentKey, str], bytes] = {}
        self.asked: list[str] = []

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Any]:
        keys = list(sort_keys)
        self.asked += keys
        return {key: {"key": self.there[environment, key]} for key in keys if (environment, key) in self.there}


def test_a_key_is_read_once_in_thirty_seconds() -> None:
    """Counted from when it was read, not from its last use."""
    rows, time = Rows(), SetClock(1_000_000)
    rows.there[ACME, "id#a"] = b"key"
    keys = PersonKeys(rows.read, time)
    for wait in (0, 10_000, 19_999):
        time.now += wait
        assert keys.of(ACME, ["a", "a"]) == {"a": b"key"}
    assert rows.asked == ["id#a"]
    del rows.there[ACME, "id#a"]
    time.now += 1
    assert keys.of(ACME, ["a"]) == {}
    assert rows.asked == ["id#a", "id#a"]


def test_no_key_is_kept_longer_than_thirty_seconds() -> None:
    """Even if nobody asks for it again, and another reader read it."""
    rows, time = Rows(), SetClock(1_000_000)
    rows.there |= {(ACME, "id#a"): b"key a", (ACME, "id#b"): b"key b"}
    keys = PersonKeys(rows.read, time)
    keys.read_by("another", rows.read).of(ACME, ["a"])
    time.now += MAX_KEPT_MS
    keys.of(ACME, ["b"])
    assert list(keys._kept.keys) == [("", ACME, "b")]  # noqa: SLF001  what is in memory is what matters


def test_a_reader_is_given_no_key_that_another_has_read() -> None:
    """The session that reads for a tenant has to be asked, even for a key that is in memory."""
    rows = Rows()
    rows.there[ACME, "id#a"] = b"key"
    keys = PersonKeys(rows.read, SetClock(1_000_000))
    assert keys.of(ACME, ["a"]) == {"a": b"key"}

    def refused(environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Any]:
        raise PermissionError(environment, sort_keys)

    with pytest.raises(PermissionError):
        keys.read_by("OTHERS", refused).of(ACME, ["a"])


def test_a_missing_key_is_never_cached() -> None:
    """A person created a moment ago is not shown as forgotten."""
    rows = Rows()
    keys = PersonKeys(rows.read, SetClock(1_000_000))
    assert keys.of(ACME, ["a"]) == {}
    rows.there[ACME, "id#a"] = b"key"
    assert keys.of(ACME, ["a"]) == {"a": b"key"}


def test_environments_do_not_share_keys() -> None:
    """The same GUID in another environment is another person's."""
    rows = Rows()
    rows.there[ACME, "id#a"] = b"key"
    keys = PersonKeys(rows.read, SetClock(1_000_000))
    keys.of(ACME, ["a"])
    assert keys.of(OTHER, ["a"]) == {}


def test_when_somebody_was_forgotten_the_keys_from_before_are_dropped() -> None:
    """Those of that environment. While the count is the same, they are kept."""
    rows = Rows()
    rows.there |= {(ACME, "id#a"): b"key a", (ACME, "id#b"): b"key b", (OTHER, "id#a"): b"other"}
    keys = PersonKeys(rows.read, SetClock(1_000_000))
    keys.of(ACME, ["a", "b"])
    keys.of(OTHER, ["a"])
    del rows.there[ACME, "id#a"]
    keys.drop_if_forgotten(ACME, 1)
    assert keys.of(ACME, ["a", "b"]) == {"b": b"key b"}
    rows.asked.clear()
    keys.drop_if_forgotten(ACME, 1)
    assert keys.of(ACME, ["b"]) == {"b": b"key b"}
    assert keys.of(OTHER, ["a"]) == {"a": b"other"}
    assert rows.asked == []
