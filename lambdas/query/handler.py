"""The reading routes: translates between the gateway and `operations`."""

from collections.abc import Mapping
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import QuerySettings
from daybook.http.serve import Operation, answering
from query.me import MeReads
from query.operations import Reads


@cache
def compose() -> Mapping[str, Operation]:
    wiring = Wiring.deployed(QuerySettings.from_environment())
    return wiring.gate.reads(operations(wiring))


def operations(wiring: Wiring) -> Mapping[str, Operation]:
    reads = Reads(
        control=wiring.control,
        catalogues=wiring.catalogues,
        stores_of=wiring.of_tenant,
        clock=wiring.clock,
    )
    me = MeReads(wiring.control, wiring.clock)
    return {
        "read_me": me.read_me,
        "search_events": reads.search_events,
        "read_event": reads.read_event,
        "read_catalogue": reads.read_catalogue,
        "read_target": reads.read_target,
        "read_target_time": reads.read_target_time,
        "read_target_attribution": reads.read_target_attribution,
    }


handler = answering("query", compose)
