"""A tenant's settings: the route table's operations, put to what does them."""

import os
from collections.abc import Mapping
from functools import cache

from daybook.aws.catalogues import CatalogueTable
from daybook.aws.clients import deployment_secret, dynamodb
from daybook.aws.control import ControlTable
from daybook.aws.events import EventTable
from daybook.clock import system_clock
from daybook.derivation import DeploymentKeys
from daybook.http import Operation, answering
from daybook.recording import Recorder, record_by
from daybook.settings import Settings
from daybook.tenant_catalogue import Catalogues
from settings.cataloguing import Cataloguing


@cache
def compose() -> Mapping[str, Operation]:
    settings = Settings.from_environment()
    client = dynamodb()
    keys = DeploymentKeys.from_secret(deployment_secret(settings.secret_arn))
    record = record_by(Recorder(EventTable(client, settings.events_table), keys, system_clock, os.urandom))
    activities = CatalogueTable(client, settings.control_table)
    control = ControlTable(client, settings.control_table)
    return operations(Cataloguing(control, activities, Catalogues(activities), record))


def operations(cataloguing: Cataloguing) -> Mapping[str, Operation]:
    return {
        "put_activity": cataloguing.put,
        "take_back_activity": cataloguing.take_back,
        "set_catalogue_mode": cataloguing.set_mode,
    }


handler = answering("settings", compose)
