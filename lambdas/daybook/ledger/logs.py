"""The logs of a tenant: one for each environment and visibility, so that nothing tells of what one may not read.

A log's name is random and its origin is fixed when it begins: it names no customer, and survives another domain. Where
the newest checkpoint shows that a log was cut short, by the restore of a table say, a new log begins that names it.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from daybook.tenant import EnvironmentKey, TenantCode, code_of

Visibility = Literal["all", "operations"]
VISIBILITIES: Sequence[Visibility] = ("all", "operations")

MAX_GENERATION = 9_999
"""Its four digits in the row's key sort."""

COUNTS = "#counts"
"""How the partitions of counts end."""

NAME = re.compile(r"[a-z2-7]{26}")
_NAME_BYTES = 16


class LogKey(NamedTuple):
    """What a log is of. It has one current log, and those that came before it."""

    environment: EnvironmentKey
    visibility: Visibility


@dataclass(frozen=True)
class Log:
    key: LogKey
    name: str
    """26 lower-case characters of base32, random."""
    origin: str
    """Of its checkpoints: what the deployment's setting was when the log began, a slash, and the name."""
    generation: int
    """From 1. The log with the highest is the current one."""
    began_ms: int
    previous: str | None = None
    """The name of the log in whose place it came."""

    @property
    def partition(self) -> str:
        """The partition of the log's rows. It begins with the tenant's code, by which IAM limits sessions."""
        return f"{code_of(self.key.environment)}#{self.name}"

    @property
    def counts_partition(self) -> str:
        """The partition of what is written more than once, by which IAM tells it from what never changes."""
        return f"{self.partition}{COUNTS}"


class Logs(Protocol):
    """The register of logs. All of it is strongly consistent and raises `Throttled`."""

    def of(self, code: TenantCode) -> Sequence[Log]:
        """All logs of a tenant, current and former ones; of each kind the oldest first."""

    def current(self, key: LogKey) -> Log | None:
        """None: nothing was appended yet."""

    def begin(self, log: Log) -> Log:
        """Registers a log of the next generation. Returns the log of that generation, which another may have begun."""


def visibility_of(content: Mapping[str, Any]) -> Visibility:
    """Which of an environment's logs an event belongs to."""
    return "operations" if content.get("visibility") == "operations" else "all"


def current(logs: Sequence[Log]) -> list[Log]:
    """Of a tenant's logs, the current ones."""
    newest: dict[LogKey, Log] = {}
    for log in logs:
        if log.key not in newest or newest[log.key].generation < log.generation:
            newest[log.key] = log
    return list(newest.values())


def new_log(
    key: LogKey, log_origin: str, began_ms: int, random_bytes: Callable[[int], bytes], previous: Log | None = None
) -> Log:
    """A log that comes after `previous`. It exists once it is registered."""
    name = base64.b32encode(random_bytes(_NAME_BYTES)).decode().rstrip("=").lower()
    generation = 1 if previous is None else previous.generation + 1
    return Log(key, name, f"{log_origin}/{name}", generation, began_ms, None if previous is None else previous.name)
