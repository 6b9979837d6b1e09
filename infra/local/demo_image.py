"""What moto's tables hold once the demo is loaded, kept on disk: the next start need not send all of it again.

moto forgets everything when it ends, and to send two thousand events takes most of a start. The image is taken once and
holds for the very code that wrote it; the load after it sends only what has happened since.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from infra import ROOT
from infra.local.gateway.api import REGION

Attributes = dict[str, dict[str, Any]]
"""Of one item, as DynamoDB writes them: each a type with its value."""


class DemoImage(msgspec.Struct, frozen=True):
    written_by: str
    """The hash of the code."""
    secret: str
    """The deployment's: without it nothing in the tables could be read."""
    tables: dict[str, list[Attributes]]

    @classmethod
    def kept(cls, file: Path) -> "DemoImage | None":
        """None where there is none, or none of this code."""
        if not file.exists():
            return None
        try:
            image = msgspec.msgpack.decode(file.read_bytes(), type=cls)
        except msgspec.DecodeError:
            return None
        return image if image.written_by == hash_of_code() else None

    @classmethod
    def taken(cls, secret: str) -> "DemoImage":
        """Of everything but the operations keys, which are each start's own."""
        return cls(
            hash_of_code(),
            secret,
            {
                name: [attributes for attributes in contents(table) if attributes.get("tenant") != {"S": ""}]
                for name, table in tables().items()
            },
        )

    def its_secret(self, _properties: Mapping[str, Any]) -> str:
        return self.secret

    def keep(self, file: Path) -> None:
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)  # it holds a secret
        fresh.write_bytes(msgspec.msgpack.encode(self))
        fresh.replace(file)  # whole or not at all

    def restore(self) -> None:
        """Into moto's tables, before anyone reads them; nothing where these have other names."""
        if self.tables.keys() != tables().keys():
            return
        for name, table in tables().items():
            for attributes in self.tables[name]:
                partition, place = DynamoType(attributes[table.hash_key_attr]), DynamoType(attributes["sk"])
                # Past `put_item`, which emits a record to the table's stream: nobody is to be told of it again.
                table.items[partition][place] = Item(partition, place, attributes)


def tables() -> dict[str, Table]:
    found: dict[str, Table] = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
    return found


def contents(table: Table) -> Iterator[Attributes]:
    for item in table.all_items():
        yield {name: value.to_regular_json() for name, value in item.attrs.items()}


def hash_of_code() -> str:
    """Of all that decides what a loaded demo looks like in the tables."""
    sources = (file for part in ("lambdas", "events/demo") for file in (ROOT / part).rglob("*") if file.is_file())
    hashed = hashlib.sha256()
    for file in sorted(file for file in sources if file.suffix != ".pyc"):
        hashed.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return hashed.hexdigest()
