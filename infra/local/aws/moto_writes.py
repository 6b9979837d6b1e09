"""Makes the conditions and transactions of moto 5.2.5's DynamoDB hold between threads.

moto checks a condition and then writes. Of 300 claims that four threads tried at the same time, 76 were won by several
or failed with a 500. To undo a cancelled transaction, moto puts back a copy of the whole table from before, and with it
undoes what others wrote meanwhile. Here one call at a time writes.
"""

from threading import RLock

from moto.dynamodb.models import DynamoDBBackend

from infra.local.aws.one_at_a_time import alone

_lock = RLock()  # a transaction calls the single writes
_corrected = {
    name: alone(getattr(DynamoDBBackend, name), _lock)
    for name in ("put_item", "update_item", "delete_item", "transact_write_items")
}


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    for name, method in _corrected.items():
        setattr(DynamoDBBackend, name, method)
