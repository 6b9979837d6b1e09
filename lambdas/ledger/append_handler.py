"""Reads stored events from the events table's stream and appends them to their tenants' logs."""

import gc
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from daybook.aws.wiring import Wiring
from daybook.environment import AppendSettings
from ledger.append import Parked, Poison, StreamAppends
from ledger.tampering import Tampering


@cache
def compose() -> StreamAppends:
    settings = AppendSettings.from_environment()
    wiring = Wiring.deployed(settings)
    parked, poison = wiring.parked_keys(settings.append_parked_queue_url), wiring.poison(settings.failed_batch_bucket)
    appends = appends_over(wiring, settings.log_origin, parked, poison)
    gc.freeze()
    return appends


def appends_over(
    wiring: Wiring, log_origin: str, parked: Parked, poison: Poison, pause: Callable[[float], None] = time.sleep
) -> StreamAppends:
    appender, fold = wiring.appender(log_origin, pause), wiring.fold
    return StreamAppends(appender, parked, poison, Tampering(wiring), fold.run_if_due, wiring.count)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Returns the first record that failed. Lambda repeats it and all later ones."""
    return serve(event, compose())


def serve(event: Mapping[str, Any], appends: StreamAppends) -> dict[str, Any]:
    records = event["Records"]
    failed = appends.append(records)
    again = [] if failed is None else [{"itemIdentifier": records[failed]["dynamodb"]["SequenceNumber"]}]
    return {"batchItemFailures": again}
