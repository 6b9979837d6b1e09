"""The templates, synthesised once a session because starting the CDK takes seconds."""

import pytest

from infra.deployment import SERVICE, STORAGE
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
