"""The stores that tests run against, with the tables of the synthesised template in them.

A test that asks for `dynamodb` or `tables` runs on each of `STORES`: in memory in the quick lane, on moto and DynamoDB
Local in the long one or at night (`_is_for_the_night`). With `@pytest.mark.every_store` it is quick on all of them. A
test that is about certain stores chooses them with `@pytest.mark.parametrize("store", ["moto"], indirect=True)`.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from hypothesis import settings
from moto import mock_aws
from moto.backends import get_backend

from daybook.aws.wiring import Tables
from infra.local.aws import moto_insert, moto_speed, moto_writes
from infra.local.aws.dynamodb_local import DynamoDBLocal, only_one_at_a_time
from infra.local.template import CACHE, Templates, table_definitions, templates
from infra.openapi import file
from infra.page.build import NodeMissing, build
from tests.support.memory_dynamodb import MemoryDynamoDB
from tests.support.scheduling import OneLocalDaybook

settings.register_profile("daybook", deadline=None)  # both cores are busy with the other tests
settings.load_profile("daybook")

STORES = ("memory", "moto", "dynamodb-local")

FIRST_CASE_ALONE = ("tests/handlers/", "tests/faults/")
"""Where a test has many cases, and most are about our own code rather than about the engine."""

ON_MOTO_AT_NIGHT = ("tests/handlers/", "tests/faults/", "tests/model/")
"""What takes minutes on each engine, and is held against the nearer one in the long lane. The laptop's own tests run
every handler on moto over HTTP.
"""

TESTS_OF_AN_ENGINE = 60
"""A start takes two or three seconds."""


@dataclass(frozen=True)
class Store:
    name: str
    endpoint: str | None  # None where calls do not leave this process


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
def dynamodb_local() -> Iterator[Callable[[], str]]:
    """Gives the engine's endpoint to a test; one engine for each test worker at a time. It gets slower with every table
    that has a stream, so after a while another one takes its place.
    """
    with ExitStack() as running:
        engine = DynamoDBLocal()
        tests = itertools.count()

        def endpoint() -> str:
            if next(tests) % TESTS_OF_AN_ENGINE == 0:
                running.close()
                running.enter_context(engine)
            return engine.endpoint

        yield endpoint


@pytest.fixture(scope="session")
def moto() -> Iterator[None]:
    """One moto for the whole session: each start of it takes as long as a short test."""
    moto_insert.apply()
    moto_speed.apply()
    moto_writes.apply()
    with mock_aws():
        yield


@pytest.fixture
def aws(moto: None) -> Iterator[Callable[[str], Any]]:  # noqa: ARG001  it is on
    """Clients by the name of their service; moto's services beside DynamoDB are empty when a test begins."""
    yield client_of
    for service in ("kinesis", "s3", "secretsmanager", "sqs"):
        for account in get_backend(service).values():
            account.reset()


def pytest_configure(config: pytest.Config) -> None:
    """The function `public` and the checks of answers read the OpenAPI document's file."""
    if not hasattr(config, "workerinput"):  # not in each worker: they start after this
        file.write()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneLocalDaybook:
    return OneLocalDaybook(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "store" in metafunc.fixturenames and not any("store" in names for names in chosen):
        lane = () if metafunc.definition.get_closest_marker("every_store") else (pytest.mark.long,)
        memory, *others = STORES
        stores = [memory, *(pytest.param(name, marks=lane) for name in others)]
        metafunc.parametrize("store", stores, indirect=True)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what only runs at night. All of it runs in memory too, in the quick lane."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        store = item.callspec.params.get("store") if hasattr(item, "callspec") else None
        if store in STORES[1:] and item.get_closest_marker("long") and _is_for_the_night(item, store, seen):
            item.add_marker(pytest.mark.nightly)


def _is_for_the_night(item: pytest.Item, engine: str, seen: set[tuple[str, str]]) -> bool:
    """Whether a test is large, a further case, or on moto where DynamoDB Local is enough. Adds it to those seen."""
    test = (item.nodeid.partition("[")[0], engine)
    is_further = test in seen and item.nodeid.startswith(FIRST_CASE_ALONE)
    seen.add(test)
    is_on_moto = engine == "moto" and item.nodeid.startswith(ON_MOTO_AT_NIGHT)
    return is_further or is_on_moto or item.get_closest_marker("large") is not None


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "dynamodb-local":
        return Store(request.param, request.getfixturevalue("dynamodb_local")())
    if request.param == "moto":
        request.getfixturevalue("moto")
    return Store(request.param, None)


@cache
def client_of(service: str, endpoint: str | None = None) -> Any:
    """One for each service and endpoint: to make one takes longer than most tests."""
    return boto3.client(service, endpoint_url=endpoint)


@pytest.fixture
def dynamodb(store: Store) -> Any:
    return MemoryDynamoDB() if store.name == "memory" else client_of("dynamodb", store.endpoint)


@pytest.fixture(scope="session")
def synthesised() -> Templates:
    """The stacks' templates, synthesised once for all workers."""
    with only_one_at_a_time(CACHE):
        return templates()


@pytest.fixture(scope="session")
def console_page() -> None:
    """The files of the console's page, as the function `console` serves them."""
    try:
        build()
    except NodeMissing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def definitions(synthesised: Templates) -> dict[str, dict[str, Any]]:
    """What `CreateTable` takes for each table, as the stacks define them; keys as the fields of `Tables`."""
    found = table_definitions(synthesised)
    return {
        field: next(found[logical_id] for logical_id in found if logical_id.lower().startswith(field))
        for field in Tables.__annotations__
    }


_serial = itertools.count()


@pytest.fixture
def tables(store: Store, dynamodb: Any, definitions: dict[str, dict[str, Any]]) -> Iterator[Tables]:
    """Fresh tables. Their names are new each time: DynamoDB Local gets slow where a streamed table comes back."""
    suite = f"{os.getpid()}-{next(_serial)}"
    made = Tables(**{field: f"{field}-{suite}" for field in definitions})
    for field, definition in definitions.items():
        dynamodb.create_table(TableName=f"{field}-{suite}", **definition)
    yield made
    if store.name == "moto":  # the engine ends with the session, and takes longer over each
        for field in definitions:
            dynamodb.delete_table(TableName=f"{field}-{suite}")
