"""One local Daybook for all tests over HTTP that do not disturb each other. Each test makes its own tenants."""

from collections.abc import Iterator

import pytest

from infra.local.template import Templates
from tests.support.running_daybook import LocalDaybook, running_daybook


@pytest.fixture(scope="package")
def local_daybook(
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Templates,  # noqa: ARG001  local Daybook starts from the session's templates
) -> Iterator[LocalDaybook]:
    with running_daybook(tmp_path_factory.mktemp("local_daybook")) as local_daybook:
        yield local_daybook
