"""Pages fetched while the ones before them are worked on."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from daybook.ids import neighbour
from daybook.search.merge import EventIndex, Page
from daybook.search.planner import Source

MAX_SOURCES = 4
"""Beyond, each source's page is used for long, and a second one of each would only take memory."""


class Ahead:
    """An index that expects to be asked for the page behind each one that it gave."""

    def __init__(self, index: EventIndex, sources: int) -> None:
        self._index = index
        self._pool = ThreadPoolExecutor(MAX_SOURCES, "ahead") if sources <= MAX_SOURCES else None
        self._coming: dict[tuple[Source, bool], Future[Page]] = {}

    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> Sequence[Page]:
        if self._pool is None:
            return self._index.pages(sources, limit, newest_first=newest_first)
        return [self._page(source, limit, newest_first=newest_first) for source in sources]

    def close(self) -> None:
        """What is on its way is let go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _page(self, source: Source, limit: int, *, newest_first: bool) -> Page:
        coming = self._coming.pop((source, newest_first), None)
        if coming is not None:
            page = coming.result()
        else:
            (page,) = self._index.pages([source], limit, newest_first=newest_first)
        if self._pool is not None and page.rows and not page.ended:
            following = _behind(source, page, newest_first=newest_first)
            self._coming[following, newest_first] = self._pool.submit(self._one, following, limit, newest_first)
        return page

    def _one(self, source: Source, limit: int, newest_first: bool) -> Page:
        (page,) = self._index.pages([source], limit, newest_first=newest_first)
        return page


def _behind(source: Source, page: Page, *, newest_first: bool) -> Source:
    last = page.rows[-1].id
    return source._replace(high=neighbour(last, -1)) if newest_first else source._replace(low=neighbour(last, 1))
