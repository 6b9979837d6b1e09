"""A tenant's settings: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.catalogues import CatalogueTable
from daybook.aws.clients import deployment_secret, dynamodb, sqs
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.aws.job_queue import SqsJobQueue
from daybook.aws.jobs import JobTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Operation, answering
from daybook.recording import Recorder, record_by
from daybook.settings import RetainingSettings
from daybook.tenant_catalogue import Catalogues
from settings.cataloguing import Cataloguing
from settings.retaining import Retaining


@cache
def compose() -> Mapping[str, Operation]:
    settings = RetainingSettings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    activities = CatalogueTable(client, settings.control_table)
    control = ControlTable(client, settings.control_table)
    retaining = Retaining(
        store=control,
        jobs=JobTable(client, settings.control_table),
        queue=SqsJobQueue(sqs(), settings.restamp_queue_url),
        record=record,
        keys=keys,
        clock=system_clock,
        random_bytes=os.urandom,
    )
    return operations(Cataloguing(control, activities, Catalogues(activities), record), retaining)


def operations(cataloguing: Cataloguing, retaining: Retaining) -> Mapping[str, Operation]:
    return {
        "read_retention": retaining.read_retention,
        "set_retention": retaining.set_retention,
        "read_hold": retaining.read_hold,
        "set_hold": retaining.set_hold,
        "lift_hold": retaining.lift_hold,
        "put_activity": cataloguing.put,
        "take_back_activity": cataloguing.take_back,
        "set_catalogue_mode": cataloguing.set_mode,
    }


handler = answering("settings", compose)
