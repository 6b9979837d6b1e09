"""Events as the ledger's readers ask for them: by the keys that follow from its entries."""

from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.batches import get_items
from daybook.events.store import Key


class SealedEvents:
    """Uses a low-level DynamoDB client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def packed(self, keys: Sequence[Key], *, consistent: bool) -> Mapping[Key, bytes]:
        """The packed contents of the events that are found. The keys must differ. Raises `Throttled`.

        Not consistent costs half; an event that was stored within about a second may not be found then.
        """
        asked = [{"pk": {"S": partition}, "sk": {"S": identifier}} for partition, identifier in keys]
        items = get_items(self._client, self._table, asked, ("pk", "sk", "z"), consistent=consistent)
        return {(item["pk"]["S"], item["sk"]["S"]): item["z"]["B"] for item in items}
