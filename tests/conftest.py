"""The stores that tests run against, with the tables of the synthesised template in them.

A test that asks for `dynamodb` or `tables` runs twice: on moto with its INSERT mended, and on DynamoDB Local.
With `@pytest.mark.parametrize("store", ["moto"], indirect=True)` it runs on the one alone.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from hypothesis import settings
from moto import mock_aws

from daybook.aws.wiring import Tables
from infra.local.aws import moto_insert, moto_speed
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates

__all__ = ["Store", "Tables"]

settings.register_profile("daybook", deadline=None)  # both cores are busy with the other tests
settings.load_profile("daybook")

STORES = ("moto", "dynamodb-local")


@dataclass(frozen=True)
class Store:
    name: str
    endpoint: str | None  # None where calls are caught in this process


@pytest.fixture(autouse=True, scope="session")
def _no_real_account() -> Iterator[None]:
    """No test can reach an AWS account, whatever the machine it runs on is signed in to."""
    made_up = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made_up.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        yield


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The engine's endpoint; one engine for each test worker."""
    with DynamoDBLocal() as engine:
        yield engine.endpoint


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "dynamodb-local":
        yield Store(request.param, request.getfixturevalue("dynamodb_local"))
        return
    moto_insert.apply()
    moto_speed.apply()
    with mock_aws():
        yield Store(request.param, None)


@pytest.fixture
def dynamodb(store: Store) -> Any:
    return boto3.client("dynamodb", endpoint_url=store.endpoint)


@pytest.fixture(scope="session")
def definitions() -> dict[str, dict[str, Any]]:
    """What `CreateTable` takes for each table, as the stacks define them; keys as the fields of `Tables`."""
    found = table_definitions(templates())
    return {
        field: next(found[logical_id] for logical_id in found if logical_id.lower().startswith(field))
        for field in Tables.__annotations__
    }


_serial = itertools.count()


@pytest.fixture
def tables(dynamodb: Any, definitions: dict[str, dict[str, Any]]) -> Tables:
    """Fresh tables. Their names are new each time: DynamoDB Local gets slow where a streamed table comes back."""
    suite = f"{os.getpid()}-{next(_serial)}"
    for field, definition in definitions.items():
        dynamodb.create_table(TableName=f"{field}-{suite}", **definition)
    return Tables(**{field: f"{field}-{suite}" for field in definitions})
