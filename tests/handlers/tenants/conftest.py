"""What tests of the function `tenants` start from."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from tests.support.tenancy import Tenancy


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> Tenancy:
    return Tenancy(dynamodb, tables)


@pytest.fixture
def acme(log: Tenancy) -> Tenancy:
    """A log in which the tenant acme exists and nothing is recorded yet."""
    assert log.create()["statusCode"] == 201
    log.log.records.clear()
    return log
