"""What a proof asks of the store in a log of ten million entries."""

from collections import Counter
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.ledger.checkpoints import parse
from daybook.ledger.logs import LogKey
from daybook.ledger.merkle import leaf_hash, verify_inclusion
from daybook.ledger.notes import open_note
from tests.handlers.ledger.test_proof import proof
from tests.support.calls import answered
from tests.support.huge_log import SIZE, HugeLog
from tests.support.sealed_log import KEYS, LedgerReader, parts, stored_entries
from tests.support.tenant_log import TenantLog

MOST_CALLS = 8


class CountingClient:
    """Counts the calls by table."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.update(
                [arguments["TableName"]] if "TableName" in arguments else [*arguments.get("RequestItems", ())]
            )
            return getattr(self._client, name)(**arguments)

        return call


@pytest.mark.parametrize("at_once", [1_000, 100, 1])
def test_a_proof_in_ten_million_entries_takes_few_calls(dynamodb: Any, tables: Tables, at_once: int) -> None:
    """However the entries were appended: at the beginning, in the middle, and in the partial tile at the end.

    Beside those of the ledger there are two: the settings and the event.
    """
    counting = CountingClient(dynamodb)
    tenant = TenantLog(counting, tables)
    places = (0, 5_000_123, 5_000_200, 9_961_471, 9_961_472, SIZE - 1)
    sent = tenant.sent(*({} for _ in places))
    by_id = {entry.id: entry for entry in stored_entries(tenant.dynamodb, tenant.tables, LogKey(tenant.key(), "all"))}
    events = {place: by_id[event_id] for place, event_id in zip(places, sent, strict=True)}
    huge = HugeLog(tenant.wiring, LogKey(tenant.key(), "all"), events, at_once)
    for place, event_id in zip(places, sent, strict=True):
        tenant.wiring = tenant.wiring.replacing()  # a fresh instance, which remembers nothing
        counting.calls.clear()
        answer = answered(proof(LedgerReader(tenant), event_id))
        assert counting.calls[tables.ledger] <= MOST_CALLS
        assert (counting.calls[tables.control], counting.calls[tables.events]) == (1, 1)
        index, path, note = parts(answer["proof"])
        head = parse(open_note(note, [KEYS[0].verifies(huge.log.origin)])[0])
        assert (index, head.size) == (place, SIZE)
        assert verify_inclusion(leaf_hash(huge.entry(place)), place, SIZE, path, head.root)
