"""Forgetting a person: the route table's operation, in the only role that may delete from the identities."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.clients import deployment_secret, dynamodb, sqs
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.forgetting import ForgettingTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.jobs import JobTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.forgetting import Forgetter
from daybook.http import Operation, answering
from daybook.recording import Recorder
from daybook.settings import ForgetSettings
from daybook.sweeps import Sweeps
from forget.right import RightToBeForgotten


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
