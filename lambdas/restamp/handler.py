"""Runs re-stamp jobs, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import RestampSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from restamp.restamp import RestampWork


@cache
def compose() -> Runner:
    settings = RestampSettings.from_environment()
    wiring = Wiring.deployed(settings)
    restamp = RestampWork(wiring.control, wiring.jobs, wiring.stamps, wiring.clock, time.sleep)
    return Runner(wiring.jobs, wiring.job_queue(settings.restamp_queue_url), restamp, wiring.clock)


handler = job_handler(compose)
