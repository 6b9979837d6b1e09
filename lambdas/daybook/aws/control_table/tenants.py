"""The control table: tenants with their settings.

| pk | sk | holds |
|---|---|---|
| tenant | `tenant` | `settings` (JSON), `version` |
| `tenants` | `tenant#<tenant>` | the same `settings`, for the list of tenants |

Modules beside this one have a tenant's other rows: `catalogues`, `groups`, `destinations`, `jobs`. The list of a
tenant's keys is in `daybook.aws.credentials_table.issuing`.

What two rows hold is written in one transaction. Every read is consistent, so a change applies to the very next call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.errors import Contended, TenantTaken, UnknownTenant
from daybook.tenant import SLUG, Tenant
from daybook.tenants.settings import LIST_PARTITION, TenantSettings

_TENANT = "tenant"
_MAX_TRIES = 8

_settings_of = msgspec.json.Decoder(TenantSettings).decode


class ControlTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""
        return self._versioned(tenant)[0]

    def tenants(self) -> list[TenantSettings]:
        """All tenants, sorted by their slugs."""
        return [_settings_of(row["settings"]["S"]) for row in self._rows(LIST_PARTITION, f"{_TENANT}#")]

    def create_tenant(self, settings: TenantSettings) -> None:
        """Raises `TenantTaken`, also for the slug that is Daybook's own partition."""
        if settings.tenant == LIST_PARTITION:
            raise TenantTaken(settings.tenant)
        self._write_settings(settings, 1, {"ConditionExpression": "attribute_not_exists(pk)"}, TenantTaken)

    def change_tenant(
        self, tenant: Tenant, change: Callable[[TenantSettings], TenantSettings], *beside: Action
    ) -> TenantSettings:
        """Changes the stored settings and returns the result. Concurrent changes do not overwrite each other.
        `beside`: actions for the same transaction, if anything changes.

        `change` is called again with the newer settings whenever another change came first. What it raises escapes,
        and nothing is changed. Raises `UnknownTenant`, or `Contended` after eight tries.
        """
        for _ in self._patience.tries(_MAX_TRIES):
            before, version = self._versioned(tenant)
            after = change(before)
            if after == before:
                return before
            still = {
                "ConditionExpression": "version = :seen",
                "ExpressionAttributeValues": {":seen": {"N": str(version)}},
            }
            try:
                self._write_settings(after, version + 1, still, _ChangedMeanwhile, beside)
            except _ChangedMeanwhile:
                continue
            return after
        raise Contended(tenant)

    def _versioned(self, tenant: Tenant) -> tuple[TenantSettings, int]:
        # Only a slug can name a tenant, and DynamoDB refuses keys that are too long.
        row = self._get({"pk": tenant, "sk": _TENANT}) if SLUG.fullmatch(tenant) else None
        if row is None:
            raise UnknownTenant(tenant)
        return _settings_of(row["settings"]["S"]), int(row["version"]["N"])

    def _write_settings(
        self,
        settings: TenantSettings,
        version: int,
        condition: Mapping[str, Any],
        refused: type[Exception],
        beside: Sequence[Action] = (),
    ) -> None:
        text = msgspec.json.encode(settings).decode()
        own = _strings({"pk": settings.tenant, "sk": _TENANT, "settings": text}) | {"version": {"N": str(version)}}
        listed = {"pk": LIST_PARTITION, "sk": f"{_TENANT}#{settings.tenant}", "settings": text}
        self._transact([{"Put": {"Item": own, **condition}}, {"Put": {"Item": _strings(listed)}}, *beside], refused)

    def _get(self, name: Mapping[str, str]) -> dict[str, Any] | None:
        return get_item(self._client, self._table, name)

    def _rows(self, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
        return rows(self._client, self._table, partition, prefix)

    def _transact(self, actions: list[Action], refused: type[Exception] = ClientError) -> None:
        """All or nothing. Raises `refused` when a condition does not hold or another transaction was first."""
        try:
            transact(self._client, self._table, actions)
        except Refused as refusal:
            if refused is ClientError and refusal.__cause__ is not None:
                raise refusal.__cause__ from None
            raise refused from None


class _ChangedMeanwhile(Exception):  # noqa: N818  a fact, not a failure
    pass


def _strings(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in values.items()}
