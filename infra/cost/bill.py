"""The bill of a month for a load."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from infra.cost import units

FILE = Path(__file__).with_name("prices.toml")
_GIGABYTE = 1024**3


class Price(NamedTuple):
    dollars: float
    per: int
    source: str

    @property
    def is_sourced(self) -> bool:
        return not self.source.startswith("none")


class Prices(NamedTuple):
    read: date
    of: Mapping[str, Price]


def prices(file: Path = FILE) -> Prices:
    found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    return Prices(found.pop("read"), {name: Price(**price) for name, price in found.items()})


@dataclass(frozen=True, kw_only=True)
class Load:
    events_a_second: float
    """Of a month's average."""
    events_a_call: float = 10
    searches_a_day: float = 1_000
    retention_days: float = 365
    log_retention_days: float = 90
    fan_out_window_seconds: float = 1
    tenants: float = 100
    """Who send events all the time. Each has a log of its own, in one environment."""
    append_window_seconds: float = 5
    checkpoint_seconds: float = 3_600
    waf: bool = False
    xray: bool = False


class Line(NamedTuple):
    item: str
    price: str
    quantity: float
    moved_by: str
    """Which setting, or whose choice, moves it."""


SIZES = {
    "small": Load(events_a_second=1, searches_a_day=100, tenants=10),
    "medium": Load(events_a_second=10),
    "large": Load(events_a_second=200, events_a_call=100, searches_a_day=10_000, tenants=1_000),
}


def lines(load: Load) -> Iterator[Line]:
    events = load.events_a_second * units.SECONDS
    searches = load.searches_a_day * 30
    sends = events / load.events_a_call
    calls = sends + searches + units.CANARY_CALLS
    recorded = searches + units.CANARY_CALLS / 2
    batches_a_second = fan_out_a_second(load)
    batches = batches_a_second * units.SECONDS

    yield Line("events written", "write_unit", events * units.WRITE_UNITS, "targets named in events")
    yield Line("log of the log", "write_unit", recorded * units.RECORD_WRITE_UNITS, "")
    read = searches * units.PAGE_READ_UNITS + recorded * units.RECORD_READ_UNITS
    yield Line("searches", "read_unit", read, "limits of a tenant")
    # In the long run, when as much expires as arrives.
    kept = load.events_a_second * 86_400 * load.retention_days * units.STORED_BYTES / _GIGABYTE
    yield Line("events and indexes kept", "table_gb", kept * (1 + units.INDEXES), "retention of a tenant")
    yield Line("point-in-time recovery", "recovery_gb", kept, "retention of a tenant")
    yield Line("gateway", "gateway_call", calls, "events in a call")
    ingest = sends * units.CALL_SECONDS + events * units.INGEST_SECONDS_AN_EVENT
    yield Line("ingest: Lambda's time", "lambda_gb_second", ingest * units.GB, "events in a call")
    yield Line("searches: Lambda's time", "lambda_gb_second", searches * units.SEARCH_SECONDS * units.GB, "")
    follow = batches * units.CALL_SECONDS + events * units.FAN_OUT_SECONDS_AN_EVENT
    yield Line("fan-out: Lambda's time", "lambda_gb_second", follow * units.GB, "`fan_out_window_seconds`")
    invocations = calls + batches + units.MINUTES + units.MINUTES / 5
    yield Line("Lambda's invocations", "lambda_request", invocations, "`fan_out_window_seconds`")
    logged = (calls * units.LOG_BYTES_A_CALL + units.METRIC_LINES * units.METRIC_LINE_BYTES) / _GIGABYTE
    yield Line("logs taken in", "log_gb", logged, "events in a call")
    yield Line("logs kept", "log_kept_gb", logged * load.log_retention_days / 30, "`log_retention_days`")
    yield Line("alarms", "alarm_metric", units.ALARM_METRICS, "")
    yield Line("dashboard", "dashboard", 1, "")
    yield Line("metrics", "metric", units.METRICS, "")
    yield Line("keys", "key", 1 + units.LOG_KEYS, "")
    yield Line("key requests, at most", "key_request", units.KEY_REQUESTS, "")
    yield Line("secrets", "secret", units.SECRETS, "")
    yield Line("queues polled", "queue_request", units.POLLS, "")
    yield Line("answers sent out", "transfer_gb", searches * units.PAGE_BYTES / _GIGABYTE, "")
    yield from ledger_lines(load, events, recorded)
    if load.waf:
        yield Line("firewall", "firewall", 1, "`waf`")
        yield Line("firewall's rules", "firewall_rule", units.FIREWALL_RULES, "`waf`")
        yield Line("firewall's requests", "firewall_request", calls, "`waf`")
    if load.xray:
        traced = traces_a_second(sends / units.SECONDS) + traces_a_second(batches_a_second)
        yield Line("traces", "trace", traced * units.SECONDS, "`xray`")


