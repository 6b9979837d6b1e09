"""The time from a 201 until a boto3 consumer has read the record, in local Daybook.

The events follow one another at once, and the emulator waits a tenth of a second between two reads of the table's
stream. An event after a pause is delivered in about a third of the time.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Row
from tests.local.test_streams import Customer
from tests.support.running_daybook import running_daybook

EVENTS = 60


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as data, running_daybook(Path(data)) as local_daybook:
        customer = Customer(local_daybook)
        customer.seconds_to_arrive()  # the first one starts the clients
        taken = sorted(customer.seconds_to_arrive() for _ in range(EVENTS))
    yield Row(
        "from a 201 to the record read from the customer's stream, locally: median / 95th percentile",
        f"{statistics.median(taken) * 1e3:.0f} ms / {taken[int(EVENTS * 0.95)] * 1e3:.0f} ms",
    )
