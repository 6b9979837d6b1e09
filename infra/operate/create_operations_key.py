"""Creates a key for operations: `python -m infra.operate.create_operations_key --table NAME`.

It is the first credential of a deployment. The API can't create it, because creating a key requires a credential.
The key is printed once, after its hash has been stored.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.access.api_keys import IssuedKey, Key, new_key
from daybook.access.roles import OPERATIONS
from daybook.aws.credentials_table.rows import key_row, strings
from daybook.clock import Clock, format_time, system_clock
from daybook.http.caller import EVERY_ENVIRONMENT
from infra.operate.aws import Clients, clients, which_deployment


def store(client: Any, table: str, key: Key, *, label: str, clock: Clock = system_clock) -> None:
    """Gives the key the role of operations, from the next call on. Storing it again is harmless."""
    issued = IssuedKey(
        id=key.id,
        tenant="",
        role=OPERATIONS,
        environment=EVERY_ENVIRONMENT,
        label=label,
        created_at=format_time(clock()),
    )
    client.put_item(TableName=table, Item=strings(key_row(key, issued)))


def main(arguments: Sequence[str], *, connect: Callable[[argparse.Namespace], Clients] = clients) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.create_operations_key",
        parents=[which_deployment()],
        description="Creates a key for operations, stores its hash, and prints the key. It is never shown again.",
    )
    parser.add_argument("--table", required=True, help="the credentials table's name, an output of the storage stack")
    parser.add_argument("--label", default="operations", help="whose key it is; the audit log shows it with each call")
    options = parser.parse_args(arguments)
    key = new_key()
    try:
        store(connect(options)("dynamodb"), options.table, key, label=options.label)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"No key was created: {error}\n")
        return 1
    sys.stdout.write(f"{key.credential}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
