"""Commands refuse a table that is not the one that they are to be given, and change nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from daybook.access.api_keys import OPERATORS, IssuedKey, Key
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.wiring import Tables
from daybook.clock import format_time
from infra.operate import drop_revoked_keys, keep_tenant_secret, replay_forgetting
from tests.support.ingest import NOW, SECRET
from tests.support.operate import connected_to
from tests.support.tenant_log import TenantLog

ISSUED = IssuedKey("o1", OPERATORS.tenant, "operations", "*", "billing", "2026-11-22T16:31:07.123Z")

pytestmark = pytest.mark.every_store


@pytest.fixture
def used(dynamodb: Any, tables: Tables) -> Tables:
    """The tables of a deployment that holds an event, its person and a key."""
    KeyTable(dynamodb, tables.credentials, tables.control).put_key(OPERATORS, Key("o1", "s" * 32), ISSUED)
    actor = {"type": "user", "id": "u-1", "username": "mike.mars"}
    TenantLog(dynamodb, tables).sent({"id": "1", "occurred_at": format_time(NOW), "activity": "a.b", "actor": actor})
    return tables


@pytest.fixture
def replay(dynamodb: Any, used: Tables) -> Callable[..., int]:
    def run(**wrong: str) -> int:
        names = {**vars(used), **wrong}
        tables = [f"--{each}={names[each]}" for each in ("identities", "events", "control")]
        return replay_forgetting.main(
            [*tables, "--secret=arn"], connect=connected_to(dynamodb), read_secret=lambda *_: SECRET
        )

    return run


def rows(dynamodb: Any, tables: Tables) -> list[Any]:
    return [dynamodb.scan(TableName=name)["Items"] for name in vars(tables).values()]


@pytest.mark.parametrize("control", ["events", "identities", "credentials", "limits"])
def test_no_command_takes_another_table_for_the_control_table(
    dynamodb: Any, used: Tables, replay: Callable[..., int], control: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """There it would find no keys, no tenants and no jobs, and delete what the control table lists."""
    before, given = rows(dynamodb, used), f"--control={vars(used)[control]}"
    connect = connected_to(dynamodb)
    assert replay(control=vars(used)[control]) == 1
    assert drop_revoked_keys.main([f"--credentials={used.credentials}", given], connect=connect) == 1
    of_acme = [given, "--tenant=acme", "--secret=arn"]
    assert keep_tenant_secret.main(of_acme, connect=connect, read_secret=lambda *_: SECRET) == 1
    assert capsys.readouterr().err.count("is not the control table: it lists no tenants") == 3
    assert rows(dynamodb, used) == before


@pytest.mark.parametrize(
    ("identities", "told"), [("events", "not people's"), ("credentials", "not people's"), (None, "finds no table")]
)
def test_forgetting_is_replayed_in_an_identities_table_alone(
    used: Tables, replay: Callable[..., int], identities: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in one that there is not, either, also where nobody was forgotten."""
    assert replay(identities=vars(used)[identities] if identities else "none") == 1
    assert told in capsys.readouterr().err
    assert replay() == 0


@pytest.mark.parametrize("credentials", ["control", "identities", "events"])
def test_keys_are_dropped_from_a_credentials_table_alone(
    dynamodb: Any, used: Tables, credentials: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(dynamodb, used)
    given: Sequence[str] = [f"--credentials={vars(used)[credentials]}", f"--control={used.control}"]
    assert drop_revoked_keys.main(given, connect=connected_to(dynamodb)) == 1
    assert "is not a credentials table" in capsys.readouterr().err
    assert rows(dynamodb, used) == before
