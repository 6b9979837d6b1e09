"""One local Daybook for all tests over HTTP that do not disturb each other. Each test makes its own tenants."""

from collections.abc import Iterator

import pytest

from infra.local.template import Templates
from tests.support.running_daybook import LocalDaybook, running_daybook, tenants_admin
from tests.support.sign_in import CLIENT, running_provider
from tests.support.slow_jobs import SlowJobs, ask_for_slow_jobs

TENANT = "signed-in"
"""Whose people sign in at the issuer."""


@pytest.fixture(scope="package")
def provider() -> Iterator[str]:
    """An OIDC issuer, which local Daybook trusts."""
    here = {"tenant": TENANT}
    people = {
        "jane": {
            **here,
            "roles": ["auditor"],
            "preferred_username": "jane.roe",
            "name": "Jane Roe",
            "email": "jane@roe.example",
        },
        "kim": {**here, "roles": ["auditor", "producer"], "environments": ["prod"], "email": "kim@example.com"},
        "lee": {**here, "roles": ["auditor"]},
        "nobody": {**here, "roles": ["Buyer"]},
        "operator": {**here, "roles": ["operations"]},
        "stranger": {"tenant": "not-there", "roles": ["admin"]},
    }
    with running_provider(people) as url:
        yield url


@pytest.fixture(scope="package")
def local_daybook(
    provider: str,
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Templates,  # noqa: ARG001  local Daybook starts from the session's templates
) -> Iterator[LocalDaybook]:
    issuer = {"DAYBOOK_OIDC_ISSUER": provider, "DAYBOOK_OIDC_AUDIENCE": CLIENT}
    with running_daybook(tmp_path_factory.mktemp("local_daybook"), **issuer) as local_daybook:
        yield local_daybook


@pytest.fixture(scope="package")
def slow_jobs(local_daybook: LocalDaybook) -> Iterator[SlowJobs]:
    """Whatever else waits for so long asks for this first: then both wait at once."""
    tenant = "slow-jobs"
    with tenants_admin(local_daybook, tenant) as admin:
        yield ask_for_slow_jobs(local_daybook, admin, tenant, "prod")
