"""Customers' streams in the settings. A function of its own, since it may assume customers' roles."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws import clients
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.events_table.by_key import InsertedEvents
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.kinesis import CustomerStreams
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.delivery.records import Records
from daybook.delivery.sender import RecordSender
from daybook.environment import StreamsSettings
from daybook.http.serve import Operation, answering
from daybook.people.key_cache import PersonKeys
from daybook.self_audit.recorder import Recorder
from streams.operations import Publishing


@cache
def compose() -> Mapping[str, Operation]:
    settings = StreamsSettings.from_environment()
    client = clients.dynamodb()
    keys = DeploymentKeys.from_secret(clients.deployment_secret(settings.secret_arn))
    identities = IdentityTable(client, settings.identities_table)
    publishing = Publishing(
        settings=ControlTable(client, settings.control_table),
        destinations=DestinationTable(client, settings.control_table),
        events=InsertedEvents(client, settings.events_table),
        records=Records(PersonKeys(identities.read, system_clock).of),
        courier=RecordSender(CustomerStreams(clients.sts(), clients.kinesis, system_clock)),
        recorder=Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom),
        jobs=JobTable(client, settings.control_table),
        queue=SqsJobQueue(clients.sqs(), settings.replay_queue_url),
        external_id_key=keys.external_id,
        clock=system_clock,
        random_bytes=os.urandom,
    )
    return operations(publishing)


def operations(publishing: Publishing) -> Mapping[str, Operation]:
    return {
        "read_stream": publishing.read,
        "set_stream": publishing.set,
        "remove_stream": publishing.remove,
        "test_stream": publishing.test,
        "replay_stream": publishing.replay,
    }


handler = answering("streams", compose)
