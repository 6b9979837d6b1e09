"""Keeps the contents of moto's tables on disk after the demo is loaded, so that the next start does not send it again.

moto keeps nothing when it ends, and sending two thousand events takes most of a start. The image is valid only for the
code that wrote it. The load that follows a restore sends only the events that have happened since.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from daybook.access.api_keys import OPERATORS
from infra import ROOT
from infra.local.gateway.api import ACCOUNT, REGION

Attributes = dict[str, dict[str, Any]]
"""The attributes of one item in DynamoDB's form: each value with its type."""


class DemoImage(msgspec.Struct, frozen=True):
    written_by: str
    """The hash of the code."""
    secret: str
    """The deployment's secret. Without it, nothing in the tables could be read."""
    tables: dict[str, list[Attributes]]

    @classmethod
    def kept(cls, file: Path) -> "DemoImage | None":
        """Reads the image. Returns None if there is none or if other code wrote it."""
        if not file.exists():
            return None
        try:
            image = msgspec.msgpack.decode(file.read_bytes(), type=cls)
        except msgspec.DecodeError:
            return None
        return image if image.written_by == hash_of_code() else None

    @classmethod
    def taken(cls, secret: str) -> "DemoImage":
        """Takes an image of everything except the operations keys, which every start makes anew."""
        return cls(
            hash_of_code(),
            secret,
            {
                name: [attributes for attributes in contents(table) if not is_operators(attributes)]
                for name, table in tables().items()
            },
        )

    def secret_of(self, _properties: Mapping[str, Any]) -> str:
        return self.secret

    def keep(self, file: Path) -> None:
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)  # it holds a secret
        fresh.write_bytes(msgspec.msgpack.encode(self))
        fresh.replace(file)  # so that the file is never incomplete

    def restore(self) -> None:
        """Fills moto's tables before anyone reads them. Does nothing if the tables have other names."""
        if self.tables.keys() != tables().keys():
            return
        for name, table in tables().items():
            for attributes in self.tables[name]:
                partition, place = DynamoType(attributes[table.hash_key_attr]), DynamoType(attributes["sk"])
                # Not by `put_item`, which would emit these items to the table's stream again.
                table.items[partition][place] = Item(partition, place, attributes)


def is_operators(attributes: Attributes) -> bool:
    """Whether a row is of an operations key: the authorizer's, or the list's."""
    return attributes.get("tenant") == {"S": OPERATORS.tenant} or attributes["pk"] == {"S": OPERATORS.partition}


def tables() -> dict[str, Table]:
    found: dict[str, Table] = dynamodb_backends[ACCOUNT][REGION].tables
    return found


def contents(table: Table) -> Iterator[Attributes]:
    for item in table.all_items():
        yield {name: value.to_regular_json() for name, value in item.attrs.items()}


def hash_of_code() -> str:
    """The hash of everything that determines the tables' contents after the demo is loaded."""
    sources = (file for part in ("lambdas", "events/demo") for file in (ROOT / part).rglob("*") if file.is_file())
    page = ROOT / "lambdas" / "console"  # it only reads, and its packages are thousands of files
    hashed = hashlib.sha256()
    for file in sorted(file for file in sources if file.suffix != ".pyc" and not file.is_relative_to(page)):
        hashed.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return hashed.hexdigest()
