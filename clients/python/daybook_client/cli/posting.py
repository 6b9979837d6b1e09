"""Sends events and waits for Daybook's answer to each, through outages that pass."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from daybook_client.answers import fits
from daybook_client.errors import UnavailableError
from daybook_client.posting import packed
from daybook_client.steps import Found, Patience, Steps, in_thread, patiently
from daybook_client.transport import Transport


class Poster:
    """Posts up to 500 events that have ids of their own, so that no try stores one twice. Safe between threads.

    Waits up to `patience` seconds since the last success for a server that does not answer, fails, or asks to wait.
    """

    def __init__(self, transport: Transport, sleep: Callable[[float], None], patience: float) -> None:
        self._transport = transport
        self._sleep = sleep
        self._patience = patience

    def __call__(self, events: Sequence[bytes]) -> list[dict[str, Any]]:
        """The results, in order: `stored` or `rejected`. Raises DaybookError where trying again is no use."""
        (results,) = in_thread(self._steps(list(events)), self._sleep)
        return list(results)

    def _steps(self, events: list[bytes]) -> Steps:
        results: list[dict[str, Any]] = [{} for _ in events]
        open_places = list(range(len(events)))

        def post() -> None:
            batch = [events[place] for place in open_places]
            for place, result in zip(list(open_places), self._post(batch)):
                if result.get("status") in ("stored", "rejected"):
                    results[place] = {**result, "index": place}
                    open_places.remove(place)
            if open_places:
                raise UnavailableError("some events are not known to be stored", code="throttled", status=503)

        yield from patiently(post, Patience(self._patience, random.random))
        yield Found(results)

    def _post(self, events: list[bytes]) -> list[dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = self._transport.call("POST", "/v1/events", content=packed(events), headers=headers, accept=(422, 503))
        results: list[dict[str, Any]] = answer.get("results", []) if isinstance(answer, dict) else []
        if not fits(results, len(events)):
            detail = answer.get("detail") if isinstance(answer, dict) else None
            raise UnavailableError(str(detail or "the answer has no result for each event"), code="unexpected_answer")
        return results
