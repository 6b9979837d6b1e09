"""Tenants' own activities in the control table: rows `activity#<name>`."""

from typing import Any

import msgspec

from daybook.aws.calls import Action, rows
from daybook.catalogue.profile import Activity
from daybook.catalogue.tenant_catalogue import OwnActivity
from daybook.tenant import TenantCode

_definition = msgspec.json.Decoder(Activity | None).decode
_PREFIX = "activity#"


class CatalogueTable:
    """Uses a low-level DynamoDB client. Every read is consistent; every call may raise `Throttled`."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def own_activities(self, tenant: TenantCode) -> dict[str, OwnActivity]:
        found = rows(self._client, self._table, tenant, _PREFIX)
        return {
            item["sk"]["S"].removeprefix(_PREFIX): OwnActivity(
                _definition(item["definition"]["S"]), tuple(sorted(item["categories"]["SS"]))
            )
            for item in found
        }

    def written(self, tenant: TenantCode, name: str, own: OwnActivity) -> Action:
        """The action that writes it, for the transaction that raises `catalogue_version` in the tenant's settings.

        Categories are added to the stored ones, so concurrent changes do not lose each other's.
        """
        return {
            "Update": {
                "Key": {"pk": {"S": tenant}, "sk": {"S": f"{_PREFIX}{name}"}},
                "UpdateExpression": "SET #definition = :definition ADD categories :categories",
                "ExpressionAttributeNames": {"#definition": "definition"},  # a reserved word of DynamoDB
                "ExpressionAttributeValues": {
                    ":definition": {"S": msgspec.json.encode(own.definition).decode()},
                    ":categories": {"SS": sorted(set(own.categories))},
                },
            }
        }
