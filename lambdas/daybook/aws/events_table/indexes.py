"""Queries over the events table and its indexes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from daybook.aws.batches import workers
from daybook.aws.calls import ask, page_of
from daybook.events.reader import Row
from daybook.ids import HIGHEST_ID
from daybook.search.merge import Page
from daybook.search.planner import BY_ACTIVITY, TIMELINE, Source


class EventIndexes:
    """The store of `daybook.search`. The timeline is read consistently; indexes follow within about a second."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> list[Page]:
        """One page of each source, in parallel, at most `limit` rows and 1 MB each. Raises `Throttled`."""

        def page(source: Source) -> Page:
            return self._page(source, limit, newest_first=newest_first)

        return list(map(page, sources) if len(sources) < 2 else workers().map(page, sources))

    def newest_ids(self, by_activity: str, low: str, limit: int) -> list[str]:
        """The ids, from `low` on, in a partition of the index of activities; the newest `limit`. Raises `Throttled`."""
        page = self._page(Source(BY_ACTIVITY, by_activity, low, HIGHEST_ID), limit, newest_first=True)
        return [row.id for row in page.rows]

    def _page(self, source: Source, limit: int, *, newest_first: bool) -> Page:
        if source.low > source.high:
            return Page((), ended=True)
        where = {"ConsistentRead": True} if source.index_name == TIMELINE else {"IndexName": source.index_name}
        answer = page_of(
            partial(ask, self._client.query),
            TableName=self._table,
            KeyConditionExpression="#key = :key AND sk BETWEEN :low AND :high",
            ExpressionAttributeNames={"#key": "pk" if source.index_name == TIMELINE else source.index_name},
            ExpressionAttributeValues={
                ":key": {"S": source.key},
                ":low": {"S": source.low},
                ":high": {"S": source.high},
            },
            ProjectionExpression="sk, z",
            Limit=limit,
            ScanIndexForward=not newest_first,
            **where,
        )
        rows = [Row(item["sk"]["S"], item["z"]["B"]) for item in answer["Items"]]
        # Going on is by range, not by LastEvaluatedKey: ids are unique within a partition, of an index too.
        return Page(rows, ended="LastEvaluatedKey" not in answer)
