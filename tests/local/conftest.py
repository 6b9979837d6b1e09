"""One local Daybook for all tests over HTTP that do not disturb each other. Each test makes its own tenants."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.template import Templates
from tests.support.running_daybook import LocalDaybook, running_daybook

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests take longest, so they run first. Those that share local Daybook go to one worker, so that there
    is one.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(HERE))
    for item in itertools.takewhile(lambda item: item.path.is_relative_to(HERE), items):
        if "local_daybook" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("local_daybook"))


@pytest.fixture(scope="package")
def local_daybook(
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Templates,  # noqa: ARG001  local Daybook starts from the session's templates
) -> Iterator[LocalDaybook]:
    with running_daybook(tmp_path_factory.mktemp("local_daybook")) as local_daybook:
        yield local_daybook
