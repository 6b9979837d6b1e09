"""Sends events again to customers' streams, one message of the queue at a time."""

import time
from functools import cache

from daybook.aws import clients
from daybook.aws.control import ControlTable
from daybook.aws.customer_streams import CustomerStreams
from daybook.aws.destinations import DestinationTable
from daybook.aws.identities import IdentityTable
from daybook.aws.inserted import InsertedEvents
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.jobs import JobTable
from daybook.clock import system_clock
from daybook.publishing.courier import Courier
from daybook.publishing.records import Records
from daybook.reading.person_keys import PersonKeys
from daybook.running import Runner
from daybook.settings import ReplaySettings
from daybook.working import working
from replay.replay import Replay


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
        courier=Courier(CustomerStreams(clients.sts(), clients.kinesis, system_clock)),
        clock=system_clock,
        monotonic=time.monotonic,
        pause=time.sleep,
    )
    queue = SqsJobQueue(clients.sqs(), settings.replay_queue_url)
    return Runner(JobTable(client, settings.control_table), queue, replay, system_clock)


handler = working(compose)
