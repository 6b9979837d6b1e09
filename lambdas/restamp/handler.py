"""Re-stamps the events of a tenant, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.clients import dynamodb, sqs
from daybook.aws.control import ControlTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.jobs import JobTable
from daybook.aws.stamps import StampTable
from daybook.clock import system_clock
from daybook.running import Runner
from daybook.settings import RestampSettings
from daybook.working import working
from restamp.restamping import Restamping


@cache
def compose() -> Runner:
    settings = RestampSettings.from_environment()
    client = dynamodb()
    jobs = JobTable(client, settings.control_table)
    stamps = StampTable(client, settings.events_table)
    restamping = Restamping(ControlTable(client, settings.control_table), jobs, stamps, system_clock, time.sleep)
    return Runner(jobs, SqsJobQueue(sqs(), settings.restamp_queue_url), restamping, system_clock)


handler = working(compose)
