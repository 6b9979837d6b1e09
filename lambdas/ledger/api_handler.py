"""The routes of the ledger: translates between the gateway and what stands beside this module."""

from collections.abc import Callable, Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import LedgerSettings
from daybook.http.serve import Operation, answering
from daybook.ledger.logs import Log
from daybook.ledger.signing import AskToSign
from ledger.alerts import AlertReads
from ledger.feed import Feed
from ledger.logs import LogReads
from ledger.proof import Proofs
from ledger.stats import StatsReads


@cache
def compose() -> Mapping[str, Operation]:
    settings = LedgerSettings.from_environment()
    wiring = Wiring.deployed(settings)
    ask_to_sign = AskToSign(wiring.sign_queue(settings.sign_queue_url), wiring.clock)
    return wiring.gate.reads(operations(wiring, ask_to_sign))


def operations(wiring: Wiring, ask_to_sign: Callable[[Log, int], None]) -> Mapping[str, Operation]:
    logs = LogReads(control=wiring.control, stores_of=wiring.of_tenant, keys=wiring.published_keys)
    proofs = Proofs(
        control=wiring.control,
        stores_of=wiring.of_tenant,
        ask_to_sign=ask_to_sign,
        clock=wiring.clock,
    )
    feed = Feed(
        control=wiring.control,
        catalogues=wiring.catalogues,
        stores_of=wiring.of_tenant,
        clock=wiring.clock,
        count=wiring.count,
    )
    alerts = AlertReads(control=wiring.control, stores_of=wiring.of_tenant, clock=wiring.clock)
    stats = StatsReads(
        control=wiring.control,
        catalogues=wiring.catalogues,
        keys=wiring.keys,
        stores_of=wiring.of_tenant,
        clock=wiring.clock,
    )
    return {
        "read_feed": feed.read_feed,
        "list_alerts": alerts.list_alerts,
        "list_logs": logs.list_logs,
        "read_checkpoint": logs.read_checkpoint,
        "read_tile": logs.read_tile,
        "read_proof": proofs.read_proof,
        "read_stats": stats.read_stats,
    }


handler = answering("ledger", compose)
