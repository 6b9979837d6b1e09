"""Sends events to customers' streams again, one queue message at a time."""

import time
from collections.abc import Callable
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import ReplaySettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from streams.replay import Replay


@cache
def compose() -> Runner:
    settings = ReplaySettings.from_environment()
    wiring = Wiring.deployed(settings)
    queue = wiring.job_queue(settings.replay_queue_url)
    work = wiring.charged(replay_over(wiring, time.monotonic, time.sleep))
    return Runner(wiring.jobs, queue, work, wiring.clock)


def replay_over(wiring: Wiring, monotonic: Callable[[], float], pause: Callable[[float], None]) -> Replay:
    return Replay(
        settings=wiring.control,
        destinations=wiring.destinations,
        reservations=wiring.jobs,
        events=wiring.inserted,
        records=wiring.records,
        sender=wiring.sender,
        clock=wiring.clock,
        monotonic=monotonic,
        pause=pause,
    )


handler = job_handler(compose)
