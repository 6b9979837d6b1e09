"""Issues, lists, rotates and revokes a tenant's API keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from daybook.access import api_keys
from daybook.access.api_keys import IssuedKey, Key, KeyOwner
from daybook.access.roles import AUDITOR
from daybook.clock import LAST_MS, SECOND, Clock, format_time, parse_time
from daybook.errors import KeyExpired, KeyReplaced, UnknownKey
from daybook.http import forms
from daybook.http.caller import EVERY_ENVIRONMENT, Caller
from daybook.http.problem import Problem, bad_field
from daybook.http.request import Answer, Request
from daybook.self_audit.recorder import Record
from daybook.tenant import RESERVED
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from tenants.key_bodies import (
    MAX_LABEL,
    MAX_OVERLAP_SECONDS,
    OF_TENANTS,
    KeyList,
    KeyRotation,
    NewKey,
    created,
    described,
)


class Store(Protocol):
    def put_key(self, owner: KeyOwner, key: Key, issued: IssuedKey) -> None: ...

    def keys_of(self, owner: KeyOwner) -> list[IssuedKey]:
        """Oldest first, those that have expired included."""

    def key_of(self, owner: KeyOwner, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""

    def rotate_key(self, owner: KeyOwner, key: Key, issued: IssuedKey, replaced: IssuedKey, valid_until: str) -> None:
        """Raises `UnknownKey`, `KeyReplaced`, or `Contended` if the end of `replaced` was changed meanwhile."""

    def revoke_key(self, owner: KeyOwner, key_id: str) -> None:
        """Raises `UnknownKey`."""


class Uses(Protocol):
    def last_used(self, key_ids: Sequence[str]) -> Mapping[str, str]:
        """The hour in which each key was last used, as a time; without those that never were."""


@dataclass(frozen=True)
class KeyOperations:
    """Callers may only issue, rotate and revoke keys within their own reach: one environment's admin stays in it."""

    settings: SettingsReader
    store: Store
    uses: Uses
    record: Record
    clock: Clock
    new_key: Callable[[], Key] = api_keys.new_key

    def create(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        form = forms.read_form(request, NewKey)
        if form.role not in OF_TENANTS:
            raise bad_field("role", f"must be one of {', '.join(OF_TENANTS)}")
        if settings.tenant == RESERVED and form.role != AUDITOR:
            raise Problem(403, "reserved_tenant", f"The tenant {RESERVED} has keys for auditors only.")
        key, now_ms = self.new_key(), self.clock()
        valid_until = None if form.valid_until is None else end("valid_until", form.valid_until, now_ms)
        issued = IssuedKey(
            id=key.id,
            tenant=settings.tenant,
            role=form.role,
            environment=_environment(form.environment, settings, request.caller),
            label=forms.text("label", form.label, MAX_LABEL),
            created_at=format_time(now_ms),
            valid_until=valid_until,
            made_until=valid_until,
        )
        api_keys.check_room(self.store.keys_of(_owner(settings)))
        self.record(settings, request, "key-created", _params(issued))
        self.store.put_key(_owner(settings), key, issued)
        return Answer(201, created(key, issued))

    def rotate(self, request: Request) -> Answer:
        """The new key lasts as long as the old one was made to last. The old one never lasts longer than it would.

        A key is rotated once and while it is valid: else whoever has an old one had any number of new ones.
        """
        settings = self.settings.settings(request.tenant)
        old = self._within_reach(settings, request)
        overlap = forms.read_form(request, KeyRotation).overlap_seconds
        if not 0 <= overlap <= MAX_OVERLAP_SECONDS:
            raise bad_field("overlap_seconds", f"must be from 0 to {MAX_OVERLAP_SECONDS}")
        key, now_ms = self.new_key(), self.clock()
        if old.replaced_by is not None:
            raise KeyReplaced(old.id)
        if not old.is_valid_at(now_ms):
            raise KeyExpired(old.id)
        api_keys.check_room(self.store.keys_of(_owner(settings)))
        made_until = _as_long(old, now_ms)
        issued = replace(
            old,
            id=key.id,
            created_at=format_time(now_ms),
            valid_until=made_until,
            made_until=made_until,
            first=old.first or old.id,
        )
        old_until = format_time(now_ms + overlap * SECOND)
        if old.valid_until is not None:
            old_until = min(old_until, old.valid_until)
        params = {**_params(issued), "replaced": old.id, "replaced_until": old_until}
        self.record(settings, request, "key-created", params, "rotated")
        self.store.rotate_key(_owner(settings), key, issued, old, old_until)
        return Answer(201, created(key, issued))

    def list(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        reached = [key for key in self.store.keys_of(_owner(settings)) if request.caller.reaches(key.environment)]
        return Answer(200, listed(reached, self.uses))

    def revoke(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        issued = self._within_reach(settings, request)
        self.record(settings, request, "key-revoked", {"key_id": issued.id, "key_label": issued.label})
        self.store.revoke_key(_owner(settings), issued.id)
        return Answer(204)

    def _within_reach(self, settings: TenantSettings, request: Request) -> IssuedKey:
        """The key that the path names. Raises `UnknownKey`, or `Problem` 403."""
        issued = self.store.key_of(_owner(settings), named_key(request))
        request.caller.environment_for(issued.environment, settings.environments)
        return issued


def named_key(request: Request) -> str:
    """The id in the path. Raises `UnknownKey` for what can't be one, since DynamoDB refuses keys that are too long."""
    key_id = request.parameters["key_id"]
    if not api_keys.ID.fullmatch(key_id):
        raise UnknownKey(key_id)
    return key_id


def listed(keys: Sequence[IssuedKey], uses: Uses) -> KeyList:
    used = uses.last_used([key.id for key in keys])
    return KeyList([described(key, used.get(key.id)) for key in keys])


def end(path: str, sent: str, now_ms: int) -> str:
    """When a key is to end. Raises `Problem` 422."""
    until_ms = forms.moment(path, sent)
    if until_ms <= now_ms:
        raise bad_field(path, "must be in the future")
    return format_time(until_ms)


def _owner(settings: TenantSettings) -> KeyOwner:
    return KeyOwner(settings.code, settings.tenant)


def _params(issued: IssuedKey) -> dict[str, str]:
    params = {
        "key_id": issued.id,
        "key_label": issued.label,
        "role": issued.role,
        "environment": issued.environment,
    }
    return params if issued.valid_until is None else {**params, "valid_until": issued.valid_until}


def _as_long(old: IssuedKey, now_ms: int) -> str | None:
    """The end of a key that replaces an old one now: it is given as much time as that one was."""
    if old.made_until is None:
        return None
    return format_time(min(now_ms + parse_time(old.made_until) - parse_time(old.created_at), LAST_MS))


def _environment(named: str | None, settings: TenantSettings, caller: Caller) -> str:
    """The environment of a new key: the one named, or else the caller's own."""
    if named is None:
        if len(caller.environments) > 1:
            raise bad_field("environment", "must be given, because the credential is for several", "missing_field")
        if not caller.reaches(EVERY_ENVIRONMENT):
            return caller.environment_for(None, settings.environments)
        return EVERY_ENVIRONMENT
    if named != EVERY_ENVIRONMENT and named not in settings.environments:
        raise bad_field("environment", "must be one of the tenant's environments, or *")
    return caller.environment_for(named, settings.environments)
