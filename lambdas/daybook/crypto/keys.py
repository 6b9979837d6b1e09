"""The keys of a deployment and of its tenants, derived from one secret with HKDF-SHA256 (RFC 5869)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from daybook.clock import Clock, system_clock
from daybook.crypto.generations import REREAD_MS, Generation, Generations, StoredGeneration, read_secret
from daybook.crypto.hkdf import hkdf
from daybook.tenant import TenantCode

SECRET_BYTES = 32
"""The least length of a secret."""

TENANT_PURPOSES = (
    "event id",
    "fingerprint",
    "index",
    "address",
    "name",
    "gone",
    "external id",
    "legal hold",
    "sort value",
    "view",
)
"""What each field of `TenantKeys` is derived for."""

CURSOR, JOBS = "cursor", "jobs"

_MAX_KEPT = 1_024


@dataclass(frozen=True)
class TenantKeys:
    """A tenant's permanent keys, one for each purpose. Ids and index keys of stored events depend on them."""

    event_id: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    index: bytes = field(repr=False)
    address: bytes = field(repr=False)
    name: bytes = field(repr=False)
    gone: bytes = field(repr=False)
    external_id: bytes = field(repr=False)
    hold: bytes = field(repr=False)
    sort_value: bytes = field(repr=False)
    view: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "TenantKeys":
        """Raises ValueError if the secret has fewer than 32 bytes."""
        return cls(*(_derived(secret, f"tenant {purpose}") for purpose in TENANT_PURPOSES))


class DeploymentKeys:
    """What the deployment's one secret gives: every tenant's permanent keys, and its own, which are rotated."""

    def __init__(
        self, secret: bytes, read_again: Callable[[], bytes | None] = lambda: None, clock: Clock = system_clock
    ) -> None:
        """`secret` as Secrets Manager holds it. `read_again` gives it anew, or None where that is not possible now.
        Raises ValueError if a secret has fewer than 32 bytes.
        """
        self._read_again, self._clock = read_again, clock
        self._read_ms = clock()
        self._take(secret)

    @property
    def cursors(self) -> Generations:
        """The keys of cursors' signatures."""
        self._refresh()
        return self._cursors

    @property
    def jobs(self) -> Generations:
        """The keys of jobs' sealed parts."""
        self._refresh()
        return self._jobs

    def of(self, code: TenantCode, secret: bytes | None = None) -> TenantKeys:
        """The tenant's permanent keys. `secret`: the one in the tenant's row, which replaces the derived one."""
        return _tenant_keys(self.tenant_secret(code) if secret is None else secret)

    def tenant_secret(self, code: TenantCode) -> bytes:
        """What a tenant's row must hold in another deployment, so that the tenant keeps its keys there."""
        return _derived(self._permanent, f"tenant {code}")

    def _refresh(self) -> None:
        now_ms = self._clock()
        if now_ms >= self._read_ms + REREAD_MS:
            self._read_ms = now_ms
            secret = self._read_again()
            if secret is not None:
                self._take(secret)

    def _take(self, secret: bytes) -> None:
        read = read_secret(secret)
        self._permanent = read.permanent
        self._cursors = _generations(read.cursors, read.permanent, CURSOR)
        self._jobs = _generations(read.jobs, read.permanent, JOBS)


@lru_cache(_MAX_KEPT)
def _tenant_keys(secret: bytes) -> TenantKeys:
    return TenantKeys.from_secret(secret)


def _generations(stored: list[StoredGeneration], permanent: bytes, purpose: str) -> Generations:
    return Generations(
        tuple(
            Generation(one.number, one.from_ms, _derived(one.secret.encode() if one.secret else permanent, purpose))
            for one in stored
        )
    )


def _derived(secret: bytes, purpose: str) -> bytes:
    if len(secret) < SECRET_BYTES:
        raise ValueError("the secret has fewer than 32 bytes")
    return hkdf(secret, f"daybook 1 {purpose}".encode(), SECRET_BYTES)
