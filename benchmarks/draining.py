"""A backlog of 10,000 events of one tenant beside 20 dead streams: how long it takes once the stream is mended.

Half of the dead streams refuse at once, the other half never answer. All backlogs are made by the fan-out itself.
"""

import time
from collections.abc import Iterator

from benchmarks.delivery_house import BATCH, Redelivery, delivery_house
from benchmarks.measuring import Row

EVENTS = 10_000
DEAD = 20
EVENTS_OF_DEAD = 200
GONE = "ResourceNotFoundException"
MAX_SECONDS = 240
MUST_SECONDS = 60


def rows() -> Iterator[Row]:
    dead = [f"dead{number}" for number in range(DEAD)]
    for beside in ([], dead):
        seconds, first, calls, came = _drained(beside)
        yield Row(
            f"a backlog of {EVENTS:,} events beside {len(beside)} dead streams: "
            "from the first record after the stream is mended to the last; from the mending to the first",
            f"{seconds:.1f} s; {first:.1f} s; {calls} invocations of redeliver; {came:,} came",
            f"{MUST_SECONDS} s",
        )


def _drained(dead: list[str]) -> tuple[float, float, int, int]:
    with delivery_house() as house:
        events = house.many({"tenant": EVENTS} | dict.fromkeys(dead, EVENTS_OF_DEAD))
        ids = {image["sk"]["S"] for image in events["tenant"]}
        house.aws.behave(["tenant", *dead[::2]], error=GONE)
        house.aws.never_answers(dead[1::2])
        fan_out = house.function("fan_out")
        every = [image for images in zip(*(events[each] for each in dead), strict=True) for image in images]
        every += events["tenant"]
        for start in range(0, len(every), BATCH):
            answer = fan_out.invoke(house.stream_event(every[start : start + BATCH]), "batch")
            assert answer == {"batchItemFailures": []}, answer
        with Redelivery(house) as redelivery:
            time.sleep(12)  # the dead streams are known by now, and the tenant's waits for its next try
            house.aws.behave(["tenant"])
            mended = time.monotonic()
            came: list[float] = []
            while len(came) < EVENTS and time.monotonic() < mended + MAX_SECONDS:
                time.sleep(0.5)
                came = [at for event, at in house.aws.came().items() if event in ids]
            first, last = min(came, default=mended), max(came, default=mended)
            return last - first, first - mended, redelivery.invocations, len(came)
