"""Finds the caller of a credential. Each kind of credential is asked in turn; unknown ones are refused and counted.

A kind is a class with `caller`: API keys here, an OIDC issuer's tokens in `tokens`. They share the count of failures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.access import api_keys
from daybook.access.api_keys import StoredKey
from daybook.access.roles import ROLES
from daybook.clock import Clock
from daybook.http.caller import Caller

_NOBODYS_HASH = "0" * 64  # compared with for unknown ids, so that they take as long as known ones


class Keys(Protocol):
    def credential(self, key_id: str) -> StoredKey | None:
        """The current key with this id; None when there is none."""


class Failures(Protocol):
    def are_too_many(self, address: str) -> bool:
        """Counts one failed credential. True if the address must wait. It does not fail."""


class Kind(Protocol):
    """One kind of credential."""

    def caller(self, credential: str) -> Caller | None:
        """The credential's caller; None when it is of another kind, or not valid."""


class Refused(Exception):  # noqa: N818  a fact, not a failure
    """The credential is not valid."""


class TooManyFailures(Exception):  # noqa: N818  a fact, not a failure
    """The credential is not valid, and its address has sent too many of those."""


@dataclass(frozen=True)
class ApiKeys:
    store: Keys
    note_use: Callable[[str], None]
    """Takes the id of a valid key. It does not fail."""
    clock: Clock

    def caller(self, credential: str) -> Caller | None:
        key = api_keys.parse(credential)
        if key is None:
            return None
        stored = self.store.credential(key.id)
        good = api_keys.matches(key.secret, stored.hash if stored else _NOBODYS_HASH)
        if not good or stored is None or stored.issued.role not in ROLES:
            return None
        issued = stored.issued
        if not issued.is_valid_at(self.clock()):
            return None
        self.note_use(issued.id)
        return Caller(
            role=issued.role,
            tenant=issued.tenant,
            environment=issued.environment,
            credential=issued.id,
            label=issued.label,
            first=issued.first or "",
        )


@dataclass(frozen=True)
class Credentials:
    kinds: Sequence[Kind]
    failures: Failures

    def caller(self, authorization: str, address: str) -> Caller:
        """The caller of the header `Authorization`. A valid credential passes even when its address failed before.

        Raises `Refused`, or `TooManyFailures` from an address's 21st failure within a minute on.
        """
        credential = bearer(authorization)
        for kind in self.kinds if credential else ():
            if caller := kind.caller(credential):
                return caller
        if self.failures.are_too_many(address):
            raise TooManyFailures
        raise Refused


def bearer(authorization: str) -> str:
    """The credential in the header's value; empty when the scheme is not Bearer."""
    scheme, _, credential = authorization.partition(" ")
    return credential.strip(" ") if scheme.lower() == "bearer" else ""
