"""The control table: tenants with their settings.

| pk | sk | holds |
|---|---|---|
| tenant's code | `settings` | `settings` (JSON), `version` |
| `tenants` | slug | the same `settings` but for the secret, for the list of tenants and for finding the code |

Modules beside this one have a tenant's other rows: `catalogues`, `groups`, `destinations`, `jobs`. The list of a
tenant's keys is in `daybook.aws.credentials_table.issuing`.

What two rows hold is written in one transaction. Every read is consistent, so a change applies to the very next call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.errors import Contended, TenantTaken, UnknownTenant
from daybook.tenant import SLUG, Tenant, TenantCode
from daybook.tenants.limits import Limits
from daybook.tenants.settings import TenantSettings

_SETTINGS = "settings"
LIST = "tenants"
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
        self._codes: dict[Tenant, TenantCode] = {}
        self._limits: dict[TenantCode, Limits] = {}

    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`. One read: the code of a slug never changes, so it is looked up only once. A tenant
        with a secret of its own takes a second one then.
        """
        if tenant in self._codes:
            return self.settings_of(self._codes[tenant])
        # Only a slug can name a tenant, and DynamoDB refuses keys that are too long.
        row = self._get({"pk": LIST, "sk": tenant}) if SLUG.fullmatch(tenant) else None
        if row is None:
            raise UnknownTenant(tenant)
        settings = _settings_of(row["settings"]["S"])
        self._codes[tenant], self._limits[settings.code] = settings.code, settings.limits
        return settings if settings.secret is None else self.settings_of(settings.code)

    def limits(self, tenant: Tenant) -> tuple[TenantCode, Limits]:
        """A tenant's code and limits. Raises `UnknownTenant`, `Throttled`.

        As they were last read, so that a call need not read them twice. Only what was never read is read now. Reading
        the settings brings them up to date.
        """
        code = self._codes[tenant] if tenant in self._codes else self.settings(tenant).code
        return code, self._limits[code]

    def limits_of(self, code: TenantCode) -> Limits | None:
        """As last read. None: they never were."""
        return self._limits.get(code)

    def settings_of(self, code: TenantCode) -> TenantSettings:
        """Raises `UnknownTenant`."""
        return self._versioned(code)[0]

    def tenants(self) -> list[TenantSettings]:
        """All tenants, sorted by their slugs. A secret is shown as empty bytes, from which no keys can be derived."""
        return [_settings_of(row["settings"]["S"]) for row in rows(self._client, self._table, LIST)]

    def create_tenant(self, settings: TenantSettings) -> None:
        """Raises `TenantTaken`. Raises `Contended` if the code is taken: another try has another code."""
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        try:
            self._write_settings(settings, 1, absent, listed=absent)
        except _ChangedMeanwhile:
            taken = self._get({"pk": LIST, "sk": settings.tenant}) is not None
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
                self._write_settings(after, version + 1, still, beside)
            except _ChangedMeanwhile:
                continue
            return after
        raise Contended(code)

    def _versioned(self, code: TenantCode) -> tuple[TenantSettings, int]:
        row = self._get({"pk": code, "sk": _SETTINGS})
        if row is None:
            raise UnknownTenant(code)
        settings = _settings_of(row["settings"]["S"])
        self._limits[code] = settings.limits
        return settings, int(row["version"]["N"])

    def _write_settings(
        self,
        settings: TenantSettings,
        version: int,
        condition: Mapping[str, Any],
        beside: Sequence[Action] = (),
        *,
        listed: Mapping[str, Any] = {},
    ) -> None:
        """`condition` holds for the tenant's own row, `listed` for the list's. Raises `_ChangedMeanwhile`."""
        # Who lists all tenants reads nobody's secret.
        listed_as = settings if settings.secret is None else replace(settings, secret=b"")
        own = _strings({"pk": settings.code, "sk": _SETTINGS, "settings": _text(settings)})
        own["version"] = {"N": str(version)}
        by_slug = _strings({"pk": LIST, "sk": settings.tenant, "settings": _text(listed_as)})
        puts: list[Action] = [{"Put": {"Item": own, **condition}}, {"Put": {"Item": by_slug, **listed}}]
        try:
            transact(self._client, self._table, [*puts, *beside])
        except Refused:
            raise _ChangedMeanwhile from None

    def _get(self, name: Mapping[str, str]) -> dict[str, Any] | None:
        return get_item(self._client, self._table, name)


class _ChangedMeanwhile(Exception):  # noqa: N818  a fact, not a failure
    pass


def _text(settings: TenantSettings) -> str:
    return msgspec.json.encode(settings).decode()


def _strings(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in values.items()}
