"""The keys of a deployment and of its tenants, derived from one secret with HKDF-SHA256 (RFC 5869)."""

from dataclasses import dataclass, field
from functools import lru_cache

from daybook.crypto.hkdf import hkdf
from daybook.tenant import TenantCode

SECRET_BYTES = 32
"""The least length of a secret."""

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

    @classmethod
    def from_secret(cls, secret: bytes) -> "TenantKeys":
        """Raises ValueError if the secret has fewer than 32 bytes."""
        purposes = ("event id", "fingerprint", "index", "address", "name", "gone", "external id", "legal hold")
        return cls(*(_derived(secret, f"tenant {purpose}") for purpose in purposes))


@dataclass(frozen=True)
class DeploymentKeys:
    """What the deployment's one secret gives: keys of its own, and every tenant's keys."""

    secret: bytes = field(repr=False)
    cursor: bytes = field(repr=False)
    jobs: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "DeploymentKeys":
        """Raises ValueError if the secret has fewer than 32 bytes."""
        return cls(secret, _derived(secret, "cursor"), _derived(secret, "jobs"))

    def of(self, code: TenantCode, secret: bytes | None = None) -> TenantKeys:
        """The tenant's permanent keys. `secret`: the one in the tenant's row, which replaces the derived one."""
        return _tenant_keys(secret or tenant_secret(self.secret, code))


def tenant_secret(secret: bytes, code: TenantCode) -> bytes:
    """What a tenant's row must hold in another deployment, so that the tenant keeps its keys there."""
    return _derived(secret, f"tenant {code}")


@lru_cache(_MAX_KEPT)
def _tenant_keys(secret: bytes) -> TenantKeys:
    return TenantKeys.from_secret(secret)


def _derived(secret: bytes, purpose: str) -> bytes:
    if len(secret) < SECRET_BYTES:
        raise ValueError("the secret has fewer than 32 bytes")
    return hkdf(secret, f"daybook 1 {purpose}".encode(), SECRET_BYTES)
