"""The settings that functions read from their environment. The stack derives the variables from these classes."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Self


class MissingSettings(Exception):  # noqa: N818  says what it is
    """Variables that the function needs are not set; the message names each of them."""


@dataclass(frozen=True)
class FunctionSettings:
    """The settings of a function that needs none. Each field of a subclass is one environment variable, which may be
    absent if the field has a default.
    """

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The variable of each field: its name in upper case."""
        return {field.name: field.name.upper() for field in fields(cls)}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises `MissingSettings` when a variable without a default is not set or is empty."""
        found = {name: environ[variable] for name, variable in cls.variables().items() if environ.get(variable)}
        missing = [variable for name, variable in cls.required().items() if name not in found]
        if missing:
            raise MissingSettings(f"not set: {', '.join(missing)}")
        return cls(**found)

    @classmethod
    def required(cls) -> dict[str, str]:
        """The variables that must be set."""
        return {field.name: field.name.upper() for field in fields(cls) if field.default is MISSING}


@dataclass(frozen=True)
class AuthorizeSettings(FunctionSettings):
    """For `authorize`, which reads nothing but credentials, and counts those that fail.

    Without an issuer it takes no tokens. The claims are the names of those that hold the tenant, roles, environments.
    """

    credentials_table: str
    limits_table: str
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_tenant_claim: str = "tenant"
    oidc_roles_claim: str = "roles"
    oidc_environments_claim: str = "environments"


@dataclass(frozen=True)
class ConsoleSettings(FunctionSettings):
    """For `console`. Without an issuer and the client's id it signs nobody in: people use keys."""

    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_console_client: str = ""


@dataclass(frozen=True)
class CanarySettings(FunctionSettings):
    """For `canary`, which calls the public API with a key of its own."""

    api_url: str
    canary_secret_arn: str


@dataclass(frozen=True)
class StoreSettings(FunctionSettings):
    """For functions that write and read events and people."""

    events_table: str
    identities_table: str
    control_table: str
    secret_arn: str


@dataclass(frozen=True)
class Settings(StoreSettings):
    """For `ingest`: the stores, and what tenants use, which bounds each of their calls."""

    limits_table: str


@dataclass(frozen=True)
class ReadSettings(StoreSettings):
    """For functions that read events: also the role whose sessions read one tenant's events and people."""

    reader_role_arn: str


@dataclass(frozen=True)
class QuerySettings(ReadSettings):
    """For `query`: also what tenants use."""

    limits_table: str


@dataclass(frozen=True)
class LedgerSettings(QuerySettings):
    """For `ledger`: also the logs, and the queue of `sign`."""

    ledger_table: str
    sign_queue_url: str


@dataclass(frozen=True)
class TenantsSettings(Settings):
    """For `tenants`: the stores, the credentials, which it writes, and the limits, which say when keys were used."""

    credentials_table: str
    limits_table: str


@dataclass(frozen=True)
class ManageSettings(QuerySettings):
    """For `manage`: also the counts of logs, and the queue of `restamp`. What was refused lies in the limits table."""

    ledger_table: str
    restamp_queue_url: str


@dataclass(frozen=True)
class RestampSettings(FunctionSettings):
    """For `restamp`, which sees neither people nor the secret."""

    events_table: str
    control_table: str
    restamp_queue_url: str


@dataclass(frozen=True)
class ForgetSettings(StoreSettings):
    """For `forget`: the stores, and the queue of `sweep`."""

    sweep_queue_url: str


@dataclass(frozen=True)
class SweepSettings(FunctionSettings):
    """For `sweep`, which sees no events."""

    identities_table: str
    control_table: str
    secret_arn: str
    sweep_queue_url: str


@dataclass(frozen=True)
class ExportSettings(ReadSettings):
    """For `exports` and `export`: also the bucket of the files, the queue of the jobs, and what tenants use."""

    export_bucket: str
    export_queue: str
    limits_table: str


@dataclass(frozen=True)
class ExportWorkerSettings(ExportSettings):
    """For `export`: also the ledger, and the queue by which it asks for a checkpoint."""

    ledger_table: str
    sign_queue_url: str


@dataclass(frozen=True)
class ExportApiSettings(ExportSettings):
    """For `exports`: also the role whose sessions sign links."""

    download_role_arn: str


@dataclass(frozen=True)
class FanOutSettings(FunctionSettings):
    """For `fan_out`, which reads no events: the stream brings them."""

    identities_table: str
    control_table: str
    drain_queue_url: str


@dataclass(frozen=True)
class AppendSettings(FunctionSettings):
    """For `append`, which reads no events either. It inserts those that tell of tampering."""

    events_table: str
    control_table: str
    ledger_table: str
    log_origin: str
    append_parked_queue_url: str
    failed_batch_bucket: str


@dataclass(frozen=True)
class AppendParkedSettings(FunctionSettings):
    """For `append_parked`, which also reads the events, since only their keys are in the queue."""

    events_table: str
    ledger_table: str
    log_origin: str
    append_parked_queue_url: str


@dataclass(frozen=True)
class LedgerSweepSettings(FunctionSettings):
    """For `ledger_sweep`, which reads events as they are stored, and sees no people."""

    events_table: str
    control_table: str
    ledger_table: str
    log_origin: str
    ledger_sweep_queue_url: str


@dataclass(frozen=True)
class RedeliverSettings(FunctionSettings):
    """For `redeliver`, which also reads the events, since only their keys are in the queue."""

    events_table: str
    identities_table: str
    control_table: str
    drain_queue_url: str


@dataclass(frozen=True)
class StreamsSettings(Settings):
    """For `streams`: the stores, and the queue of `replay`."""

    replay_queue_url: str


@dataclass(frozen=True)
class ReplaySettings(FunctionSettings):
    """For `replay`, which reads events and people, counts what it reads, and hands over to itself by its own queue."""

    events_table: str
    identities_table: str
    control_table: str
    limits_table: str
    replay_queue_url: str


@dataclass(frozen=True)
class SignSettings(FunctionSettings):
    """For `sign`: the logs, the list of tenants, the keys and where checkpoints are kept."""

    ledger_table: str
    control_table: str
    checkpoint_bucket: str
    sign_queue_url: str
    head_keys: str
    """The ARNs of the keys that sign heads, with spaces between them, the oldest first."""
    time_keys: str
    """Of each of those keys, the key that signs times beside it."""
    log_origin: str
    checkpoint_seconds: str
