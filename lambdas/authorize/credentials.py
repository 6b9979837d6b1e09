"""Who sends a credential: one kind after the other is asked, and whom none knows is refused and counted.

Another kind of credential (the JWT of an OIDC issuer) is another class with `caller`, added to the tuple in the
composition root; it shares the counting of failures, and what follows here asks only for the `Caller`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.access import api_keys
from daybook.access.api_keys import StoredKey
from daybook.access.roles import ROLES
from daybook.clock import MINUTE, Clock
from daybook.http.caller import Caller
from daybook.observability import logger

MAX_FAILURES = 20
"""Failed credentials of one address in one minute before it is told to wait."""

_NOBODYS_HASH = "0" * 64  # an unknown id is compared with it, so that it takes the time of a known one


class Keys(Protocol):
    def credential(self, key_id: str) -> StoredKey | None:
        """The key of this id as it is now; None where there is none, or no longer."""


class Failures(Protocol):
    def count_failure(self, address: str, minute: int) -> int:
        """Counts one more; gives how many that address had in that minute since 1970, this one too."""


class Kind(Protocol):
    """One kind of credential."""

    def caller(self, credential: str) -> Caller | None:
        """Whose it is; None where it is none of this kind, or not a good one."""


class Refused(Exception):  # noqa: N818  a fact, not a failure
    """The credential is good for nothing."""


class TooManyFailures(Exception):  # noqa: N818  a fact, not a failure
    """So is this one, and its address has shown too many of them."""


@dataclass(frozen=True)
class ApiKeys:
    store: Keys

    def caller(self, credential: str) -> Caller | None:
        key = api_keys.parse(credential)
        if key is None:
            return None
        stored = self.store.credential(key.id)
        good = api_keys.matches(key.secret, stored.hash if stored else _NOBODYS_HASH)
        if not good or stored is None or stored.issued.role not in ROLES:
            return None
        issued = stored.issued
        return Caller(
            role=issued.role,
            tenant=issued.tenant,
            environment=issued.environment,
            credential=issued.id,
            label=issued.label,
        )


@dataclass(frozen=True)
class Credentials:
    kinds: Sequence[Kind]
    failures: Failures
    clock: Clock

    def caller(self, authorization: str, address: str) -> Caller:
        """Whom the header `Authorization` names; a good credential passes however often its address failed before.

        Raises `Refused`, or `TooManyFailures` from the 21st failure of an address within a minute on.
        """
        credential = bearer(authorization)
        for kind in self.kinds if credential else ():
            if caller := kind.caller(credential):
                return caller
        if self._failed(address) > MAX_FAILURES:
            raise TooManyFailures
        raise Refused

    def _failed(self, address: str) -> int:
        try:
            return self.failures.count_failure(address, self.clock() // MINUTE)
        except Exception:
            logger.exception("uncounted_failure")
            return 0


def bearer(authorization: str) -> str:
    """The credential in the header's value; empty where it is of another scheme, or of none."""
    scheme, _, credential = authorization.partition(" ")
    return credential.strip(" ") if scheme.lower() == "bearer" else ""
