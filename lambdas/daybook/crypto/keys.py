"""The keys of a deployment, derived from its one secret with HKDF-SHA256 (RFC 5869)."""

from dataclasses import dataclass, field

from daybook.crypto.hkdf import hkdf


@dataclass(frozen=True)
class DeploymentKeys:
    """One key for each purpose. The secret is never rotated, because the ids of stored events depend on it."""

    event_id: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    index: bytes = field(repr=False)
    address: bytes = field(repr=False)
    cursor: bytes = field(repr=False)
    jobs: bytes = field(repr=False)
    external_id: bytes = field(repr=False)
    gone: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "DeploymentKeys":
        """Raises ValueError if the secret has fewer than 32 bytes."""
        if len(secret) < 32:
            raise ValueError("the deployment's secret has fewer than 32 bytes")

        def key(purpose: str) -> bytes:
            return hkdf(secret, f"daybook 1 {purpose}".encode(), 32)

        purposes = ("event id", "fingerprint", "index", "address", "cursor", "jobs", "external id", "gone")
        return cls(*(key(purpose) for purpose in purposes))
