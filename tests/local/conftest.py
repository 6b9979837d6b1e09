"""One house for all tests over HTTP that leave nothing in others' way: each makes tenants of its own."""

from collections.abc import Iterator

import pytest

from tests.local.running import House, running_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("house")) as house:
        yield house
