"""The first credential of a deployment, created from the command line."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daybook.access import api_keys
from infra.operate.create_operations_key import main, store
from tests.support.operate import connected_to


class Rows:
    """A DynamoDB client that keeps the rows."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_item(self, **call: Any) -> None:
        self.put.append(call)


class Refusing:
    def put_item(self, **call: Any) -> None:
        answer = {"Error": {"Code": "ResourceNotFoundException", "Message": f"no {call['TableName']}"}}
        raise ClientError(answer, "PutItem")


def test_the_key_is_stored_as_its_hash_for_every_tenant_and_environment() -> None:
    """The row is as the authorizer reads it. It has the secret's hash and not the secret."""
    rows = Rows()
    key = api_keys.new_key()
    store(rows, "credentials", key, label="us", clock=lambda: 1_795_365_067_123)
    assert rows.put == [
        {
            "TableName": "credentials",
            "Item": {
                "pk": {"S": f"key#{key.id}"},
                "sk": {"S": "key"},
                "tenant": {"S": ""},
                "role": {"S": "operations"},
                "environment": {"S": "*"},
                "hash": {"S": api_keys.hash_of(key.secret)},
                "label": {"S": "us"},
                "created_at": {"S": "2026-11-22T16:31:07.123Z"},
            },
        }
    ]


def test_the_key_is_printed_once_and_is_the_one_stored(capsys: pytest.CaptureFixture[str]) -> None:
    """The only line printed is the credential whose hash was stored."""
    rows = Rows()
    assert main(["--table", "credentials", "--label", "us"], connect=connected_to(rows)) == 0
    printed = capsys.readouterr().out
    assert re.fullmatch(r"dbk_[a-z0-9]+_[A-Za-z0-9]+\n", printed)
    key = api_keys.parse(printed.strip())
    assert key is not None
    (call,) = rows.put
    assert api_keys.matches(key.secret, call["Item"]["hash"]["S"])
    assert call["Item"]["label"] == {"S": "us"}


def test_a_key_that_could_not_be_stored_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """If the table refuses the row, the command gives the reason and prints no credential."""
    assert main(["--table", "nowhere"], connect=connected_to(Refusing())) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no nowhere" in captured.err
    assert "dbk_" not in captured.err
