"""The routes of the ledger: translates between the gateway and what stands beside this module."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import LedgerSettings
from daybook.http.serve import Operation, answering
from ledger.alerts import AlertReads
from ledger.feed import Feed
from ledger.logs import LogReads
from ledger.proof import Proofs


@cache
def compose() -> Mapping[str, Operation]:
    settings = LedgerSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return wiring.gate.reads(operations(wiring, settings.sign_queue_url))


def operations(wiring: Wiring, sign_queue_url: str) -> Mapping[str, Operation]:
    logs = LogReads(control=wiring.control, stores_of=wiring.of_tenant, keys=wiring.published_keys)
    proofs = Proofs(
        control=wiring.control,
        stores_of=wiring.of_tenant,
        ask_to_sign=wiring.ask_to_sign(sign_queue_url),
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
    return {
        "read_feed": feed.read_feed,
        "list_alerts": alerts.list_alerts,
        "list_logs": logs.list_logs,
        "read_checkpoint": logs.read_checkpoint,
        "read_tile": logs.read_tile,
        "read_proof": proofs.read_proof,
    }


handler = answering("ledger", compose)