def ledger_lines(load: Load, events: float, recorded: float) -> Iterator[Line]:
    """What the logs of all tenants use. `events` and `recorded` are a month's."""
    together = appended_together(load)
    appends = events / together + recorded
    written = events / together * units.append_write_units(together) + recorded * units.append_write_units(1)
    yield Line("ledger: appended", "write_unit", written, "`append_window_seconds`")
    a_log = (events + recorded) / load.tenants if load.tenants else 0
    folds = load.tenants * min(a_log, units.HOURS + a_log / units.FOLDED_ENTRIES)
    yield Line("ledger: counted", "write_unit", folds * units.FOLD_WRITE_UNITS, "tenants")
    checkpoints = load.tenants * min(a_log, units.SECONDS / load.checkpoint_seconds)
    yield Line("ledger: signatures", "signature", checkpoints * units.SIGNATURES, "`checkpoint_seconds`")
    yield Line("ledger: checkpoints in S3", "file_request", checkpoints * units.FILE_REQUESTS, "`checkpoint_seconds`")
    stored = checkpoints * units.CHECKPOINT_WRITE_UNITS
    yield Line("ledger: checkpoints in the table", "write_unit", stored, "`checkpoint_seconds`")
    swept = load.events_a_second * 86_400 * (30 * units.SWEEP_DAYS + 30 / units.SWEEP_SHARE * load.retention_days)
    yield Line("ledger: swept", "read_unit", swept * units.SWEEP_READ_UNITS, "retention of a tenant")
    invocations = min(load.events_a_second, 1 / load.append_window_seconds if load.append_window_seconds else math.inf)
    yield Line("ledger: Lambda's invocations", "lambda_request", invocations * units.SECONDS, "`append_window_seconds`")
    at_work = appends * units.APPEND_SECONDS
    yield Line("ledger: Lambda's time", "lambda_gb_second", at_work * units.GB, "`append_window_seconds`")
    rows = units.APPEND_BYTES + units.POINTER_BYTES + 2 * units.ITEM_BYTES
    kept = (appends * rows + (events + recorded) * units.ENTRY_BYTES) * 365 / 30 / _GIGABYTE
    yield Line("ledger kept, after a year", "table_gb", kept, "")
    yield Line("ledger: point-in-time recovery", "recovery_gb", kept, "")


def appended_together(load: Load) -> float:
    """Events of one append: of one call, or of one tenant within a window."""
    of_a_tenant = load.events_a_second / load.tenants if load.tenants else 0
    return min(units.LOG_BATCH, max(1.0, load.events_a_call, of_a_tenant * load.append_window_seconds))


def fan_out_a_second(load: Load) -> float:
    """Invocations. Each lane waits for the window, and an invocation needs an event."""
    a_lane = 1 / load.fan_out_window_seconds if load.fan_out_window_seconds else load.events_a_second
    shards = max(1.0, load.events_a_second / 1_000)
    return min(load.events_a_second, units.LANES * shards * a_lane)


def traces_a_second(calls_a_second: float) -> float:
    """X-Ray's default: the first call of each second, and a twentieth of the others."""
    return min(calls_a_second, 1) + 0.05 * max(0.0, calls_a_second - 1)


def dollars(line: Line, of: Mapping[str, Price]) -> float:
    price = of[line.price]
    return line.quantity / price.per * price.dollars


def total(load: Load, of: Mapping[str, Price]) -> float:
    return sum(dollars(line, of) for line in lines(load))
