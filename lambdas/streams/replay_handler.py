"""Sends events again to customers' streams, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws import clients
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.by_key import InsertedEvents
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.kinesis import CustomerStreams
from daybook.clock import system_clock
from daybook.delivery.records import Records
from daybook.delivery.sender import RecordSender
from daybook.environment import ReplaySettings
from daybook.jobs.runner import Runner
from daybook.jobs.worker import job_handler
from daybook.people.key_cache import PersonKeys
from streams.replay import Replay


@cache
def compose() -> Runner:
    settings = ReplaySettings.from_environment()
    client = clients.dynamodb()
    identities = IdentityTable(client, settings.identities_table)
    replay = Replay(
        settings=ControlTable(client, settings.control_table),
        destinations=DestinationTable(client, settings.control_table),
        events=InsertedEvents(client, settings.events_table),
        records=Records(PersonKeys(identities.read, system_clock).of),
        courier=RecordSender(CustomerStreams(clients.sts(), clients.kinesis, system_clock)),
        clock=system_clock,
        monotonic=time.monotonic,
        pause=time.sleep,
    )
    queue = SqsJobQueue(clients.sqs(), settings.replay_queue_url)
    return Runner(JobTable(client, settings.control_table), queue, replay, system_clock)


handler = job_handler(compose)
