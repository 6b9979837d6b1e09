"""Re-stamps the events of a tenant, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.wiring import Wiring
from daybook.environment import RestampSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import working
from restamp.restamp import Restamping


@cache
def compose() -> Runner:
    settings = RestampSettings.from_environment()
    wiring = Wiring.deployed(settings)
    restamping = Restamping(wiring.control, wiring.jobs, wiring.stamps, wiring.clock, time.sleep)
    return Runner(wiring.jobs, wiring.job_queue(settings.restamp_queue_url), restamping, wiring.clock)


handler = working(compose)
