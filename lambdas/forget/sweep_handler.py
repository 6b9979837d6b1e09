"""Looks once more for rows of people who were forgotten, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb, sqs
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import SweepSettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from daybook.people.forgetter import Forgetter, nobody_writes
from forget.sweep import Sweeping


@cache
def compose() -> Runner:
    settings = SweepSettings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    forgetter = Forgetter(ForgettingTable(client, settings.identities_table), keys.gone, nobody_writes)
    jobs, queue = JobTable(client, settings.control_table), SqsJobQueue(sqs(), settings.sweep_queue_url)
    return Runner(jobs, queue, Sweeping(forgetter, keys, time.sleep), system_clock)


handler = job_handler(compose)
