"""Ed25519 keys in KMS, of the spec `ECC_NIST_EDWARDS25519`. Their private halves never leave it."""

from functools import cached_property
from typing import Any

from daybook.aws.calls import ask

_TRANSIENT = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "ThrottlingException",
        "ServiceUnavailable",
    }
)
"""KMS's errors that another try may overcome."""

_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of such a key: RFC 8410, section 4."""


class KmsKey:
    """Uses a low-level KMS client. Calls raise `Throttled`; what KMS refuses escapes as botocore's ClientError."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    @property
    def id(self) -> str:
        return self._arn.rpartition("/")[2]

    @cached_property
    def public(self) -> bytes:
        """32 bytes. Raises `ValueError` for a key of another spec."""
        answer = ask(self._client.get_public_key, _TRANSIENT, KeyId=self._arn)
        written: bytes = answer["PublicKey"]
        if len(written) != len(_ED25519) + 32 or not written.startswith(_ED25519):
            raise ValueError(f"{self._arn} is no Ed25519 key")
        return written.removeprefix(_ED25519)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, of 1 to 4,096. KMS signs the message itself, and no hash of it, with this algorithm and type."""
        answer = ask(
            self._client.sign,
            _TRANSIENT,
            KeyId=self._arn,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="ED25519_SHA_512",
        )
        signature: bytes = answer["Signature"]
        return signature
