"""The identities table as forgetting uses it: the only place that deletes from it."""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.batches import TRANSIENT
from daybook.aws.identities_table.rows import IdentityTable
from daybook.errors import Throttled
from daybook.people.forgetter import ConcurrentChange, Deletion, Mark
from daybook.people.identities import Row
from daybook.people.tombstones import LASTS, TOMBSTONES
from daybook.tenant import Tenant

_OUTRUN = {"ConditionalCheckFailed", "TransactionConflict"}


class ForgettingTable(IdentityTable):
    """The store of `daybook.people.forgetter`."""

    def erase(self, tenant: Tenant, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark) -> None:
        """All of it or nothing. Raises `ConcurrentChange`, `Throttled`: then it may have been done all the same."""
        items = [{"Delete": self._deletion(tenant, deletion)} for deletion in deletions]
        items += [{"Update": self._tombstone(tenant, sort_key, mark)} for sort_key in tombstones]
        try:
            self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if reasons & _OUTRUN:
                raise ConcurrentChange from None
            if {error.response["Error"]["Code"], *reasons} & _TRANSIENT:
                raise Throttled from None
            raise
        except BotoCoreError:
            raise Throttled from None

    def tombstones(self, tenant: Tenant) -> Iterator[tuple[str, Row]]:
        """All there are, by sort key. Raises `Throttled`."""
        for sort_key, row in self._found(tenant, TOMBSTONES):
            yield sort_key, {**row, LASTS: int(row[LASTS])} if LASTS in row else row

    def _deletion(self, tenant: Tenant, deletion: Deletion) -> dict[str, Any]:
        delete: dict[str, Any] = {"TableName": self._table, "Key": _key(tenant, deletion.sort_key)}
        if deletion.only_of is not None:
            delete["ConditionExpression"] = "guid = :guid"
            delete["ExpressionAttributeValues"] = {":guid": {"S": deletion.only_of}}
        elif deletion.must_be_there:
            delete["ConditionExpression"] = "attribute_exists(pk)"
        return delete

    def _tombstone(self, tenant: Tenant, sort_key: str, mark: Mark) -> dict[str, Any]:
        """One more person in it. A later try to forget the same one overwrites one that never got to the key."""
        values: dict[str, Any] = {":event": {"S": mark.event_id}}
        if mark.lasts is None:
            expression = "SET #guid = :event REMOVE #lasts"
        else:
            expression = "SET #guid = :event, #lasts = :lasts"
            values[":lasts"] = {"N": str(mark.lasts)}
        return {
            "TableName": self._table,
            "Key": _key(tenant, sort_key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {"#guid": mark.guid, "#lasts": LASTS},
            "ExpressionAttributeValues": values,
        }


_TRANSIENT = TRANSIENT | {"TransactionInProgressException", "ThrottlingError"}


def _key(tenant: Tenant, sort_key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": tenant}, "sk": {"S": sort_key}}
