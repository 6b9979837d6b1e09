"""The templates, synthesised once a session because starting the CDK takes seconds."""

import pytest

from infra.deployment import SERVICE, STORAGE, synthesise
from tests.support.templates import Stack


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    templates = synthesise(tmp_path_factory.mktemp("cdk.out"), {"asset": "source"})
    return {name: Stack(name, templates) for name in templates}


@pytest.fixture(scope="session")
def storage(stacks: dict[str, Stack]) -> Stack:
    return stacks[STORAGE]


@pytest.fixture(scope="session")
def service(stacks: dict[str, Stack]) -> Stack:
    return stacks[SERVICE]
