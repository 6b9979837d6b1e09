"""The caller, as the authorizer identified it. The tenant follows from the caller and from nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from daybook.access.roles import OPERATIONS
from daybook.http.problem import Problem, not_found
from daybook.tenant import Tenant

EVERY_ENVIRONMENT = "*"


class User(NamedTuple):
    """The person behind a token, as an OIDC issuer names them. Only issuer and subject identify the person.

    OpenID Connect Core 1.0, section 5.7: all other claims may change, and two people may have the same.
    """

    issuer: str
    subject: str
    username: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Caller:
    role: str
    """One role, or several of a token, joined by commas."""
    tenant: str
    """The credential's tenant; empty for operations."""
    environment: str
    """The environment of the credential, several of a token joined by commas, or `*` for every one."""
    credential: str
    """The key's id, or the subject of a token."""
    label: str
    user: User | None = None
    """Who calls with a token. None for a key."""
    first: str = ""
    """The id of the key with which a chain of rotations began. Empty for a key that replaces none, and for a token."""

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> "Caller":
        """From the authorizer's context. Raises `Problem` 429 if it says `throttled`, 401 if it names no role."""
        if context.get("throttled") == "true":
            raise Problem(
                429,
                "too_many_failures",
                "Too many failed credentials from this address; wait a minute.",
                headers={"Retry-After": "60"},
            )
        if not context.get("role"):
            raise Problem(401, "unauthorized", "A valid credential is required.")
        return cls(
            role=context["role"],
            tenant=context.get("tenant", ""),
            environment=context["environment"],
            credential=context["credential"],
            label=context.get("label", ""),
            first=context.get("first", ""),
            user=User(**{name: context.get(name, "") for name in User._fields}) if context.get("subject") else None,
        )

    def context(self) -> dict[str, str]:
        """The authorizer's context of this caller."""
        user = self.user or User("", "", "")
        return {
            "kind": "oidc" if self.user else "key",
            "tenant": self.tenant,
            "role": self.role,
            "environment": self.environment,
            "credential": self.credential,
            "label": self.label,
            "first": self.first,
            **user._asdict(),
        }

    @property
    def roles(self) -> frozenset[str]:
        """The caller may do what any of them may."""
        return frozenset(self.role.split(","))

    @property
    def environments(self) -> Sequence[str]:
        return self.environment.split(",")

    @property
    def identity(self) -> str:
        """No two callers have the same. A key's id holds no space."""
        return f"{self.user.issuer} {self.user.subject}" if self.user else self.credential

    @property
    def first_key(self) -> str:
        """What stays the same when a key is rotated: the id of the first one."""
        return self.first or self.credential

    def tenant_for(self, header: str | None, path: str | None) -> Tenant:
        """The tenant that this call is about.

        `header` is `Daybook-Tenant`, which counts for operations only; `path` is the tenant in the route, if any. Every
        other credential gets 404 for a tenant that is not its own.
        """
        if self.role != OPERATIONS:
            if path is not None and path != self.tenant:
                raise not_found("tenant")
            return Tenant(self.tenant)
        if path is not None and header is not None and header != path:
            raise Problem(400, "tenant_mismatch", "The header Daybook-Tenant and the path name different tenants.")
        named = path if path is not None else header
        if not named:
            raise Problem(400, "tenant_needed", "Name the tenant in the header Daybook-Tenant.")
        return Tenant(named)

    def reaches(self, environment: str) -> bool:
        return self.environment == EVERY_ENVIRONMENT or environment in self.environments

    def check_reaches_all(self) -> None:
        """Raises `Problem` 403 for a credential of some environments: it may not change what applies to all of them."""
        if not self.reaches(EVERY_ENVIRONMENT):
            raise Problem(
                403, "environment_denied", "This applies to every environment, and the credential is not for all."
            )

    def environment_for(self, named: str | None, environments: Sequence[str]) -> str:
        """The environment of a call that names this one, or none: then the first that the credential reaches.

        `environments` are the tenant's. Raises `Problem` 403 for one denied.
        """
        reached = (each for each in environments if self.reaches(each))
        found = next(reached, None) if named is None else named
        if found is None or not self.reaches(found):
            raise Problem(403, "environment_denied", "The credential is not for this environment.")
        return found
