"""Appends the events of a tenant's log to the ledger, so that they are counted."""

from daybook.clock import parse_time
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.ledger import delta
from daybook.ledger.entries import Entry
from daybook.ledger.log import Stored
from daybook.ledger.logs import LogKey, new_log, visibility_of
from daybook.tenant import EnvironmentKey
from tests.support.ledger import append_of, delta_of
from tests.support.tenant_log import TenantLog
from tests.support.wiring import seeded_bytes


def append_stored(log: TenantLog) -> None:
    """What is stored and not appended yet; half of it is folded."""
    wiring = log.wiring
    shares: dict[LogKey, list[Stored]] = {}
    for item in log.dynamodb.scan(TableName=log.tables.events)["Items"]:
        encoded = unpack(bytes(item["z"]["B"]))
        content = content_in(encoded)
        key = LogKey(EnvironmentKey(item["pk"]["S"].rpartition("#")[0]), visibility_of(content))
        entry = Entry(content["id"], parse_time(content["received_at"]), leaf(encoded))
        shares.setdefault(key, []).append(Stored(entry, delta.of(content)))
    for place, (key, events) in enumerate(sorted(shares.items())):
        current = wiring.logs.current(key) or wiring.logs.begin(new_log(key, "daybook", log.now, seeded_bytes(place)))
        known = wiring.appends.find(current, [each.key for each in events])
        new = [each for each in events if each.key not in known]
        for some in (new[::2], new[1::2]):
            wiring.fold.run(current)
            if some:
                made = append_of(wiring.appends.head(current), some, log.now)
                assert wiring.appends.put(current, made, delta_of(some))
