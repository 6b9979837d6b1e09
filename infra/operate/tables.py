"""Looks at the tables that a command is given by name before it relies on them. A wrong one holds no lists, and a
command that follows the lists would delete what it should keep.
"""

import re
from collections.abc import Mapping
from typing import Any

from daybook.aws.calls import rows
from daybook.aws.control_table.tenants import LIST, ControlTable
from daybook.aws.credentials_table.rows import key_name
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.ids import ALPHABET
from infra.operate.failures import Stopped

_ENVIRONMENT = re.compile(f"[{ALPHABET}]{{6}}#[0-9]+")


def control_table(client: Any, name: str) -> ControlTable:
    """Raises `Stopped` where the table holds no list of tenants, as it does once somebody has made a key."""
    if next(rows(client, name, LIST, rows_a_page=1), None) is None:
        raise Stopped(
            f"{name} is not the control table: it lists no tenants. The control table's name is the output"
            " ControlTable of the storage stack."
        )
    return ControlTable(client, name)


def identities_table(client: Any, name: str) -> ForgettingTable:
    """Raises `Stopped` where the table holds something other than people."""
    row = _some_row(client, name)
    if row is not None and not _ENVIRONMENT.fullmatch(row["pk"]["S"]):
        raise Stopped(f"{name} is not an identities table: its rows are not people's.")
    return ForgettingTable(client, name)


def check_credentials_table(client: Any, name: str) -> None:
    """Raises `Stopped` where the table holds something other than keys."""
    row = _some_row(client, name)
    prefix = key_name("")["pk"]
    if row is not None and not row["pk"]["S"].startswith(prefix):
        raise Stopped(f"{name} is not a credentials table: its rows are not keys'.")


def _some_row(client: Any, name: str) -> Mapping[str, Any] | None:
    found: list[Mapping[str, Any]] = client.scan(TableName=name, Limit=1)["Items"]
    return found[0] if found else None
