"""The table of functions: what code each one runs, with which settings, memory and time.

The stack makes the functions from it, and the tests hold the template and the handlers against it. To add a function,
add a row here and its permissions in `infra/stacks/permissions.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daybook.environment import (
    AppendParkedSettings,
    AppendSettings,
    AuthorizeSettings,
    CanarySettings,
    ConsoleSettings,
    ExportApiSettings,
    ExportWorkerSettings,
    FanOutSettings,
    ForgetSettings,
    FunctionSettings,
    LedgerSettings,
    LedgerSweepSettings,
    ManageSettings,
    QuerySettings,
    ReadSettings,
    RedeliverSettings,
    ReplaySettings,
    RestampSettings,
    Settings,
    SignSettings,
    StreamsSettings,
    SweepSettings,
    TenantsSettings,
)
from daybook.http.routes import ROUTES

_ONE_PROCESSOR_MB = 1_769  # with less, imports and encryption take longer in proportion, at the same price
_ANSWER_WITHIN_S = 28  # API Gateway gives up after 29 s; a function that ends before can still answer
_MAX_TIMEOUT_S = 900  # Lambda's own limit; a job that takes longer is handed over to the next invocation
_TURN_TIMEOUT_S = 180  # a turn of 30 s, a step of 30 s that began just before its end, and two minutes to hand over


@dataclass(frozen=True, kw_only=True)
class JobQueueSpec:
    """The queue that brings a worker its jobs, one message at a time."""

    url_setting: str
    """The field of the settings that holds the queue's URL."""
    max_concurrency: int
    """How many jobs run at the same time, for all tenants together."""
    fifo: bool = False
    """True: of the jobs of one tenant and lane, only one runs at a time. SQS can't delay a message of such a queue."""


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    module: str
    """The module below `lambdas/` that holds `handler`."""
    settings: type[FunctionSettings] = FunctionSettings
    memory_mb: int = _ONE_PROCESSOR_MB
    timeout_s: int = _ANSWER_WITHIN_S
    jobs: JobQueueSpec | None = None
    reserved: int | None = None
    """Concurrency that the account keeps for it, and the most that it gets, where the settings say `reserve`.

    The stage lets 5,000 calls a second through. So what is reserved is no ceiling while a call takes less than 40 ms.
    `authorize` has none: for it, a ceiling is one that calls with bad keys would fill.
    """


FUNCTIONS: Mapping[str, FunctionSpec] = {
    # It delays each caller once a minute, by one read and one hash. That needs less memory, but callers wait for its
    # cold start as well. 10 s: enough for both attempts of the client at a slow read.
    "authorize": FunctionSpec(module="authorize.handler", settings=AuthorizeSettings, memory_mb=1_024, timeout_s=10),
    "ingest": FunctionSpec(module="ingest.handler", settings=Settings, reserved=200),
    "query": FunctionSpec(module="query.handler", settings=QuerySettings, reserved=200),
    "ledger": FunctionSpec(module="ledger.api_handler", settings=LedgerSettings),
    "tenants": FunctionSpec(module="tenants.handler", settings=TenantsSettings),
    "manage": FunctionSpec(module="manage.handler", settings=ManageSettings),
    "forget": FunctionSpec(module="forget.api_handler", settings=ForgetSettings),
    "exports": FunctionSpec(module="exports.api_handler", settings=ExportApiSettings),
    "streams": FunctionSpec(module="streams.api_handler", settings=StreamsSettings),
    # Two calls, of which each may take as long as the gateway waits.
    "canary": FunctionSpec(module="canary.handler", settings=CanarySettings, memory_mb=256, timeout_s=65),
    # Two questions to the issuer, of at most nine seconds each, where somebody signs in.
    "console": FunctionSpec(module="console.handler", settings=ConsoleSettings, memory_mb=512, timeout_s=20),
    "public": FunctionSpec(module="public.handler", memory_mb=512, timeout_s=5),
    "fan_out": FunctionSpec(module="streams.fan_out_handler", settings=FanOutSettings),
    "redeliver": FunctionSpec(module="streams.redeliver_handler", settings=RedeliverSettings),
    # It parks what it has not appended within 20 s. A batch of a thousand tenants takes about as long as that.
    "append": FunctionSpec(module="ledger.append_handler", settings=AppendSettings, timeout_s=60),
    "append_parked": FunctionSpec(
        module="ledger.parked_handler",
        settings=AppendParkedSettings,
        timeout_s=_TURN_TIMEOUT_S,
        jobs=JobQueueSpec(url_setting="append_parked_queue_url", max_concurrency=5),
    ),
    "sign": FunctionSpec(module="ledger.sign_handler", settings=SignSettings, timeout_s=_TURN_TIMEOUT_S),
    "replay": FunctionSpec(
        module="streams.replay_handler",
        settings=ReplaySettings,
        timeout_s=_TURN_TIMEOUT_S,
        # Not FIFO: a replay whose stream is down waits in the queue, and that needs delays.
        jobs=JobQueueSpec(url_setting="replay_queue_url", max_concurrency=5),
    ),
    "export": FunctionSpec(
        module="exports.worker_handler",
        settings=ExportWorkerSettings,
        timeout_s=_MAX_TIMEOUT_S,
        jobs=JobQueueSpec(url_setting="export_queue", max_concurrency=20, fifo=True),
    ),
    "restamp": FunctionSpec(
        module="restamp.handler",
        settings=RestampSettings,
        timeout_s=_TURN_TIMEOUT_S,
        jobs=JobQueueSpec(url_setting="restamp_queue_url", max_concurrency=5),
    ),
    # Each night it asks for a job for each tenant: ten thousand take it some two minutes.
    "ledger_sweep": FunctionSpec(
        module="ledger.sweep_handler",
        settings=LedgerSweepSettings,
        timeout_s=_MAX_TIMEOUT_S,
        jobs=JobQueueSpec(url_setting="ledger_sweep_queue_url", max_concurrency=5),
    ),
    "sweep": FunctionSpec(
        module="forget.sweep_handler",
        settings=SweepSettings,
        timeout_s=_TURN_TIMEOUT_S,
        jobs=JobQueueSpec(url_setting="sweep_queue_url", max_concurrency=5),
    ),
}

RESERVED = sum(spec.reserved or 0 for spec in FUNCTIONS.values())
"""Concurrency that a deployment takes from the account's where the settings say `reserve`."""

API_FUNCTIONS = frozenset(route.function for route in ROUTES)
"""The functions that answer the routes. The authorizer stands before them; the others read a queue or a stream."""

READERS = [name for name, spec in FUNCTIONS.items() if issubclass(spec.settings, ReadSettings)]
"""The functions that read events and people with sessions of one tenant."""


def title(name: str) -> str:
    """`fan_out` as the template writes it: `FanOut`."""
    return "".join(part.capitalize() for part in name.split("_"))
