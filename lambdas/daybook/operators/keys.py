"""Makes, limits and revokes operators' keys. Each is recorded before it is done, as `daybook.self_audit` demands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.access import api_keys
from daybook.access.api_keys import OPERATORS, IssuedKey, Key, KeyOwner
from daybook.access.roles import OPERATIONS
from daybook.clock import DAY, Clock, format_time, parse_time
from daybook.http.caller import EVERY_ENVIRONMENT
from daybook.http.problem import bad_field
from daybook.http.request import Request
from daybook.operators.log import OperatorsLog

DEFAULT_DAYS = 90
MAX_DAYS = 365  # a key that nobody limits does not outlive whoever made it by more


class Store(Protocol):
    def put_key(self, owner: KeyOwner, key: Key, issued: IssuedKey) -> None: ...

    def keys_of(self, owner: KeyOwner) -> list[IssuedKey]:
        """Oldest first, those that have expired included."""

    def key_of(self, owner: KeyOwner, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""

    def limit_key(self, owner: KeyOwner, issued: IssuedKey, valid_until: str) -> None:
        """Raises `UnknownKey`, or `Contended` if its end was changed since `issued` was read."""

    def revoke_key(self, owner: KeyOwner, key_id: str) -> None:
        """Raises `UnknownKey`."""


class NewKey(NamedTuple):
    key: Key
    issued: IssuedKey


@dataclass(frozen=True)
class OperatorsKeys:
    """`Problem` 503 where what is done can't be recorded: then nothing is done."""

    store: Store
    log: OperatorsLog
    clock: Clock
    new_key: Callable[[], Key] = api_keys.new_key

    def all(self) -> list[IssuedKey]:
        """Oldest first, those that have expired included."""
        return self.store.keys_of(OPERATORS)

    def make(self, request: Request, label: str, valid_until: str | None) -> NewKey:
        """`valid_until` None: in 90 days. Raises `Problem` 422 if it is over a year ahead, `TooManyKeys`."""
        key, now_ms = self.new_key(), self.clock()
        until = valid_until or format_time(now_ms + DEFAULT_DAYS * DAY)
        if parse_time(until) > now_ms + MAX_DAYS * DAY:
            raise bad_field("valid_until", f"must be at most {MAX_DAYS} days ahead")
        api_keys.check_room(self.all())
        issued = described(key, label, now_ms, until)
        self._record(request, "created", issued, until)
        self.store.put_key(OPERATORS, key, issued)
        return NewKey(key, issued)

    def limit(self, request: Request, key_id: str, valid_until: str) -> IssuedKey:
        """Makes the key end sooner. No end is set later: that would revive an expired key, recorded as a revocation.

        Raises `Problem` 422 for a later end, `UnknownKey`, `Contended`.
        """
        issued = self.store.key_of(OPERATORS, key_id)
        if issued.valid_until is not None and valid_until > issued.valid_until:
            raise bad_field("valid_until", f"must not be later than the key ends now: {issued.valid_until}")
        self._record(request, "revoked", issued, valid_until)
        self.store.limit_key(OPERATORS, issued, valid_until)
        return issued

    def revoke(self, request: Request, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""
        issued = self.store.key_of(OPERATORS, key_id)
        self._record(request, "revoked", issued)
        self.store.revoke_key(OPERATORS, issued.id)
        return issued

    def _record(self, request: Request, done: str, issued: IssuedKey, valid_until: str | None = None) -> None:
        params = {"key_id": issued.id, "key_label": issued.label}
        until = {} if valid_until is None else {"valid_until": valid_until}
        self.log.record(request, f"operators-key-{done}", {**params, **until})


def described(key: Key, label: str, now_ms: int, valid_until: str | None) -> IssuedKey:
    """A key that reaches every tenant."""
    return IssuedKey(
        id=key.id,
        tenant=OPERATORS.tenant,
        role=OPERATIONS,
        environment=EVERY_ENVIRONMENT,
        label=label,
        created_at=format_time(now_ms),
        valid_until=valid_until,
        made_until=valid_until,
    )
