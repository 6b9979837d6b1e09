"""Runs re-stamp jobs, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.clients import dynamodb, sqs
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.stamps import StampTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.clock import system_clock
from daybook.environment import RestampSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from restamp.restamp import RestampWork


@cache
def compose() -> Runner:
    settings = RestampSettings.from_environment()
    client = dynamodb()
    jobs = JobTable(client, settings.control_table)
    stamps = StampTable(client, settings.events_table)
    restamp = RestampWork(ControlTable(client, settings.control_table), jobs, stamps, system_clock, time.sleep)
    return Runner(jobs, SqsJobQueue(sqs(), settings.restamp_queue_url), restamp, system_clock)


handler = job_handler(compose)
