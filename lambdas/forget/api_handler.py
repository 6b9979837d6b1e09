"""Forgetting a person: the route table's operation, in the only role that may delete from the identities."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb, sqs
from daybook.aws.control_table.jobs import JobTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import EventTable
from daybook.aws.identities_table.erase import ForgettingTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.clock import system_clock
from daybook.crypto.keys import DeploymentKeys
from daybook.environment import ForgetSettings
from daybook.http.serve import Operation, answering
from daybook.jobs.sweep import Sweeps
from daybook.people.forgetter import Forgetter
from daybook.self_audit.recorder import Recorder
from forget.operations import RightToBeForgotten


@cache
def compose() -> Mapping[str, Operation]:
    settings = ForgetSettings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    people = ForgettingTable(client, settings.identities_table)
    jobs = JobTable(client, settings.control_table)
    sweeps = Sweeps(jobs, SqsJobQueue(sqs(), settings.sweep_queue_url), keys, system_clock, os.urandom)
    return operations(
        RightToBeForgotten(
            control=ControlTable(client, settings.control_table),
            people=people,
            forgetter=Forgetter(people, keys.gone, sweeps.ask_for),
            jobs=jobs,
            recorder=Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom),
            clock=system_clock,
        )
    )


def operations(right: RightToBeForgotten) -> Mapping[str, Operation]:
    return {"forget_person": right.exercise}


handler = answering("forget", compose)
