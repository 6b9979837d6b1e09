"""One round: an event is sent and read back. What came of it is a metric, and a line in the log where it failed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from canary.api import Api, Unanswered
from daybook import observability
from daybook.clock import Clock, format_time
from daybook.observability import logger

ACTIVITY = "canary.sent"


@dataclass(frozen=True)
class Canary:
    url: str
    key: Callable[[], str | None]
    """Its key, read anew for each round. None where nobody has made one."""
    gauge: Callable[[str, int], None]
    clock: Clock

    def round(self) -> None:
        """Raises nothing that concerns the API: that it does not answer is what the canary is there to tell."""
        key = self.key()
        if key is None:
            logger.error("the canary is not set up: run infra.operate.set_up_canary")
            self.gauge(observability.CANARY_NOT_SET_UP, 1)
            self.gauge(observability.CANARY_FAILED, 0)  # one alarm says it, not two
            return
        began = self.clock()
        try:
            send_and_read(Api(self.url, key), began)
        except Unanswered:
            logger.exception("the canary's event was not sent and read")
            self.gauge(observability.CANARY_FAILED, 1)
        else:
            self.gauge(observability.CANARY_FAILED, 0)
            self.gauge(observability.CANARY_MILLISECONDS, self.clock() - began)


def send_and_read(api: Api, now_ms: int) -> None:
    """Raises `Unanswered`."""
    own_id = str(uuid.uuid4())
    event = {"id": own_id, "occurred_at": format_time(now_ms), "activity": ACTIVITY, "actor": {"type": "system"}}
    stored = api.call("POST", "/v1/events", 201, body=event)
    (result,) = stored["results"]
    read: dict[str, Any] = api.call("GET", f"/v1/events/{result['id']}", 200)
    if (read["client_id"], read["activity"]) != (own_id, ACTIVITY):
        raise Unanswered(f"GET /v1/events/{result['id']}: another event")
