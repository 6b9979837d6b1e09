"""A running Daybook signs its logs, with the keys of the template, by its own code and roles."""

import json
import stat
import time
from typing import Any

import pytest

from daybook.aws.calls import rows
from daybook.aws.control_table.tenants import LIST
from daybook.aws.ledger_table.checkpoints import CheckpointTable
from daybook.aws.ledger_table.keys import PublishedKeyTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.ledger.checkpoints import parse
from daybook.ledger.logs import Log
from daybook.ledger.notes import COSIGNATURE, ED25519, open_note, parse_key
from daybook.ledger.signing import SignedCheckpoint, key_lines
from daybook.tenant import TenantCode
from tests.support.running_daybook import LocalDaybook, make_tenant

SIGNED_WITHIN_SECONDS = 60
"""A window of 5 s to append, a rhythm of 10 s to sign, and cold starts on a busy machine."""


@pytest.fixture(scope="module")
def tables(local_daybook: LocalDaybook) -> dict[str, str]:
    functions = local_daybook.aws("lambda").list_functions()["Functions"]
    return {name: value for each in functions for name, value in each["Environment"]["Variables"].items()}


def signed(local_daybook: LocalDaybook, table: str, code: TenantCode, beyond: int = 0) -> tuple[Log, SignedCheckpoint]:
    """A checkpoint of the tenant's that is larger than `beyond`."""
    dynamodb: Any = local_daybook.aws("dynamodb")
    until = time.monotonic() + SIGNED_WITHIN_SECONDS
    while time.monotonic() < until:
        for log in LogTable(dynamodb, table).of(code):
            checkpoint = CheckpointTable(dynamodb, table).newest(log)
            if checkpoint is not None and checkpoint.size > beyond:
                return log, checkpoint
        time.sleep(0.2)
    raise AssertionError("nothing was signed")


@pytest.mark.long
def test_what_is_stored_is_signed_within_seconds(local_daybook: LocalDaybook, tables: dict[str, str]) -> None:
    """And signed again when it has grown. The note verifies with the published key lines, is in the bucket as well, and
    the keys' files are private.
    """
    created = make_tenant(local_daybook.operations, "signed")
    assert created.status_code == 201
    (row,) = (
        each
        for each in rows(local_daybook.aws("dynamodb"), tables["CONTROL_TABLE"], LIST)
        if each["sk"]["S"] == created.json()["tenant"]
    )
    code = TenantCode(json.loads(row["settings"]["S"])["code"])
    _, first = signed(local_daybook, tables["LEDGER_TABLE"], code)
    local_daybook.client(local_daybook.operations_key, **{"Daybook-Tenant": "signed"}).get("/v1/events")  # is recorded
    log, checkpoint = signed(local_daybook, tables["LEDGER_TABLE"], code, first.size)
    published = PublishedKeyTable(local_daybook.aws("dynamodb"), tables["LEDGER_TABLE"]).published()
    keys = [parse_key(line) for line in key_lines(log, published)]
    text, signatures = open_note(checkpoint.note, keys)
    assert parse(text) == (log.origin, checkpoint.size, checkpoint.edge.root)
    assert [each.key.key_type for each in signatures] == [ED25519, COSIGNATURE]
    s3 = local_daybook.aws("s3")
    (kept,) = s3.list_objects_v2(Bucket=tables["CHECKPOINT_BUCKET"], Prefix=f"{log.name}/", MaxKeys=1)["Contents"]
    newest = s3.get_object(Bucket=tables["CHECKPOINT_BUCKET"], Key=kept["Key"])
    assert newest["ObjectLockMode"] == "GOVERNANCE"
    assert parse(open_note(newest["Body"].read().decode(), keys)[0]).size >= checkpoint.size
    files = list((local_daybook.data / "signing-keys").iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
