"""The templates, synthesised once a session because starting the CDK takes seconds."""

import json
import os
from typing import Any

import pytest

from infra.deployment import synthesise
from infra.local.aws.dynamodb_local import only_one_at_a_time
from infra.local.template import Templates
from infra.names import SERVICE, STORAGE
from tests.support.templates import Stack


@pytest.fixture(scope="session")
def stacks(synthesised: Templates) -> dict[str, Stack]:
    return {name: Stack(name, synthesised) for name in synthesised}


@pytest.fixture(scope="session")
def storage(stacks: dict[str, Stack]) -> Stack:
    return stacks[STORAGE]


@pytest.fixture(scope="session")
def service(stacks: dict[str, Stack]) -> Stack:
    return stacks[SERVICE]


OTHER: dict[str, Any] = {
    "stage": "trial",
    "region": "eu-central-1",
    "domain_name": "audit.example.com",
    "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "alarm_email": "on-call@example.com",
    "create_trail": True,
    "xray": True,
    "log_retention_days": 400,
    "log_level": "DEBUG",
    "removal_policy": "destroy",
    "oidc_issuer": "https://id.example.com/realms/acme",
    "oidc_audience": "daybook",
    "oidc_console_client": "console",
    "oidc_roles_claim": "groups",
    "waf": True,
    "waf_rate": 500,
    "events_table": "events-restored",
    "events_stream_arn": (
        "arn:aws:dynamodb:eu-central-1:123456789012:table/events-restored/stream/2026-11-26T17:00:00.000"
    ),
    "identities_table": "identities-restored",
    "control_table": "control-restored",
    "credentials_table": "credentials-restored",
    "ledger_table": "ledger-restored",
    "max_read_units": 4_000,
    "max_write_units": 1_000,
    "fan_out_window_seconds": 30,
    "append_window_seconds": 20,
    "log_origin": "logs.example.com/daybook",
    "checkpoint_seconds": 600,
    "reserve": True,
    "cloud_watch_role": True,
    "budget_dollars": 500,
}
"""Settings that differ from the defaults."""

SMALL: dict[str, Any] = {
    "stage": "small",
    "small_account": True,
    "account_concurrency": 10,
    "create_trail": True,
    "signing_keys": 2,
}
"""Settings of a third deployment, which contradict those above. Its trail is retained; its signing keys were rotated.
"""


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Templates]:
    """The templates of deployments with the settings above by their stage, synthesised once for all workers."""
    own = tmp_path_factory.getbasetemp()
    session = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    kept = session / "others.json"
    with only_one_at_a_time(session):
        if not kept.exists():
            made = {
                settings["stage"]: synthesise(session / settings["stage"], {"asset": "source", **settings})
                for settings in (OTHER, SMALL)
            }
            kept.write_text(json.dumps(made))
        templates: dict[str, Templates] = json.loads(kept.read_text())
    return templates


@pytest.fixture(scope="session")
def other(others: dict[str, Templates]) -> Templates:
    return others["trial"]
