"""The control table: tenants with their settings, API keys, and counts of failed credentials.

| pk | sk | holds |
|---|---|---|
| tenant's code | `settings` | `settings` (JSON), `version` |
| `tenants` | slug | the same `settings`, for the list of tenants and for finding the code |
| tenant | `key#<id>` | a key for the list of keys, without its hash |
| `ops` | `key#<id>` | a key for the authorizer, which does not know the tenant yet |
| `ops` | `failed#<address>#<minute>` | `count`, `expires_at` |

Modules beside this one have a tenant's other rows: `catalogues`, `groups`, `destinations`, `jobs`.

What two rows hold is written in one transaction. Every read is consistent, so a change applies to the very next call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from daybook.access import api_keys
from daybook.access.api_keys import IssuedKey, Key, StoredKey
from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, ask, get_item, rows, transact
from daybook.errors import Contended, TenantTaken, UnknownKey, UnknownTenant
from daybook.tenant import SLUG, Tenant, TenantCode
from daybook.tenants.settings import TenantSettings

_SETTINGS = "settings"
_TENANTS = "tenants"
_MAX_TRIES = 8
_KEPT_SECONDS = 3_600  # a count is read only during its own minute

_settings_of = msgspec.json.Decoder(TenantSettings).decode


class ControlTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience
        self._codes: dict[Tenant, TenantCode] = {}

    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`. One read: the code of a slug never changes, so it is looked up only once."""
        if tenant in self._codes:
            return self.settings_of(self._codes[tenant])
        # Only a slug can name a tenant, and DynamoDB refuses keys that are too long.
        row = self._get({"pk": _TENANTS, "sk": tenant}) if SLUG.fullmatch(tenant) else None
        if row is None:
            raise UnknownTenant(tenant)
        settings = _settings_of(row["settings"]["S"])
        self._codes[tenant] = settings.code
        return settings

    def settings_of(self, code: TenantCode) -> TenantSettings:
        """Raises `UnknownTenant`."""
        return self._versioned(code)[0]

    def tenants(self) -> list[TenantSettings]:
        """All tenants, sorted by their slugs."""
        return [_settings_of(row["settings"]["S"]) for row in self._rows(_TENANTS)]

    def create_tenant(self, settings: TenantSettings) -> None:
        """Raises `TenantTaken`, also for the slug that is Daybook's own partition. `Contended` if the code is taken."""
        if settings.tenant == api_keys.OPERATIONS_PARTITION:
            raise TenantTaken(settings.tenant)
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        try:
            self._write_settings(settings, 1, absent, _ChangedMeanwhile, listed=absent)
        except _ChangedMeanwhile:
            # Of the two rows either the slug's exists, or the code was given already: another try has another code.
            taken = self._get({"pk": _TENANTS, "sk": settings.tenant}) is not None
            raise (TenantTaken if taken else Contended)(settings.tenant) from None

    def change_tenant(
        self, code: TenantCode, change: Callable[[TenantSettings], TenantSettings], *beside: Action
    ) -> TenantSettings:
        """Changes the stored settings and returns the result. Concurrent changes do not overwrite each other.
        `beside`: actions for the same transaction, if anything changes.

        `change` is called again with the newer settings whenever another change came first. What it raises escapes,
        and nothing is changed. Raises `UnknownTenant`, or `Contended` after eight tries.
        """
        for _ in self._patience.tries(_MAX_TRIES):
            before, version = self._versioned(code)
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
        raise Contended(code)

    def put_key(self, key: Key, issued: IssuedKey) -> None:
        """Stores a new key of a tenant. It is valid from the next call on."""
        stored = asdict(issued)
        del stored["id"]
        known = api_keys.authorizer_row(key, **stored)
        del stored["tenant"]
        listed = {"pk": issued.tenant, "sk": f"key#{issued.id}", **stored}
        self._transact(
            [
                {"Put": {"Item": _strings(known), "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Put": {"Item": _strings(listed)}},
            ]
        )

    def keys_of(self, tenant: Tenant) -> list[IssuedKey]:
        """The tenant's keys, oldest first."""
        listed = [
            _issued(row["sk"]["S"].removeprefix("key#"), row, tenant=tenant) for row in self._rows(tenant, "key#")
        ]
        return sorted(listed, key=lambda key: (key.created_at, key.id))

    def revoke_key(self, tenant: Tenant, key_id: str) -> None:
        """The key is invalid from the next call on. Raises `UnknownKey`."""
        self._transact(
            [
                {
                    "Delete": {
                        "Key": _strings({"pk": tenant, "sk": f"key#{key_id}"}),
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                },
                {"Delete": {"Key": _strings(api_keys.authorizer_row_name(key_id))}},
            ],
            UnknownKey,
        )

    def credential(self, key_id: str) -> StoredKey | None:
        """The key with this id, of any tenant; None when there is none."""
        row = self._get(api_keys.authorizer_row_name(key_id))
        return StoredKey(_issued(key_id, row, tenant=row["tenant"]["S"]), row["hash"]["S"]) if row else None

    def count_failure(self, address: str, minute: int) -> int:
        """Counts one failed credential. Returns the address's count in that minute since 1970, this one included."""
        answer = ask(
            self._client.update_item,
            TableName=self._table,
            Key=_strings({"pk": api_keys.OPERATIONS_PARTITION, "sk": f"failed#{address}#{minute}"}),
            UpdateExpression="ADD #count :one SET expires_at = :then",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":then": {"N": str(minute * 60 + _KEPT_SECONDS)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])

    def _versioned(self, code: TenantCode) -> tuple[TenantSettings, int]:
        row = self._get({"pk": code, "sk": _SETTINGS})
        if row is None:
            raise UnknownTenant(code)
        return _settings_of(row["settings"]["S"]), int(row["version"]["N"])

    def _write_settings(  # noqa: PLR0913  what is written, and under which conditions
        self,
        settings: TenantSettings,
        version: int,
        condition: Mapping[str, Any],
        refused: type[Exception],
        beside: Sequence[Action] = (),
        *,
        listed: Mapping[str, Any] = {},
    ) -> None:
        text = msgspec.json.encode(settings).decode()
        own = _strings({"pk": settings.code, "sk": _SETTINGS, "settings": text}) | {"version": {"N": str(version)}}
        by_slug = _strings({"pk": _TENANTS, "sk": settings.tenant, "settings": text})
        puts: list[Action] = [{"Put": {"Item": own, **condition}}, {"Put": {"Item": by_slug, **listed}}]
        self._transact([*puts, *beside], refused)

    def _get(self, name: Mapping[str, str]) -> dict[str, Any] | None:
        return get_item(self._client, self._table, name)

    def _rows(self, partition: str, prefix: str = "") -> Iterator[dict[str, Any]]:
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


def _issued(key_id: str, row: Mapping[str, Any], *, tenant: str) -> IssuedKey:
    return IssuedKey(
        id=key_id,
        tenant=tenant,
        role=row["role"]["S"],
        environment=row["environment"]["S"],
        label=row["label"]["S"],
        created_at=row["created_at"]["S"],
    )


def _strings(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in values.items()}
