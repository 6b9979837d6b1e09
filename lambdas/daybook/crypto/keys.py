"""Keys derived from keys: HKDF-SHA256 (RFC 5869), and the deployment's own keys.

HMAC is written out (RFC 2104) upon SHA-256 objects that have read the padded key: each event takes five, and a copy of
such an object costs half of `hmac.digest`. `cryptography`'s HKDF costs several times as much for each of an event's
people. The tests hold these against the libraries.
"""

from dataclasses import dataclass, field

from daybook.crypto.hkdf import hkdf


@dataclass(frozen=True)
class DeploymentKeys:
    """What the deployment's secret is for, one key each. The secret is never rotated: ids would change."""

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
        """Raises ValueError for a secret of fewer than 32 bytes."""
        if len(secret) < 32:
            raise ValueError("the deployment's secret has fewer than 32 bytes")

        def key(purpose: str) -> bytes:
            return hkdf(secret, f"daybook 1 {purpose}".encode(), 32)

        purposes = ("event id", "fingerprint", "index", "address", "cursor", "jobs", "external id", "gone")
        return cls(*(key(purpose) for purpose in purposes))
