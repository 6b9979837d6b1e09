"""Fetches the next pages while the ones before them are worked on."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from daybook.ids import neighbour
from daybook.search.merge import EventIndex, Page
from daybook.search.planner import Source

MAX_SOURCES = 4
"""With more sources, each page lasts long, and a second page of each would only take memory."""


class PrefetchingIndex:
    """An `EventIndex` that fetches the page after each one that it gave."""

    def __init__(self, index: EventIndex, sources: int) -> None:
        self._index = index
        self._pool = ThreadPoolExecutor(MAX_SOURCES, "prefetch") if sources <= MAX_SOURCES else None
        self._fetching: dict[tuple[Source, bool], Future[Page]] = {}

    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> Sequence[Page]:
        if self._pool is None:
            return self._index.pages(sources, limit, newest_first=newest_first)
        return [self._page(source, limit, newest_first=newest_first) for source in sources]

    def close(self) -> None:
        """Drops the pages that are on their way."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _page(self, source: Source, limit: int, *, newest_first: bool) -> Page:
        fetching = self._fetching.pop((source, newest_first), None)
        page = self._fetch(source, limit, newest_first) if fetching is None else fetching.result()
        if self._pool is not None and page.rows and not page.ended:
            following = _source_after(source, page, newest_first=newest_first)
            self._fetching[following, newest_first] = self._pool.submit(self._fetch, following, limit, newest_first)
        return page

    def _fetch(self, source: Source, limit: int, newest_first: bool) -> Page:
        (page,) = self._index.pages([source], limit, newest_first=newest_first)
        return page


def _source_after(source: Source, page: Page, *, newest_first: bool) -> Source:
    last = page.rows[-1].id
    return source._replace(high=neighbour(last, -1)) if newest_first else source._replace(low=neighbour(last, 1))
