"""The proof of one event in a log of ten million: the store's calls, their read units, and the handler's time."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.measuring import Row
from benchmarks.reading import _client, _create
from daybook.clock import DAY, SECOND
from daybook.ledger.logs import LogKey
from daybook.observability import logger
from infra.local.aws.dynamodb_local import DynamoDBLocal
from tests.support.huge_log import SIZE, HugeLog
from tests.support.sealed_log import LedgerReader, stored_entries
from tests.support.tenant_log import TenantLog

PROOFS = 100


class _Meter:
    """Counts the calls of a client by table, and the units of reads."""

    def __init__(self, client: Any) -> None:
        self.calls: Counter[str] = Counter()
        self.units = 0.0
        for name in ("Query", "BatchGetItem", "GetItem"):
            client.meta.events.register(f"before-parameter-build.dynamodb.{name}", self._ask)
            client.meta.events.register(f"after-call.dynamodb.{name}", self._count)

    def _ask(self, params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed["ConsumedCapacity"]
        for table in [consumed] if isinstance(consumed, dict) else consumed:
            self.calls[table["TableName"].partition("-")[0]] += 1
            self.units += table["CapacityUnits"]


def _sent(tenant: TenantLog) -> Iterator[str]:
    """Ten seconds apart, as events are that stand so far from each other in a log."""
    for _ in range(PROOFS):
        tenant.now += 10 * SECOND
        yield from tenant.sent({})


def rows() -> Iterator[Row]:
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    with DynamoDBLocal() as engine:
        client = _client(engine.endpoint)
        tenant = TenantLog(client, _create(client, SIZE))
        sent = list(_sent(tenant))
        by_id = {
            entry.id: entry for entry in stored_entries(tenant.dynamodb, tenant.tables, LogKey(tenant.key(), "all"))
        }
        places = random.Random(1).sample(range(SIZE), PROOFS)  # noqa: S311  chance that can be repeated
        tenant.now += DAY  # the log's other entries were received later, and more in each ten seconds
        events = {place: by_id[event_id] for place, event_id in zip(places, sent, strict=True)}
        HugeLog(tenant.wiring, LogKey(tenant.key(), "all"), events)
        meter = _Meter(client)
        taken, of_ledger, of_others, units = [], [], [], []
        for event_id in sent:
            tenant.wiring = tenant.wiring.replacing()  # a fresh instance, which remembers nothing
            read = LedgerReader(tenant)
            meter.calls.clear()
            meter.units = 0.0
            started = time.perf_counter()
            answer = read("/v1/events/{event_id}/proof", parameters={"event_id": event_id})
            taken.append(1_000 * (time.perf_counter() - started))
            assert answer["statusCode"] == 200, answer["body"]
            of_ledger.append(meter.calls["ledger"])
            of_others.append(meter.calls["control"] + meter.calls["events"])
            units.append(meter.units)
        yield Row(
            f"a proof in a log of {SIZE:,}, appended in thousands: calls of the ledger's table, median and most; "
            "beside them settings and event",
            f"{statistics.median(of_ledger):g}, {max(of_ledger)}; {max(of_others)}",
            "8",
        )
        yield Row("its read units, median and most", f"{statistics.median(units):g}, {max(units):g}")
        yield Row("its time in the handler, with the record of it", f"{statistics.median(taken):.1f} ms")
