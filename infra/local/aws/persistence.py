"""The data that survives a restart with `DAYBOOK_STORE=dynamodb-local`: tables, the secret and a generated key.

The deployment's secret must survive. All keys are derived from it, and events written under another secret could
neither be found nor read.
"""

import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daybook.access.api_keys import Key, new_key, parse
from infra.local.aws.cloudformation import tables, times_to_live
from infra.local.options import CannotStart
from infra.local.template import Templates


def random_secret(properties: Mapping[str, Any]) -> str:
    """Makes a secret as Secrets Manager would from its resource's properties, with letters and digits only."""
    length = properties.get("GenerateSecretString", {}).get("PasswordLength", 32)  # Secrets Manager's default
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def stored_secret(folder: Path, properties: Mapping[str, Any]) -> str:
    return read_or_create(folder / "deployment-secret", random_secret(properties))


def stored_key(folder: Path) -> Key:
    credential = read_or_create(folder / "operations-key", new_key().credential)
    return parse(credential) or new_key()


def read_or_create(file: Path, fresh: str) -> str:
    """Returns the file's content. Writes `fresh` to it if the file does not exist."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(fresh)
    return file.read_text()


def create_tables(dynamodb: Any, stacks: Templates, folder: Path) -> None:
    """Creates the templates' tables that do not exist. Raises `CannotStart` if existing tables no longer fit."""
    there = set(dynamodb.list_tables()["TableNames"])
    for name, definition in tables(stacks).items():
        if name in there:
            if indexes(dynamodb.describe_table(TableName=name)["Table"]) != indexes(definition):
                raise CannotStart(f"The tables in {folder} are older than the template. Remove that folder.")
            continue
        dynamodb.create_table(TableName=name, **definition)
        if attribute := times_to_live(stacks).get(name):
            dynamodb.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True}
            )


def indexes(table: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        index["IndexName"]: (index["KeySchema"], sorted(index["Projection"].get("NonKeyAttributes", [])))
        for index in table.get("GlobalSecondaryIndexes", [])
    }
