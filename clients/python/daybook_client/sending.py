"""The background thread: takes batches from the buffer, sends them, and keeps what has no result of its own."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Sequence
from datetime import datetime
from json import loads
from typing import Any, Callable, NamedTuple

from daybook_client.answers import Answer, Outcome, Verdict, outcome_of
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
from daybook_client.buffer.queue import Refusal, Row
from daybook_client.buffer.told import RejectedEvent
from daybook_client.errors import BufferUnusableError
from daybook_client.waiting import Waits, asked_seconds

logger = logging.getLogger("daybook_client")

MAX_EVENTS = 500  # a call's own limit
MAX_BYTES = 2_900_000  # a call may have 3 MB, with brackets and commas
FUTURE_SECONDS = 2 * 24 * 3600.0
"""A clock may be a day ahead, in any zone. Events from further on are set apart: nobody would wait that long."""

Post = Callable[[Sequence[bytes]], Answer]


class Step(NamedTuple):
    """What became of one step, and the seconds to wait before the next.

    `idle`: nothing waits that is free. `more`: more may be waiting. `sent`: all was sent, so that the next batch may
    gather. `trouble`: it did not get through; where the answer named the time (`asked`), nobody may shorten the wait.
    """

    kind: str
    wait: float = 0.0


class Sender:
    """Sends what is in `buffer` by `post`. One step is one batch; the steps of a sender never run at the same time.

    `on_rejected` is called for each event that Daybook does not take, after it was set apart.
    """

    def __init__(
        self,
        buffer: Buffer,
        post: Post,
        *,
        on_rejected: Callable[[RejectedEvent], object] | None = None,
        chance: Callable[[], float] = random.random,
        lease: float = queue.LEASE,
    ) -> None:
        self._buffer = buffer
        self._post = post
        self._on_rejected = on_rejected
        self._lease = lease
        self._owner = os.urandom(8).hex()
        self._waits = Waits(chance)
        self._future = False  # the last answer found events from the future
        self._told: str | None = None  # why sending fails, as it was logged
        self._noted: str | None = ""  # and as it stands in the buffer; unknown at first

    def step(self) -> Step:
        """Send one batch. Raises nothing but for errors of this package's own making."""
        try:
            self._buffer.follow()
            rows = queue.claim(self._buffer, self._owner, MAX_EVENTS, MAX_BYTES, self._lease)
            return self._send(rows) if rows else Step("idle")
        except BufferUnusableError as error:
            self._tell(str(error), note=False)
            return Step("trouble", self._waits.after_failure())

    def become_another(self) -> None:
        """After a fork: what the parent has claimed is not the child's."""
        self._owner = os.urandom(8).hex()

    def _send(self, rows: list[Row]) -> Step:
        """Send these rows, in parts if some are at fault for all. What was not answered is free again at the end."""
        parts = [rows]
        while parts:
            part = parts.pop()
            time.sleep(0)  # threads that record need not wait until this one is interrupted, after 5 ms
            answer = self._post([row.event for row in part])
            time.sleep(0)
            outcome = outcome_of(answer, len(part))
            time.sleep(0)
            if outcome.verdict is Verdict.RESULTS:
                if self._settle(part, outcome, last=not parts):
                    return self._fail("Daybook's store is throttled", answer)
            elif outcome.verdict is Verdict.SPLIT:
                parts += self._split(part, outcome, last=not parts)
            else:
                return self._fail(outcome.detail, answer, denied=outcome.verdict is Verdict.DENIED)
            if parts:
                queue.renew(self._buffer, self._owner, self._lease)
        self._waits.reset()
        if not self._future:
            self._tell(None)
        full = len(rows) == MAX_EVENTS or sum(len(row.event) for row in rows) > MAX_BYTES // 2
        return Step("more" if full else "sent")

    def _settle(self, rows: list[Row], outcome: Outcome, *, last: bool) -> bool:
        """Whether some of the rows have to be sent again."""
        stored: list[Row] = []
        refused: list[Refusal] = []
        later: list[Row] = []
        again = False
        now = outcome.sent_at if outcome.sent_at is not None else self._buffer.clock()
        for row, result in zip(rows, outcome.results):
            if result["status"] == "stored":
                stored.append(row)
            elif result["status"] == "retry":
                again = True
            elif result.get("code") == "in_future" and _seconds_ahead(row.event, now) <= FUTURE_SECONDS:
                later.append(row)
            else:
                refused.append(Refusal(row, str(result.get("code") or "rejected"), _errors_of(result)))
        gave_way = queue.settle(
            self._buffer, self._owner, stored=stored, refused=refused, later=later, release=last or again
        )
        self._future = bool(later)
        if later:
            self._tell(f"{len(later)} events are from the future: one of the two clocks is wrong")
        self._report(refused, gave_way)
        return again

    def _split(self, rows: list[Row], outcome: Outcome, *, last: bool) -> list[list[Row]]:
        """The parts to try instead, the first to try at the end. Nothing is left of one that can't be split."""
        if outcome.code == "environment_denied":
            by_environment: dict[str, list[Row]] = {}
            for row in rows:
                by_environment.setdefault(str(loads(row.event).get("environment")), []).append(row)
            if len(by_environment) > 1:
                return list(by_environment.values())
        elif len(rows) > 1:
            half = len(rows) // 2
            return [rows[half:], rows[:half]]
        errors = outcome.errors or [{"path": "", "message": outcome.detail}]
        refused = [Refusal(row, outcome.code, errors) for row in rows]
        self._report(refused, queue.settle(self._buffer, self._owner, refused=refused, release=last))
        return []

    def _fail(self, why: str, answer: Answer, *, denied: bool = False) -> Step:
        """Free what is left of the batch."""
        queue.settle(self._buffer, self._owner)
        self._tell(why)
        asked = asked_seconds(answer.headers.get("retry-after", ""))
        if denied:
            return Step("asked", self._waits.after_denial(asked))
        return Step("trouble" if asked is None else "asked", self._waits.after_failure(asked))

    def _tell(self, why: str | None, *, note: bool = True) -> None:
        """Log a failure once, until it is another or over. What is not Daybook's own text is not logged at length."""
        if why is not None and why != self._told:
            logger.warning("Events wait in the buffer: %.300s", why)
        self._told = why
        if note and why != self._noted:
            queue.note_error(self._buffer, why)
            self._noted = why

    def _report(self, refused: list[Refusal], gave_way: int) -> None:
        if gave_way:
            logger.error("Too many events were rejected: the oldest %d were dropped", gave_way)
        if not refused:
            return
        codes = sorted({refusal.code for refusal in refused})
        logger.warning("Daybook rejected %d events (%s). They are kept apart", len(refused), ", ".join(codes))
        if self._on_rejected is None:
            return
        now = self._buffer.clock()
        for refusal in refused:
            try:
                self._on_rejected(RejectedEvent(loads(refusal.row.event), refusal.code, refusal.errors, now))
            except Exception:
                logger.exception("on_rejected failed")


def _errors_of(result: dict[str, Any]) -> list[dict[str, str]]:
    errors = result.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _seconds_ahead(event: bytes, now: float) -> float:
    try:
        at = datetime.fromisoformat(str(loads(event)["occurred_at"]).replace("Z", "+00:00"))
        return at.timestamp() - now
    except (KeyError, ValueError, OverflowError):
        return 0.0  # it can't be told: it waits, and is asked again
