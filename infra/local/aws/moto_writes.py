"""Makes the conditions and transactions of moto 5.2.5's DynamoDB hold between threads.

moto checks a condition and then writes. Of 300 claims that four threads tried at the same time, 76 were won by several
or failed with a 500. To undo a cancelled transaction, moto puts back a copy of the whole table from before, and with it
undoes what others wrote meanwhile. Copying failed with a 500 beside a read, because a read of a partition that does not
exist adds an empty one. Here one call at a time uses the tables.
"""

from threading import RLock

from moto.dynamodb.models import DynamoDBBackend

from infra.local.aws.one_at_a_time import alone

_lock = RLock()  # a transaction calls the single reads and writes
_corrected = {
    name: alone(getattr(DynamoDBBackend, name), _lock)
    for name in ("get_item", "query", "scan", "put_item", "update_item", "delete_item", "transact_write_items")
}


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    for name, method in _corrected.items():
        setattr(DynamoDBBackend, name, method)
