"""Which logs a caller may read. Every other one does not exist: nothing tells of what one may not read."""

from collections.abc import Sequence
from typing import Protocol

from daybook.access.roles import OPERATIONS
from daybook.http.caller import Caller
from daybook.http.problem import not_found
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log, Logs
from daybook.ledger.signing import Checkpoints
from daybook.ledger.tree import TileRoots, Tree
from daybook.tenants.settings import TenantSettings


class LogStores(Protocol):
    """What reads one tenant's logs."""

    @property
    def logs(self) -> Logs: ...
    @property
    def appends(self) -> Appends: ...
    @property
    def tile_roots(self) -> TileRoots: ...
    @property
    def checkpoints(self) -> Checkpoints: ...


def tree_of(stores: LogStores, log: Log) -> Tree:
    return Tree(log, stores.appends, stores.tile_roots)


def environment_of(settings: TenantSettings, log: Log) -> str:
    """The name of the log's environment."""
    return settings.environments[settings.environment_keys.index(log.key.environment)]


def readable(logs: Sequence[Log], settings: TenantSettings, caller: Caller) -> list[Log]:
    """Those of the environments that the caller reaches; what only operations may read has a log of its own."""
    return [
        log
        for log in logs
        if (log.key.visibility == "all" or caller.role == OPERATIONS) and caller.reaches(environment_of(settings, log))
    ]


def log_named(name: str, logs: Sequence[Log], settings: TenantSettings, caller: Caller) -> Log:
    """Raises `Problem` 404, also for a log that the caller may not read."""
    for log in readable(logs, settings, caller):
        if log.name == name:
            return log
    raise not_found("log")
