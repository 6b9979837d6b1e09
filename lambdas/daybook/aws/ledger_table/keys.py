"""The public keys that sign checkpoints, for ever: who has an old proof needs the key of its time.

| pk | sk | holds |
|---|---|---|
| `keys` | the key's id in KMS | `public` (32 bytes), `since` (milliseconds), `cosigner` (its name, if it signs times) |

A row is written once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.batches import insert, insert_statement
from daybook.aws.calls import rows
from daybook.errors import Throttled
from daybook.events.store import Append as Inserted
from daybook.ledger.signing import PublishedKey

PARTITION = "keys"
"""No tenant's: it lacks the six characters of a code."""


class PublishedKeyTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled`."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def published(self) -> Sequence[PublishedKey]:
        return sorted(map(_key, rows(self._client, self._table, PARTITION)), key=lambda key: (key.since_ms, key.id))

    def publish(self, key: PublishedKey) -> None:
        item = {
            "pk": {"S": PARTITION},
            "sk": {"S": key.id},
            "public": {"B": key.public},
            "since": {"N": str(key.since_ms)},
            **({} if key.cosigner is None else {"cosigner": {"S": key.cosigner}}),
        }
        (outcome,) = insert(self._client, [insert_statement(self._table, item)])
        if outcome is Inserted.THROTTLED:
            raise Throttled


def _key(item: Mapping[str, Any]) -> PublishedKey:
    cosigner = item["cosigner"]["S"] if "cosigner" in item else None
    return PublishedKey(item["sk"]["S"], bytes(item["public"]["B"]), cosigner, int(item["since"]["N"]))
