"""Deletes revoked keys that have come back with a restored credentials table:
`python -m infra.operate.drop_revoked_keys --credentials RESTORED --control NAME`.

A point-in-time restore brings back the keys that were revoked after the restore point, and lets those live on that were
given an earlier end. The control table lists the keys that each tenant and the operators have now, and their ends. So
every other key of theirs is deleted, and the ends are set again. Keys of tenants that the control table does not know
by that name are in no list: the command prints them, and an operator decides. Running it twice, or on the table in use,
changes nothing.

Point the functions at the restored table only after this command has succeeded.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from daybook.access.api_keys import OPERATORS, IssuedKey, KeyOwner
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.credentials_table.rows import VALID_UNTIL, key_name, stored_key, strings
from daybook.errors import UnknownKey, UnknownTenant
from daybook.tenant import Tenant
from infra.operate.aws import Clients, clients, which_deployment
from infra.operate.failures import in_sentences
from infra.operate.tables import check_credentials_table, control_table


class Dropped(NamedTuple):
    revoked: int
    """The keys that were deleted."""
    limited: int
    """The keys whose end was set again."""
    unlisted: list[IssuedKey]
    """The keys that are in no list."""


def drop(client: Any, credentials: str, control: str) -> Dropped:
    """Raises `Stopped` where a table is not the one that it should be, and `Throttled`."""
    check_credentials_table(client, credentials)
    tenants, lists = control_table(client, control), KeyTable(client, credentials, control)
    revoked, limited, unlisted = 0, 0, []
    for issued in list(_keys(client, credentials)):
        try:
            listed = lists.key_of(_owner(tenants, issued), issued.id)
        except UnknownTenant:
            unlisted.append(issued)
        except UnknownKey:
            client.delete_item(TableName=credentials, Key=strings(key_name(issued.id)))
            revoked += 1
        else:
            if listed.valid_until not in (None, issued.valid_until):
                client.update_item(
                    TableName=credentials,
                    Key=strings(key_name(issued.id)),
                    UpdateExpression=f"SET {VALID_UNTIL} = :until",
                    ExpressionAttributeValues=strings({":until": listed.valid_until}),
                )
                limited += 1
    return Dropped(revoked, limited, unlisted)


def _owner(tenants: ControlTable, issued: IssuedKey) -> KeyOwner:
    """Raises `UnknownTenant`."""
    if issued.tenant == OPERATORS.tenant:
        return OPERATORS
    return KeyOwner(tenants.settings(Tenant(issued.tenant)).code, issued.tenant)


def _keys(client: Any, credentials: str) -> Iterator[IssuedKey]:
    for page in client.get_paginator("scan").paginate(TableName=credentials, ConsistentRead=True):
        yield from (stored_key(row).issued for row in page["Items"])


@in_sentences("Nothing may read from the restored table yet.")
def main(arguments: Sequence[str], *, connect: Callable[[argparse.Namespace], Clients] = clients) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.drop_revoked_keys",
        parents=[which_deployment()],
        description="Deletes revoked keys that have come back with a restored credentials table. Run it before the"
        " functions read from the table.",
    )
    parser.add_argument("--credentials", required=True, help="the restored table's name")
    parser.add_argument("--control", required=True, help="the control table's name, an output of the storage stack")
    options = parser.parse_args(arguments)
    dropped = drop(connect(options)("dynamodb"), options.credentials, options.control)
    sys.stdout.write(f"{dropped.revoked} revoked keys had come back and are deleted.\n")
    sys.stdout.write(f"{dropped.limited} keys end again when they were to end.\n")
    for key in dropped.unlisted:
        whose = f"tenant {key.tenant}, which is unknown"
        sys.stdout.write(f"In no list: {key.id} ({key.label}), of {whose}, created at {key.created_at}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
