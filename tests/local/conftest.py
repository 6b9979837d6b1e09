"""One house for all tests over HTTP that leave nothing in others' way: each makes tenants of its own."""

from collections.abc import Iterator

import pytest

from infra.local.template import Templates
from tests.support.running_house import LocalDaybook, running_house


@pytest.fixture(scope="package")
def local_daybook(
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Templates,  # noqa: ARG001  the house starts from what the session has kept
) -> Iterator[LocalDaybook]:
    with running_house(tmp_path_factory.mktemp("local_daybook")) as local_daybook:
        yield local_daybook
