"""Deletes rows about forgotten people that concurrent requests wrote, one queue message at a time."""

import time
from collections.abc import Callable
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import SweepSettings
from daybook.jobs.runner import Runner
from daybook.jobs.store import JobQueue
from daybook.jobs.worker import job_handler
from forget.sweep import SweepWork


@cache
def compose() -> Runner:
    settings = SweepSettings.from_environment()
    wiring = Wiring.deployed(settings)
    return runner_over(wiring, wiring.job_queue(settings.sweep_queue_url))


def runner_over(wiring: Wiring, queue: JobQueue, pause: Callable[[float], None] = time.sleep) -> Runner:
    return Runner(wiring.jobs, queue, SweepWork(wiring.control, wiring.forgetting, wiring.keys, pause), wiring.clock)


handler = job_handler(compose)
