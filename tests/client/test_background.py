"""When the sending thread takes its steps."""

from collections.abc import Sequence
from pathlib import Path

from daybook_client.answers import Answer
from daybook_client.background import Background
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
from daybook_client.events import make_event
from daybook_client.sending import Sender
from tests.support.client_server import answer_of


def stored(events: Sequence[bytes]) -> Answer:
    """The answer of a Daybook that stores them all."""
    return Answer(*answer_of([{"index": place, "status": "stored"} for place in range(len(events))]))


def test_a_flush_waits_for_no_batch_to_gather(tmp_path: Path) -> None:
    """A batch gathers for `linger` seconds. Whoever flushes gets what there is sent at once."""
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=False)
    background = Background(Sender(buffer, stored), linger=60.0)
    for _ in range(3):  # the first goes out as the thread begins; then it gathers
        buffer.add([make_event({"activity": "tried", "actor": {}}, 0.0).body])
        background.recorded(1)
        last = queue.last_number(buffer)
        assert background.hurry_until(lambda last=last: queue.is_answered(buffer, last), 5.0)  # type: ignore[misc]
    background.stop(1.0)
