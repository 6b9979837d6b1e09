"""From a 201 to the record being read by a boto3 consumer, on this machine's house.

The events follow one another at once, and the laptop leaves a tenth of a second between two looks at the table's
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
    with tempfile.TemporaryDirectory() as data, running_daybook(Path(data)) as house:
        customer = Customer(house)
        customer.seconds_to_arrive()  # the first one starts clients
        taken = sorted(customer.seconds_to_arrive() for _ in range(EVENTS))
    yield Row(
        "from a 201 to the record read from the customer's stream, locally: median / 95th percentile",
        f"{statistics.median(taken) * 1e3:.0f} ms / {taken[int(EVENTS * 0.95)] * 1e3:.0f} ms",
    )
