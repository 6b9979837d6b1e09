"""Whose credential it is, and how often an address may fail."""

from dataclasses import dataclass, field, replace

import pytest

from authorize.credentials import ApiKeys, Credentials, Refused, TooManyFailures, bearer
from authorize.failures import Failures
from daybook.access.api_keys import IssuedKey, Key, StoredKey, hash_of
from daybook.clock import MINUTE, format_time
from daybook.http.caller import Caller

KEY = Key("k1", "s" * 32)
ISSUED = IssuedKey("k1", "acme", "producer", "prod", "billing", "2026-11-22T16:31:07.123Z")
CALLER = Caller(role="producer", tenant="acme", environment="prod", credential="k1", label="billing")
GOOD = f"Bearer {KEY.credential}"
BAD = f"Bearer dbk_k1_{'x' * 32}"
HERE = "203.0.113.7"


@dataclass
class FakeControl:
    """Keys and counts of failures, in memory."""

    keys: dict[str, StoredKey] = field(default_factory=lambda: {"k1": StoredKey(ISSUED, hash_of(KEY.secret))})
    counts: dict[tuple[str, int], int] = field(default_factory=dict)
    broken: bool = False

    def credential(self, key_id: str) -> StoredKey | None:
        return self.keys.get(key_id)

    def count_failure(self, network: str, minute: int) -> int:
        if self.broken:
            raise ConnectionError
        self.counts[network, minute] = self.counts.get((network, minute), 0) + 1
        return self.counts[network, minute]


@dataclass
class TenantLog:
    control: FakeControl
    now: int = 10 * MINUTE
    used: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.failures = Failures(self.control, lambda: self.now)

    @property
    def keys(self) -> ApiKeys:
        return ApiKeys(self.control, self.used.append, lambda: self.now)

    @property
    def credentials(self) -> Credentials:
        return Credentials((self.keys,), self.failures)

    def fail(self, times: int, address: str = HERE) -> None:
        for _ in range(times):
            with pytest.raises(Refused):
                self.credentials.caller(BAD, address)


@pytest.fixture
def log() -> TenantLog:
    return TenantLog(FakeControl())


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_a_good_key_is_its_callers(log: TenantLog, scheme: str) -> None:
    """The scheme is read without regard to case (RFC 9110)."""
    assert log.credentials.caller(scheme + KEY.credential, HERE) == CALLER
    assert log.control.counts == {}


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        KEY.credential,
        f"Basic {KEY.credential}",
        f"Bearer\t{KEY.credential}",
        f"Bearer {KEY.credential} more",
        f"Bearer {KEY.credential}\n",
        f"Bearer {KEY.credential}x",
        "Bearer dbk_k1_",
        f"Bearer dbk_K1_{KEY.secret}",
        f"Bearer dbk_unknown_{KEY.secret}",
        BAD,
        "Bearer \x00\xff\ud800",
        "Bearer дневник",
        "Bearer " + "x" * 1_000_000,
        "Bearer dbk_k1_" + "s" * 1_000_000,
        "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJhZG1pbiJdfQ.",
    ],
)
def test_anything_else_is_refused_and_counted(log: TenantLog, header: str) -> None:
    """Malformed in whatever way: one kind of refusal."""
    with pytest.raises(Refused):
        log.credentials.caller(header, HERE)
    assert log.control.counts == {(HERE, 10): 1}


def test_a_revoked_key_is_refused(log: TenantLog) -> None:
    """Its row is gone."""
    log.control.keys.clear()
    with pytest.raises(Refused):
        log.credentials.caller(GOOD, HERE)


def test_a_key_is_valid_until_its_end(log: TenantLog) -> None:
    """Its last millisecond included; then it is like any other that is not valid."""
    ends = replace(ISSUED, valid_until=format_time(log.now))
    log.control.keys["k1"] = StoredKey(ends, hash_of(KEY.secret))
    log.now -= 1
    assert log.credentials.caller(GOOD, HERE) == CALLER
    log.now += 1
    with pytest.raises(Refused):
        log.credentials.caller(GOOD, HERE)
    assert log.control.counts == {(HERE, 10): 1}


def test_only_a_valid_key_counts_as_used(log: TenantLog) -> None:
    """Neither a wrong secret nor an expired key."""
    log.fail(1)
    log.credentials.caller(GOOD, HERE)
    log.control.keys["k1"] = StoredKey(replace(ISSUED, valid_until=format_time(log.now)), hash_of(KEY.secret))
    with pytest.raises(Refused):
        log.credentials.caller(GOOD, HERE)
    assert log.used == ["k1"]


def test_a_key_of_a_role_that_there_is_not_is_refused(log: TenantLog) -> None:
    """Denied by default."""
    log.control.keys["k1"] = StoredKey(replace(ISSUED, role="root"), hash_of(KEY.secret))
    with pytest.raises(Refused):
        log.credentials.caller(GOOD, HERE)


def test_twenty_failures_a_minute_are_refused_and_the_next_throttled(log: TenantLog) -> None:
    """Until the minute is over."""
    log.fail(20)
    with pytest.raises(TooManyFailures):
        log.credentials.caller(BAD, HERE)
    log.now += MINUTE
    log.fail(1)


def test_failures_of_one_address_are_not_anothers(log: TenantLog) -> None:
    """Nobody locks others out."""
    log.fail(20)
    log.fail(1, "198.51.100.1")


def test_a_good_credential_always_passes(log: TenantLog) -> None:
    """However often its address has failed."""
    log.fail(20)
    with pytest.raises(TooManyFailures):
        log.credentials.caller(BAD, HERE)
    assert log.credentials.caller(GOOD, HERE) == CALLER


def test_a_count_that_is_lost_leaves_the_refusal(log: TenantLog) -> None:
    """A store that fails lets nobody in, and throttles nobody."""
    log.control.broken = True
    log.fail(30)


def test_another_kind_of_credential_is_another_class(log: TenantLog) -> None:
    """The door for tokens: asked in turn, sharing the counting."""

    class Tokens:
        def caller(self, credential: str) -> Caller | None:
            return CALLER if credential == "token" else None

    credentials = replace(log.credentials, kinds=(log.keys, Tokens()))
    assert credentials.caller("Bearer token", HERE) == CALLER
    assert credentials.caller(GOOD, HERE) == CALLER
    with pytest.raises(Refused):
        credentials.caller("Bearer other", HERE)


def test_the_credential_is_what_follows_the_scheme() -> None:
    """And nothing where the scheme is another."""
    assert bearer("Bearer abc") == "abc"
    assert bearer("Basic abc") == ""
