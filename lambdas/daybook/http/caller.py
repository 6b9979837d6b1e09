"""The caller, as the authorizer identified it. The tenant follows from the caller and from nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybook.access.roles import OPERATIONS
from daybook.http.problem import Problem, not_found
from daybook.tenant import Tenant

EVERY_ENVIRONMENT = "*"


@dataclass(frozen=True)
class Caller:
    role: str
    tenant: str
    """The credential's tenant; empty for operations."""
    environment: str
    """The environment of the credential, or `*` for every one."""
    credential: str
    """The key's id, or the subject of a token."""
    label: str

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
        )

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
        return self.environment in (EVERY_ENVIRONMENT, environment)

    def check_reaches_all(self) -> None:
        """Raises `Problem` 403 for a credential of one environment: it may not change what applies to all of them."""
        if not self.reaches(EVERY_ENVIRONMENT):
            raise Problem(
                403, "environment_denied", "This applies to every environment, and the credential is for one only."
            )

    def environment_for(self, named: str | None, first: str) -> str:
        """The environment of a call; `first` is the tenant's first. Raises `Problem` 403 for one denied."""
        if named is None:
            return first if self.environment == EVERY_ENVIRONMENT else self.environment
        if not self.reaches(named):
            raise Problem(403, "environment_denied", "The credential is not for this environment.")
        return named
