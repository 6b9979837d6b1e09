"""Issues, lists and revokes a tenant's API keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct, structs

from daybook.access import api_keys
from daybook.access.api_keys import IssuedKey, Key
from daybook.access.roles import ADMIN, AUDITOR, PRODUCER
from daybook.clock import Clock, Time, format_time
from daybook.errors import UnknownKey
from daybook.http import forms
from daybook.http.caller import EVERY_ENVIRONMENT, Caller
from daybook.http.problem import bad_field
from daybook.http.request import Answer, Request
from daybook.self_audit.recorder import Record
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings

MAX_LABEL = 128

_ISSUED = (PRODUCER, AUDITOR, ADMIN)  # keys of operations belong to no tenant: the deployment issues them


class Store(Protocol):
    def put_key(self, code: TenantCode, key: Key, issued: IssuedKey) -> None: ...

    def keys_of(self, settings: TenantSettings) -> list[IssuedKey]:
        """Oldest first."""

    def key_of(self, settings: TenantSettings, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""

    def revoke_key(self, code: TenantCode, key_id: str) -> None:
        """Raises `UnknownKey`."""


# For the schema only: the code below checks these rules and answers with its own messages.
Role = Annotated[str, Meta(extra_json_schema={"enum": list(_ISSUED)})]
Label = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_LABEL})]


class KeyDescription(Struct, kw_only=True):
    """An API key without its secret."""

    key_id: str
    role: Role
    environment: str
    """The one environment that the key reaches, or `*`: all of them."""
    label: str
    created_at: Time


class CreatedKey(KeyDescription, kw_only=True):
    """A new API key. This answer is the only one that ever shows it."""

    key: str
    """The credential: send it after `Bearer `."""


class KeyList(Struct):
    keys: list[KeyDescription]


class NewKey(Struct, forbid_unknown_fields=True):
    role: Role
    label: Label
    environment: str | None = None
    """One of the tenant's, or `*`; absent: all that the caller's own credential reaches."""


@dataclass(frozen=True)
class KeyOperations:
    """Callers may only issue and revoke keys within their own reach: an admin of one environment stays in it."""

    settings: SettingsReader
    store: Store
    record: Record
    clock: Clock
    new_key: Callable[[], Key] = api_keys.new_key

    def create(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        form = forms.read_form(request, NewKey)
        if form.role not in _ISSUED:
            raise bad_field("role", f"must be one of {', '.join(_ISSUED)}")
        key = self.new_key()
        issued = IssuedKey(
            id=key.id,
            tenant=settings.tenant,
            role=form.role,
            environment=_environment(form.environment, settings, request.caller),
            label=_label(form.label),
            created_at=format_time(self.clock()),
        )
        params = {
            "key_id": issued.id,
            "key_label": issued.label,
            "role": issued.role,
            "environment": issued.environment,
        }
        self.record(settings, request, "key-created", params)
        self.store.put_key(settings.code, key, issued)
        return Answer(201, CreatedKey(key=key.credential, **structs.asdict(_shown(issued))))

    def list(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        issued = [key for key in self.store.keys_of(settings) if request.caller.reaches(key.environment)]
        return Answer(200, KeyList([_shown(key) for key in issued]))

    def revoke(self, request: Request) -> Answer:
        settings = self.settings.settings(request.tenant)
        issued = self._issued(settings, request.parameters["key_id"])
        request.caller.environment_for(issued.environment, settings.environments)
        params = {"key_id": issued.id, "key_label": issued.label}
        self.record(settings, request, "key-revoked", params)
        self.store.revoke_key(settings.code, issued.id)
        return Answer(204)

    def _issued(self, settings: TenantSettings, key_id: str) -> IssuedKey:
        if not api_keys.ID.fullmatch(key_id):
            raise UnknownKey(key_id)
        return self.store.key_of(settings, key_id)


def _label(label: str) -> str:
    forms.text("label", label, MAX_LABEL)
    return label


def _environment(named: str | None, settings: TenantSettings, caller: Caller) -> str:
    """The environment of a new key: the one named, or else the caller's own."""
    if named is None:
        if len(caller.environments) > 1:
            raise bad_field("environment", "must be given, because the credential is for several", "missing_field")
        return caller.environment
    if named != EVERY_ENVIRONMENT and named not in settings.environments:
        raise bad_field("environment", "must be one of the tenant's environments, or *")
    return caller.environment_for(named, settings.environments)


def _shown(issued: IssuedKey) -> KeyDescription:
    return KeyDescription(
        key_id=issued.id,
        role=issued.role,
        environment=issued.environment,
        label=issued.label,
        created_at=issued.created_at,
    )
