"""What a function reads from its environment: the contract between the stack and the code, held by a test."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


class MissingSettings(Exception):  # noqa: N818  says what it is
    """The function was deployed without what it needs; names each missing variable."""


@dataclass(frozen=True)
class FromEnvironment:
    """Each field is the variable of its name in upper case."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises `MissingSettings` where a variable is not set, or is empty."""
        variables = {field.name: field.name.upper() for field in fields(cls)}
        missing = [variable for variable in variables.values() if not environ.get(variable)]
        if missing:
            raise MissingSettings(f"not set: {', '.join(missing)}")
        return cls(**{name: environ[variable] for name, variable in variables.items()})


@dataclass(frozen=True)
class AuthorizeSettings(FromEnvironment):
    """The authorizer's."""

    control_table: str


@dataclass(frozen=True)
class Settings(FromEnvironment):
    """The ones of `ingest`, `query` and `tenants`: each of them writes and reads events and people."""

    events_table: str
    identities_table: str
    control_table: str
    secret_arn: str


@dataclass(frozen=True)
class ManageSettings(Settings):
    """The ones of `settings`: beside the stores, the queue of who re-stamps events."""

    restamp_queue_url: str


@dataclass(frozen=True)
class RestampSettings(FromEnvironment):
    """It sees neither people nor what derives from the secret."""

    events_table: str
    control_table: str
    restamp_queue_url: str


@dataclass(frozen=True)
class ForgetSettings(Settings):
    """The ones of `forget`: beside the stores, the queue of who looks once more."""

    sweep_queue_url: str


@dataclass(frozen=True)
class SweepSettings(FromEnvironment):
    """It sees no events."""

    identities_table: str
    control_table: str
    secret_arn: str
    sweep_queue_url: str


@dataclass(frozen=True)
class ExportSettings(Settings):
    """The ones of `exports` and `export`: beside the stores, the files and the queue of who writes them."""

    export_bucket: str
    export_queue: str


@dataclass(frozen=True)
class FanOutSettings(FromEnvironment):
    """It reads no events: the stream brings them."""

    identities_table: str
    control_table: str
    retry_queue_url: str


@dataclass(frozen=True)
class RedeliverSettings(FromEnvironment):
    """As `fan_out`, and it reads the events of which only the keys were kept."""

    events_table: str
    identities_table: str
    control_table: str
    retry_queue_url: str


@dataclass(frozen=True)
class StreamsSettings(Settings):
    """Beside the stores, the queue of who sends events again."""

    replay_queue_url: str


@dataclass(frozen=True)
class ReplaySettings(FromEnvironment):
    """It reads events and people, and hands over to itself."""

    events_table: str
    identities_table: str
    control_table: str
    replay_queue_url: str
