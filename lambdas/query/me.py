"""`GET /v1/me`: what the credential of the call is, and what it may read. Nothing of it is recorded."""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from daybook.access.roles import OPERATIONS
from daybook.clock import Clock, Time, format_time
from daybook.http.caller import EVERY_ENVIRONMENT, Caller
from daybook.http.request import Answer, Request
from daybook.search.parameters import given_once
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings


class Credential(Struct):
    kind: Literal["key", "oidc"]
    id: str
    """The key's id, or the token's subject."""
    label: str
    """The key's label, or the username in the token."""


class Me(Struct):
    """The caller. What is about a tenant is null where an operations credential names none."""

    tenant: str | None
    name: str | None
    """The tenant's name."""
    profile: str | None
    view: str | None
    """The tenant's own view of events."""
    role: str
    """One role, or several of a token, joined by commas."""
    environment: str | None
    """The only environment of the credential. Null for one of several, or of all of them."""
    environments: list[str]
    """The tenant's environments that the credential may use."""
    credential: Credential
    retained_from: Time | None
    """Nothing that occurred before is shown. Null: events are kept for ever."""
    audit_since: Time | None
    """Nothing that occurred before is accepted. Null: no limit."""
    legal_hold: bool


@dataclass(frozen=True)
class MeReads:
    control: SettingsReader
    clock: Clock

    def read_me(self, request: Request) -> Answer:
        """Raises `Problem` 404 for a tenant that operations name and nobody has, `Throttled`."""
        given_once(request.query)
        caller = request.caller
        if OPERATIONS in caller.roles and not request.headers.get("daybook-tenant"):
            return Answer(200, _me(caller, None, self.clock()))
        return Answer(200, _me(caller, self.control.settings(request.tenant), self.clock()))


def _me(caller: Caller, settings: TenantSettings | None, now_ms: int) -> Me:
    edge_ms = 0 if settings is None else settings.retention_edge(now_ms)
    since_ms = None if settings is None else settings.audit_since
    only = caller.environment if caller.environment != EVERY_ENVIRONMENT and len(caller.environments) == 1 else None
    return Me(
        tenant=None if settings is None else settings.tenant,
        name=None if settings is None else settings.name,
        profile=None if settings is None else settings.profile,
        view=None if settings is None else settings.profile,
        role=caller.role,
        environment=only,
        environments=[] if settings is None else [each for each in settings.environments if caller.reaches(each)],
        credential=_credential(caller),
        retained_from=format_time(edge_ms) if edge_ms else None,
        audit_since=None if since_ms is None else format_time(since_ms),
        legal_hold=settings is not None and settings.hold is not None,
    )


def _credential(caller: Caller) -> Credential:
    if caller.user is not None:
        return Credential("oidc", caller.credential, caller.user.username)
    return Credential("key", caller.credential, caller.label)
