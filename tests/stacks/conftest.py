"""The templates, synthesised once a session because starting the CDK takes seconds."""

import json
import os
from typing import Any

import pytest

from infra.deployment import SERVICE, STORAGE, synthesise
from infra.local.aws.dynamodb_local import only_one_at_a_time
from infra.local.template import Templates
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
    "alarm_email": "on-call@example.com",
    "removal_policy": "destroy",
    "events_table": "events-restored",
    "events_stream_arn": (
        "arn:aws:dynamodb:eu-central-1:123456789012:table/events-restored/stream/2026-11-26T17:00:00.000"
    ),
    "identities_table": "identities-restored",
    "control_table": "control-restored",
    "credentials_table": "credentials-restored",
    "max_read_units": 4_000,
    "max_write_units": 1_000,
}
"""Settings that all differ from the defaults."""


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of a deployment with the settings above, synthesised once for all workers."""
    own = tmp_path_factory.getbasetemp()
    session = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    kept = session / "other.json"
    with only_one_at_a_time(session):
        if not kept.exists():
            kept.write_text(json.dumps(synthesise(session / "other", {"asset": "source", **OTHER})))
        made: Templates = json.loads(kept.read_text())
    return made
