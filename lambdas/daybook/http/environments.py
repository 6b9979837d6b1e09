"""The environment that a call is about."""

from daybook.http.problem import not_found
from daybook.http.request import Request
from daybook.tenants.settings import TenantSettings


def environment_of(request: Request, settings: TenantSettings, named: str | None) -> str:
    """The environment that the call names, else the tenant's first that the credential reaches.

    Raises `Problem` 404 if the tenant does not have it, 403 if the credential is not for it.
    """
    if named is not None and named not in settings.environments:
        raise not_found("environment")
    return request.caller.environment_for(named, settings.environments)
